"""Data: where auditctl's tables of system calls differ from the kernel's, and since which version.

Sources: lib/*_table.h and lib/permtab.h of audit-userspace at each of its tags from v2.8 to v4.2.1; libaudit 3.0.9 as
Debian 12 builds it, asked number by number (audit_syscall_to_name, audit_name_to_syscall). Tables are in the form of
data_syscalls.
"""

from __future__ import annotations

from auditrules.audit.model.host_facts import Version

# One table serves all of PowerPC, the 32-bit calls included.
BASES = {"ppc64": "ppc", "ppc64le": "ppc"}

# Calls for which auditctl has another name than the kernel, or which Linux dropped.
NAMES = {
    "x86_64": """
        17 pread pwrite 134 uselib 156 _sysctl 174 create_module 177 get_kernel_syms query_module 180 nfsservctl getpmsg
        putpmsg afs_syscall tuxcall security 236 vserver
    """,
    "i386": """
        17 break 31 stty gtty 35 ftime 44 prof 53 lock 56 mpx 58 ulimit 86 uselib 98 profil 112 idle 127 create_module
        130 get_kernel_syms 134 bdflush 137 afs_syscall 149 _sysctl 167 query_module 169 nfsservctl 188 getpmsg putpmsg
        273 vserver 283 sys_kexec_load 423 sched_rr_get_interval64
    """,
    "aarch64": "42 nfsservctl 61 getdents 67 pread pwrite 80 newfstat",
    "arm": """
        13 time 22 umount 25 stime 27 alarm 30 utime 76 getrlimit 82 select 86 uselib 89 readdir mmap 102 socketcall
        113 syscall 117 ipc 134 bdflush 140 llseek 142 newselect 149 sysctl 169 nfsservctl 270 fadvise64_64 313 vserver
        341 sync_file_range 423 sched_rr_get_interval64
    """,
    "ppc": """
        17 break 31 stty gtty 35 ftime 44 prof 53 lock 56 mpx 58 ulimit 86 uselib 98 profil 112 idle 127 create_module
        130 get_kernel_syms 134 bdflush 137 afs_syscall 149 _sysctl 166 query_module 168 nfsservctl 179 pread pwrite
        187 getpmsg putpmsg 225 tuxcall 306 timerfd 319 perf_counter_open 392 semtimedop
    """,
    "s390x": """
        86 uselib 112 idle 127 create_module 130 get_kernel_syms 134 bdflush 137 afs_syscall 149 _sysctl
        167 query_module 169 nfsservctl 180 pread pwrite 188 getpmsg putpmsg
    """,
    "s390": """
        86 uselib 112 idle 127 create_module 130 get_kernel_syms 134 bdflush 137 afs_syscall 149 _sysctl
        167 query_module 169 nfsservctl 180 pread pwrite 188 getpmsg putpmsg 470 listns rseq_slice_yield
    """,
    "riscv64": "42 nfsservctl",
}

# A second name for a number: understood, never printed.
ALIASES = {"i386": {"madvise1": 219}}

# Calls that auditctl names otherwise before a version.
RENAMED: dict[str, tuple[Version, str]] = {"x86_64": ((3, 0, 0), "283 timerfd"), "i386": ((3, 0, 0), "322 timerfd")}

# Calls that no auditctl names: "not a traditional syscall - don't include".
UNNAMED = {"x86_64": frozenset({335, 336})}

# Calls of a machine that auditctl names from a version on, though it names higher ones before.
LATE: dict[str, tuple[tuple[Version, frozenset[int]], ...]] = {
    "aarch64": (((3, 0, 7), frozenset({447})),),
    "arm": (
        ((3, 0, 1), frozenset({*range(403, 415), *range(416, 424)})),
        ((4, 0, 3), frozenset({335, 336, 346})),
    ),
    "ppc": (((4, 0, 3), frozenset({0, 256, *range(258, 262)})),),
    "s390x": (((4, 0, 3), frozenset({7, 110, 220, *range(268, 271), 287, 310, 378, *range(392, 403), 447})),),
    "s390": (
        ((4, 0, 3), frozenset({7, 110, *range(268, 271), 287, 310, 378, *range(393, 415), *range(416, 424), 447})),
    ),
}

# The first auditctl that knows the machine at all (pull request 73).
MACHINE_SINCE: dict[str, Version] = {"riscv64": (4, 0, 3)}

# The last number that is named from a version on; since Linux 5.1 a new call has one number on all machines.
LAST: tuple[tuple[Version, int], ...] = (
    ((3, 0, 0), 435),  # clone3, Linux 5.3
    ((3, 0, 1), 441),  # epoll_pwait2, 5.11
    ((3, 0, 2), 442),  # mount_setattr, 5.12
    ((3, 0, 4), 447),  # memfd_secret, 5.14
    ((3, 0, 7), 449),  # futex_waitv, 5.16
    ((3, 0, 9), 450),  # set_mempolicy_home_node, 5.17
    ((3, 1, 2), 451),  # cachestat, 6.5
    ((4, 0, 0), 461),  # lsm_list_modules, 6.8
    ((4, 0, 2), 462),  # mseal, 6.10
    ((4, 0, 4), 467),  # open_tree_attr, 6.15
    ((4, 1, 1), 469),  # file_setattr, 6.17
    ((4, 1, 3), 470),  # listns, 6.19
    ((4, 1, 4), 471),  # rseq_slice_yield, 7.0
)
# The same of one machine, where it differs: before 3.0 each had numbers of its own, and two tables were late or early.
LAST_OF: dict[str, tuple[tuple[Version, int], ...]] = {
    "x86_64": (((0, 0, 0), 332), ((2, 8, 5), 334)),
    "i386": (((0, 0, 0), 383), ((2, 8, 5), 386)),
    "aarch64": (((0, 0, 0), 290), ((2, 8, 5), 292)),
    "arm": (((0, 0, 0), 396), ((2, 8, 2), 397), ((2, 8, 5), 398)),
    "ppc": (((0, 0, 0), 383), ((2, 8, 5), 387), ((3, 0, 0), 387), ((3, 0, 1), 387)),
    "s390x": (((0, 0, 0), 379), ((2, 8, 5), 381)),
    "s390": (((0, 0, 0), 379), ((2, 8, 5), 381)),
    "riscv64": (((4, 0, 3), 466),),
}

# The calls that `-F perm=` adds to the mask where an arch field stands before it (lib/permtab.h).
_WRITE = """
    rename mkdir rmdir creat link unlink symlink mknod mkdirat mknodat unlinkat renameat linkat symlinkat renameat2 acct
    swapon quotactl truncate ftruncate bind fallocate open openat openat2
"""
_READ = """
    readlink quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr readlinkat open openat openat2
"""
_ATTRIBUTE = """
    chmod fchmod chown lchown fchown setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr fchownat
    fchmodat link linkat
"""
_READ_4_0_4 = _READ + " listxattrat getxattrat"
_ATTRIBUTE_4_0_4 = _ATTRIBUTE + " setxattrat removexattrat"
_WRITE_4_1_2 = _WRITE + " quotactl_fd"
_READ_4_1_2 = _READ_4_0_4 + " file_getattr"
_ATTRIBUTE_4_1_2 = _ATTRIBUTE_4_0_4 + " fchmodat2 file_setattr"
_READ_4_2 = _READ_4_1_2 + " quotactl_fd stat lstat fstat newfstatat statx"

PERM_EXPANSIONS: tuple[tuple[Version, dict[str, str]], ...] = (
    ((3, 1, 3), {"x": "execve", "w": _WRITE, "r": _READ, "a": _ATTRIBUTE}),
    ((4, 0, 4), {"x": "execve", "w": _WRITE, "r": _READ_4_0_4, "a": _ATTRIBUTE_4_0_4}),
    ((4, 1, 2), {"x": "execve", "w": _WRITE_4_1_2, "r": _READ_4_1_2, "a": _ATTRIBUTE_4_1_2}),
    ((4, 2, 0), {"x": "execve execveat", "w": _WRITE_4_1_2, "r": _READ_4_2, "a": _ATTRIBUTE_4_1_2}),
)

# Before, a call that the machine lacks, such as rename on aarch64, was an error.
PERM_SKIPS_UNKNOWN: Version = (4, 0, 4)

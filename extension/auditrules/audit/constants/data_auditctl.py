"""What auditctl's own tables say otherwise than the kernel's, and since when they say it.

Sources: libaudit 3.0.9 as Debian 12 builds it, asked number by number (audit_syscall_to_name, audit_name_to_syscall);
lib/permtab.h and the release notes of audit-userspace; what auditctl 2.8.5, 3.0.9, 3.1.5, 4.0.5 and 4.2.1 accepted and
listed. Tables are in the form of data_syscalls.
"""

from __future__ import annotations

from auditrules.audit.model.host_facts import Version

# One table serves all of PowerPC, the 32-bit calls included.
BASES = {"ppc64": "ppc", "ppc64le": "ppc"}

# Where auditctl has another name than the kernel, or still names a call that Linux dropped.
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
        167 query_module 169 nfsservctl 180 pread pwrite 188 getpmsg putpmsg
    """,
    "riscv64": "42 nfsservctl",
}

# A second name for a number: understood, never printed.
ALIASES = {"i386": {"madvise1": 219}}

# Calls that no auditctl names (its pull request 401, uretprobe, was closed unmerged).
UNNAMED = {"x86_64": frozenset({335, 336})}

# Calls that the kernel had for long and auditctl 3.0.9 did not name; its pull request 402 of October 2024 added them.
LATE_SINCE: Version = (4, 0, 3)
LATE = {
    "arm": frozenset({335, 336, 346}),
    "ppc": frozenset({0, 256, *range(258, 262)}),
    "s390x": frozenset({7, 110, 220, *range(268, 271), 287, 310, 378, *range(392, 403), 447}),
    "s390": frozenset({7, 110, *range(268, 271), 287, 310, 378, *range(393, 415), *range(416, 424), 447}),
}

# The first auditctl that knows the machine at all (pull request 73).
MACHINE_SINCE: dict[str, Version] = {"riscv64": (4, 0, 3)}

# The last number named before 3.0, when each machine still had numbers of its own: Linux 4.14.
LAST_BEFORE_3 = {"x86_64": 332, "i386": 384, "aarch64": 291, "arm": 397, "ppc": 383, "s390x": 379, "s390": 379}

# The last number named since; Linux gives new calls one number for all machines. 3.0 to 3.1.2: release notes ("syscall
# table to the 5.5, 5.11, ... kernel"). 4.x: pull requests 342, 384, 429, 443. In between, the older table is taken.
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
    ((4, 0, 3), 466),  # removexattrat, 6.13
    ((4, 0, 4), 467),  # open_tree_attr, 6.15
    ((4, 2, 0), 471),  # rseq_slice_yield, 7.0; seen: file_setattr, 469
)

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
_READ_4_0_5 = _READ + "listxattrat getxattrat"
_ATTRIBUTE_4_0_5 = _ATTRIBUTE + "setxattrat removexattrat"

_EXPANSION = {"x": "execve", "w": _WRITE, "r": _READ, "a": _ATTRIBUTE}
_EXPANSION_4_0_5 = {"x": "execve", "w": _WRITE, "r": _READ_4_0_5, "a": _ATTRIBUTE_4_0_5}
_EXPANSION_4_2 = {
    "x": "execve execveat",
    "w": _WRITE + "quotactl_fd",
    "r": _READ_4_0_5 + " file_getattr stat lstat fstat newfstatat statx",
    "a": _ATTRIBUTE_4_0_5 + " fchmodat2 file_setattr",
}

PERM_EXPANSIONS: tuple[tuple[Version, dict[str, str]], ...] = (
    ((3, 1, 3), _EXPANSION),
    ((4, 0, 0), _EXPANSION),
    ((4, 0, 5), _EXPANSION_4_0_5),
    ((4, 2, 0), _EXPANSION_4_2),
)

# Before (pull request 426 of January 2025) a call that the machine lacks, such as rename on aarch64, was an error.
PERM_SKIPS_UNKNOWN: Version = (4, 0, 3)

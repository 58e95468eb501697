"""In the guest: system calls made exactly, by number and with chosen arguments, natively or as 32-bit code would.

Python's own functions choose system calls as they like, so they are no use where the very call is what is asked for.
The calls go through one piece of memory below 4 GiB whose address is known, so that a record's arguments tell this call
from any other of the process.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import stat
import struct
from dataclasses import dataclass
from enum import Enum

NATIVE, I386 = "c000003e", "40000003"  # as `arch=` of a record has it

AT_FDCWD = -100
AT_EMPTY_PATH = 0x1000
AT_REMOVEDIR = 0x200
AT_SYMLINK_NOFOLLOW = 0x100
RENAME_EXCHANGE = 2
O_PATH = 0o10000000
X_OK = 1

_LOW = 0x40  # MAP_32BIT: below 4 GiB, where 32-bit code finds it too
_SIZE = 0x10000
_INT_80 = bytes.fromhex(
    "53"  # push rbx
    "89f8"  # mov eax, edi: the call's number
    "89f3"  # mov ebx, esi: its first argument
    "4989c9"  # mov r9, rcx
    "89d1"  # mov ecx, edx
    "4489ca"  # mov edx, r9d
    "4489c6"  # mov esi, r8d
    "31ff"  # xor edi, edi
    "cd80"  # int 0x80
    "4863c0"  # movsxd rax, eax
    "5b"  # pop rbx
    "c3"  # ret
)


class Place(Enum):
    """What an argument points to, by its offset in the page; a descriptor has none."""

    CODE = 0x0
    PATH = 0x1000
    OTHER_PATH = 0x3000
    ARGUMENTS = 0x5000  # char *[], of 64 and of 32 bits
    ARGUMENTS_32 = 0x5100
    NOTHING = 0x5200  # an empty char *[], and an empty string
    ATTRIBUTE = 0x5300
    TRUSTED_ATTRIBUTE = 0x5400
    HOW_READ = 0x5500  # struct open_how
    HOW_WRITE = 0x5600
    DESCRIPTOR_PATH = 0x5700  # /proc/self/fd/N
    ATTRIBUTE_VALUE = 0x5800  # struct xattr_args
    BUFFER = 0x6000
    DESCRIPTOR = -1


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: its number and arguments, and the flags of the descriptor it wants opened before."""

    number: int
    arguments: tuple[int | Place, ...]
    arch: str = NATIVE
    opens: int | None = None
    ring: int | None = None  # flags of an open that is queued in an io_uring; the descriptor is the ring's


_PATH, _OTHER, _FD = Place.PATH, Place.OTHER_PATH, Place.DESCRIPTOR
_ARGS, _NONE, _INTO = Place.ARGUMENTS, Place.NOTHING, Place.BUFFER
_READ, _WRITE = os.O_RDONLY, os.O_WRONLY

CALLS = {
    "exec": Call(59, (_PATH, _ARGS, _NONE)),
    "exec32": Call(11, (_PATH, Place.ARGUMENTS_32, _NONE), I386),
    "execveat": Call(322, (_FD, _NONE, _ARGS, _NONE, AT_EMPTY_PATH), opens=_READ),
    "procfd": Call(59, (Place.DESCRIPTOR_PATH, _ARGS, _NONE), opens=_READ),
    "read": Call(257, (AT_FDCWD, _PATH, _READ, 0)),
    "open": Call(2, (_PATH, _READ, 0)),
    "opath": Call(257, (AT_FDCWD, _PATH, O_PATH, 0)),
    "read32": Call(5, (_PATH, _READ, 0), I386),
    "openat2": Call(437, (AT_FDCWD, _PATH, Place.HOW_READ, 24)),
    "getdents": Call(257, (AT_FDCWD, _PATH, _READ | os.O_DIRECTORY, 0)),
    "getxattr": Call(191, (_PATH, Place.ATTRIBUTE, _INTO, 10)),
    "listxattr": Call(194, (_PATH, _INTO, 10)),
    "readlink": Call(89, (_PATH, _INTO, 100)),
    "stat": Call(4, (_PATH, _INTO)),
    "access": Call(21, (_PATH, X_OK)),
    "chdir": Call(80, (_PATH,)),
    "fdread": Call(17, (_FD, _INTO, 1, 0), opens=_READ),
    "uringopen": Call(426, (_FD, 1, 1, 1), ring=_READ),
    "write": Call(257, (AT_FDCWD, _PATH, _WRITE, 0)),
    "write32": Call(5, (_PATH, _WRITE, 0), I386),
    "openat2w": Call(437, (AT_FDCWD, _PATH, Place.HOW_WRITE, 24)),
    "rdwr": Call(257, (AT_FDCWD, _PATH, os.O_RDWR, 0)),
    "append": Call(257, (AT_FDCWD, _PATH, _WRITE | os.O_APPEND, 0)),
    "rdtrunc": Call(257, (AT_FDCWD, _PATH, os.O_RDONLY | os.O_TRUNC, 0)),
    "create": Call(257, (AT_FDCWD, _PATH, _WRITE | os.O_CREAT | os.O_TRUNC, 0o755)),
    "creat": Call(85, (_PATH, 0o755)),
    "truncate": Call(76, (_PATH, 10)),
    "unlink": Call(87, (_PATH,)),
    "rename": Call(82, (_PATH, _OTHER)),
    "link": Call(86, (_PATH, _OTHER)),
    "symlink": Call(88, (_PATH, _OTHER)),
    "mkdir": Call(83, (_PATH, 0o755)),
    "rmdir": Call(84, (_PATH,)),
    "fdwrite": Call(18, (_FD, _INTO, 1, 9000), opens=os.O_RDWR),
    "fdtruncate": Call(77, (_FD, 20000), opens=os.O_RDWR),
    "uringwrite": Call(426, (_FD, 1, 1, 1), ring=_WRITE),
    "chmod": Call(90, (_PATH, 0o755)),
    "chmod32": Call(15, (_PATH, 0o755), I386),
    "fchmodat": Call(268, (AT_FDCWD, _PATH, 0o755)),
    "fdchmod": Call(91, (_FD, 0o755), opens=_READ),
    "chown": Call(92, (_PATH, 0, 0)),
    "setxattr": Call(188, (_PATH, Place.ATTRIBUTE, _INTO, 1, 0)),
    "sxtrusted": Call(188, (_PATH, Place.TRUSTED_ATTRIBUTE, _INTO, 1, 0)),
    "utimes": Call(280, (AT_FDCWD, _PATH, 0, 0)),
    # The same by other calls: at a folder's descriptor, without following a link, by 32-bit code.
    "execat": Call(322, (AT_FDCWD, _PATH, _ARGS, _NONE, 0)),
    "rdcreate": Call(257, (AT_FDCWD, _PATH, _READ | os.O_CREAT, 0o644)),
    "readlinkat": Call(267, (AT_FDCWD, _PATH, _INTO, 100)),
    "fgetxattr": Call(193, (_FD, Place.ATTRIBUTE, _INTO, 10), opens=_READ),
    "unlinkat": Call(263, (AT_FDCWD, _PATH, 0)),
    "rmdirat": Call(263, (AT_FDCWD, _PATH, AT_REMOVEDIR)),
    "renameat": Call(264, (AT_FDCWD, _PATH, AT_FDCWD, _OTHER)),
    "renameat2": Call(316, (AT_FDCWD, _PATH, AT_FDCWD, _OTHER, 0)),
    "exchange": Call(316, (AT_FDCWD, _PATH, AT_FDCWD, _OTHER, RENAME_EXCHANGE)),
    "linkat": Call(265, (AT_FDCWD, _PATH, AT_FDCWD, _OTHER, 0)),
    "symlinkat": Call(266, (_PATH, AT_FDCWD, _OTHER)),
    "mkdirat": Call(258, (AT_FDCWD, _PATH, 0o755)),
    "mknod": Call(133, (_PATH, stat.S_IFIFO | 0o644, 0)),
    "fallocate": Call(285, (_FD, 0, 0, 20000), opens=os.O_RDWR),
    "lchown": Call(94, (_PATH, 0, 0)),
    "fchown": Call(93, (_FD, 0, 0), opens=_READ),
    "fchownat": Call(260, (AT_FDCWD, _PATH, 0, 0, 0)),
    "lsetxattr": Call(189, (_PATH, Place.TRUSTED_ATTRIBUTE, _INTO, 1, 0)),
    "fsetxattr": Call(190, (_FD, Place.TRUSTED_ATTRIBUTE, _INTO, 1, 0), opens=_READ),
    "removexattr": Call(197, (_PATH, Place.TRUSTED_ATTRIBUTE)),
    "openat32": Call(295, (AT_FDCWD, _PATH, _WRITE, 0), I386),
    "creat32": Call(8, (_PATH, 0o755), I386),
    "unlink32": Call(10, (_PATH,), I386),
    "rename32": Call(38, (_PATH, _OTHER), I386),
    "truncate32": Call(92, (_PATH, 10), I386),
    "chown32": Call(212, (_PATH, 0, 0), I386),
    "lchown16": Call(16, (_PATH, 0, 0), I386),
    # The same, and calls that no letter counts, some of which only newer kernels have.
    "opennofollow": Call(257, (AT_FDCWD, _PATH, _READ | os.O_NOFOLLOW, 0)),
    "lstat": Call(6, (_PATH, _INTO)),
    "fstat": Call(5, (_FD, _INTO), opens=_READ),
    "newfstatat": Call(262, (AT_FDCWD, _PATH, _INTO, 0)),
    "statx": Call(332, (AT_FDCWD, _PATH, 0, 0x7FF, _INTO)),
    "statfs": Call(137, (_PATH, _INTO)),
    "faccessat": Call(269, (AT_FDCWD, _PATH, X_OK)),
    "namehandle": Call(303, (AT_FDCWD, _PATH, _INTO, _INTO, 0)),
    "lgetxattr": Call(192, (_PATH, Place.ATTRIBUTE, _INTO, 10)),
    "llistxattr": Call(195, (_PATH, _INTO, 10)),
    "flistxattr": Call(196, (_FD, _INTO, 10), opens=_READ),
    "getxattrat": Call(464, (AT_FDCWD, _PATH, 0, Place.ATTRIBUTE, Place.ATTRIBUTE_VALUE, 16)),
    "listxattrat": Call(465, (AT_FDCWD, _PATH, 0, _INTO, 10)),
    "file_getattr": Call(468, (AT_FDCWD, _PATH, _INTO, 24, 0)),
    "mknodat": Call(259, (AT_FDCWD, _PATH, stat.S_IFIFO | 0o644, 0)),
    "lremovexattr": Call(198, (_PATH, Place.TRUSTED_ATTRIBUTE)),
    "setxattrat": Call(463, (AT_FDCWD, _PATH, 0, Place.TRUSTED_ATTRIBUTE, Place.ATTRIBUTE_VALUE, 16)),
    "removexattrat": Call(466, (AT_FDCWD, _PATH, 0, Place.TRUSTED_ATTRIBUTE)),
    "file_setattr": Call(469, (AT_FDCWD, _PATH, _INTO, 24, 0)),
    "fchmodat2": Call(452, (AT_FDCWD, _PATH, 0o755, 0)),
    "fchmodat2link": Call(452, (AT_FDCWD, _PATH, 0o755, AT_SYMLINK_NOFOLLOW)),
    "utime": Call(132, (_PATH, 0)),
    "utimes2": Call(235, (_PATH, 0)),
    "futimesat": Call(261, (AT_FDCWD, _PATH, 0)),
    "utimeslink": Call(280, (AT_FDCWD, _PATH, 0, AT_SYMLINK_NOFOLLOW)),
    "lchown32": Call(198, (_PATH, 0, 0), I386),
    "fchown32": Call(207, (_FD, 0, 0), I386, opens=_READ),
    # Calls that use no file, and change nothing of the guest.
    "settimeofday": Call(164, (0, 0)),
    "settimeofday32": Call(79, (0, 0), I386),
    "stime32": Call(25, (0,), I386),
    "clocksettime": Call(227, (0, 0)),
    "clocksettime32": Call(264, (0, 0), I386),
    "setdomainname": Call(171, (_NONE, 0)),
    "setdomainname32": Call(121, (_NONE, 0), I386),
    "deletemodule": Call(176, (_PATH, 0)),
    # The calls of benchmarks that are none of the above.
    "umount2": Call(166, (_PATH, 0)),
    "umount232": Call(52, (_PATH, 0), I386),
    "byhandle": Call(304, (AT_FDCWD, _INTO, 0)),
    "byhandle32": Call(342, (AT_FDCWD, _INTO, 0), I386),
    "create32": Call(295, (AT_FDCWD, _PATH, _WRITE | os.O_CREAT | os.O_TRUNC, 0o755), I386),
    "openatread32": Call(295, (AT_FDCWD, _PATH, _READ, 0), I386),
    "fchmodat32": Call(306, (AT_FDCWD, _PATH, 0o755), I386),
    "fchownat32": Call(298, (AT_FDCWD, _PATH, 0, 0, 0), I386),
    "fremovexattr": Call(199, (_FD, Place.TRUSTED_ATTRIBUTE), opens=_READ),
    "fremovexattr32": Call(237, (_FD, Place.TRUSTED_ATTRIBUTE), I386, opens=_READ),
    "rmdir32": Call(40, (_PATH,), I386),
    "setxattr32": Call(226, (_PATH, Place.TRUSTED_ATTRIBUTE, _INTO, 1), I386),
}


class Page:
    """The memory that all calls go through; a process forked later has it at the same address."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _LOW
        self._memory = mmap.mmap(-1, _SIZE, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queues: tuple[mmap.mmap, mmap.mmap, mmap.mmap, int]
        self._int_80 = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_long] * 5)(self.start)
        self._put(Place.CODE, _INT_80)
        self._put(Place.ARGUMENTS, struct.pack("=QQ", self.start + Place.PATH.value, 0))
        self._put(Place.ARGUMENTS_32, struct.pack("=II", self.start + Place.PATH.value, 0))
        self._put(Place.ATTRIBUTE, b"user.x\0")
        self._put(Place.TRUSTED_ATTRIBUTE, b"trusted.x\0")
        value = self.start + Place.BUFFER.value
        self._put(Place.ATTRIBUTE_VALUE, struct.pack("=QII", value, 1, 0))
        self._put(Place.HOW_READ, struct.pack("=QQQ", _READ, 0, 0))
        self._put(Place.HOW_WRITE, struct.pack("=QQQ", _WRITE, 0, 0))

    def name(self, path: str, other: str) -> None:
        """Set the paths of the next call."""
        self._put(Place.PATH, os.fsencode(path) + b"\0")
        self._put(Place.OTHER_PATH, os.fsencode(other) + b"\0")

    def descriptor(self, call: Call, path: str) -> int:
        """Open what the call wants open; -1 if nothing. Raises `OSError`."""
        if call.ring is not None:
            return self._ring(call.ring)
        if call.opens is None:
            return -1
        number = os.open(path, call.opens)
        self._put(Place.DESCRIPTOR_PATH, b"/proc/self/fd/%d\0" % number)
        return number

    def arguments(self, call: Call, descriptor: int) -> tuple[int, ...]:
        """The call's arguments as numbers."""
        return tuple(
            descriptor if each is Place.DESCRIPTOR else self.start + each.value if isinstance(each, Place) else each
            for each in call.arguments
        )

    def make(self, call: Call, descriptor: int) -> tuple[int, int]:
        """Make the call: what it returned, and the error's number or 0. A call that executes does not come back."""
        arguments = [ctypes.c_long(each) for each in self.arguments(call, descriptor)]
        if call.arch == I386:
            rc = int(self._int_80(call.number, *arguments, *[0] * (4 - len(arguments))))
        else:
            filled = [ctypes.c_long(call.number), *arguments, *[ctypes.c_long(0)] * (6 - len(arguments))]
            rc = int(self._libc.syscall(*filled))
            rc = -ctypes.get_errno() if rc < 0 else rc
        if call.ring is not None and rc >= 0:
            rc = self._completed()
        return (-1, -rc) if rc < 0 else (rc, 0)

    def _put(self, place: Place, content: bytes) -> None:
        self._memory[place.value : place.value + len(content)] = content

    def _ring(self, flags: int) -> int:
        """An io_uring with one open of the path queued, which enters the kernel with io_uring_enter."""
        parameters = ctypes.create_string_buffer(120)
        number = int(self._libc.syscall(425, 4, parameters))
        if number < 0:
            raise OSError(ctypes.get_errno(), "io_uring_setup")
        entries = struct.unpack_from("=I", parameters.raw)[0]
        tail, array, results = (struct.unpack_from("=I", parameters.raw, offset)[0] for offset in (44, 64, 100))
        queue = mmap.mmap(number, array + 4 * entries, offset=0)
        entry = mmap.mmap(number, 64 * entries, offset=0x10000000)
        # opcode IORING_OP_OPENAT, AT_FDCWD, the path, no mode, the flags
        entry[:64] = struct.pack("=BBHiQQIIQ24x", 18, 0, 0, AT_FDCWD, 0, self.start + Place.PATH.value, 0, flags, 0)
        queue[array : array + 4] = bytes(4)
        queue[tail : tail + 4] = struct.pack("=I", 1)
        completions = mmap.mmap(number, results + 16 * 2 * entries, offset=0x8000000)
        self._queues = (queue, entry, completions, results)
        return number

    def _completed(self) -> int:
        """What the queued open returned."""
        _, _, completions, results = self._queues
        return int(struct.unpack_from("=i", completions, results + 8)[0])

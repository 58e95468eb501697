"""The system calls of a rule as the kernel keeps them: a mask of 2,048 bits that can print names."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

# Bits 2032 to 2047 of a mask stand for the kernel's sixteen classes, not for system calls. The kernel replaces them by
# the members of the class when it accepts the rule (kernel/auditfilter.c, audit_to_entry_common).
MASK_BITS = 2048
CLASS_BITS = 16
# auditctl prints "all" if the first 63 words are full; it never checks the last (auditctl-listing.c, print_syscall).
LISTED_AS_ALL = (1 << (MASK_BITS - 32)) - 1
MOST_NAMES = 8  # that the repr of a mask shows


def _unnamed(_number: int) -> str | None:
    return None


@final
class SyscallMask(int):
    """System calls as the kernel's mask: bit N stands for call N. It compares and hashes as a number.

    `name_of` returns the name for a call's number, None if it has none: only the maker of the mask knows the arch of
    the calls. Without it, calls are shown as numbers. Arithmetic on a mask returns a plain number.
    """

    name_of: Callable[[int], str | None]

    def __new__(cls, bits: int = 0, name_of: Callable[[int], str | None] = _unnamed) -> SyscallMask:
        """Make a mask from a number."""
        mask = super().__new__(cls, bits)
        mask.name_of = name_of
        return mask

    @property
    def all(self) -> bool:
        """Whether auditctl calls this mask `all`."""
        return self & LISTED_AS_ALL == LISTED_AS_ALL

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the calls, in order."""
        found = []
        left = int(self)
        while left:
            lowest = left & -left
            found.append(lowest.bit_length() - 1)
            left ^= lowest
        return tuple(found)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the calls in the order of their numbers, or `all`; a call without a name is its number."""
        return ("all",) if self.all else tuple(self.name_of(number) or str(number) for number in self.numbers)

    def __str__(self) -> str:
        """The names, as -S takes them."""
        return ",".join(self.names)

    @property
    def short(self) -> str:
        """The first names, and how many more there are."""
        names = self.names
        more = f",… {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        return f"{','.join(names[:MOST_NAMES])}{more}"

    def __repr__(self) -> str:
        """The first names, and how many more there are."""
        return f"SyscallMask({self.short!r})"


ALL_SYSCALLS = SyscallMask((1 << (MASK_BITS - CLASS_BITS)) - 1)

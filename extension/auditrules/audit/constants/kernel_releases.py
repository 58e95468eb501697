"""The system calls of a kernel release, and those that count as a letter of `perm`, if Linux 6.1 differs.

`syscalls` has the classes of Linux 6.1; this module has the differences of other releases. They were tested on kernels
5.4 to 7.3, upstream and of Debian and Ubuntu: each call on a file, under a rule for each letter. If a distribution
reverted or backported a change, the release alone does not decide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from auditrules.values import dataclass

Release = tuple[int, int]

FIRST: Release = (2, 6)  # with audit

_NUMBERS = re.compile(r"(\d{1,9})\.(\d{1,9})(?!\d)[\w.+~:@-]*", re.ASCII)
# Releases of distributions that backport changes from much newer kernels: Red Hat and its kin (openEuler, Anolis,
# Alibaba, Kylin, TencentOS and Virtuozzo too), SUSE in each flavour, Oracle's UEK.
_BACKPORTED = re.compile(r"\.(?:el|oe|an|al|ky|tl|vz)\d|-default$|-1[0-9]0\d{3}\.\d|uek")


@dataclass(frozen=True, slots=True)
class CountedSince:
    """The release since which a call exists, and those between which a letter began to count it.

    Every tested kernel up to `not_in` does not count it, every one from `since` on does. Between these it is not known.
    """

    exists: Release
    not_in: Release
    since: Release


_STAT = ("stat", "lstat", "fstat", "newfstatat", "fstatat64", "stat64", "lstat64", "fstat64", "statx")

# By letter and call. If `not_in` is older than `exists`, no kernel with the call is known not to count it.
CHANGES: Mapping[tuple[str, str], CountedSince] = MappingProxyType(
    {
        ("r", "openat2"): CountedSince((5, 6), (5, 15), (5, 16)),
        ("w", "openat2"): CountedSince((5, 6), (5, 15), (5, 16)),
        # Ubuntu's 6.8 and Debian's 6.12.117 count it, Debian's 6.17.13 does not.
        ("a", "fchmodat2"): CountedSince((6, 6), (6, 5), (6, 19)),
        ("a", "setxattrat"): CountedSince((6, 13), (6, 12), (6, 17)),
        ("a", "removexattrat"): CountedSince((6, 13), (6, 12), (6, 17)),
        ("r", "getxattrat"): CountedSince((6, 13), (6, 17), (6, 19)),
        ("r", "listxattrat"): CountedSince((6, 13), (6, 17), (6, 19)),
        ("a", "file_setattr"): CountedSince((6, 17), (7, 1), (7, 3)),
        ("r", "file_getattr"): CountedSince((6, 17), (7, 1), (7, 3)),
        ("r", "quotactl_fd"): CountedSince((5, 14), (7, 1), (7, 3)),
        ("w", "quotactl_fd"): CountedSince((5, 14), (7, 1), (7, 3)),
        **{("r", call): CountedSince(FIRST, (7, 1), (7, 3)) for call in _STAT},
    }
)


# The Linux release since which a call exists; all other calls in rules are as old as audit.
CALLS_SINCE: Mapping[str, Release] = MappingProxyType(
    {
        **{call: change.exists for (_, call), change in CHANGES.items() if change.exists > FIRST},
        **dict.fromkeys(("name_to_handle_at", "open_by_handle_at"), FIRST),  # 2.6.39
        **dict.fromkeys(("process_vm_readv", "process_vm_writev"), (3, 2)),
        "finit_module": (3, 8),
        "renameat2": (3, 15),
        "memfd_create": (3, 17),
        "bpf": (3, 18),
        "execveat": (3, 19),
        **dict.fromkeys(("open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick"), (5, 2)),
        "clone3": (5, 3),
        "mount_setattr": (5, 12),
        **dict.fromkeys(("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"), (5, 13)),
        **dict.fromkeys(("lsm_set_self_attr", "lsm_get_self_attr", "statmount", "listmount"), (6, 8)),
    }
)


def has_call(call: str, text: str) -> bool | None:
    """Whether a kernel of this release has a call; None: the release does not tell."""
    return is_since(CALLS_SINCE.get(call, FIRST), text)


def is_since(since: Release, text: str) -> bool | None:
    """Whether a kernel of this release has a change of Linux `since`; None: the release does not tell."""
    release = release_of(text)
    if since == FIRST or (release is not None and release >= since):
        return True
    return None if release is None or _BACKPORTED.search(text) else False


@lru_cache
def release_of(text: str) -> Release | None:
    """The first two numbers of a release such as `6.12.117+deb13-cloud-amd64`; None: it has none."""
    found = _NUMBERS.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


@lru_cache(1024)
def counts(letter: str, call: str, text: str) -> bool | None:
    """Whether a kernel of this release counts a call for a letter (a key of CHANGES); None: it does not tell."""
    change = CHANGES[letter, call]
    release = release_of(text)
    if release is None:
        return None
    if release >= change.since:
        return True
    if release <= change.not_in and not _BACKPORTED.search(text):
        return False
    return None

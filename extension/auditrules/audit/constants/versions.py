"""The versions of auditctl that changed how it reads rules files or prints listings.

From audit-userspace at each of its tags from v2.8 to v4.2.1: src/auditctl.c, lib/libaudit.c, lib/flagtab.h,
src/auditctl-listing.c and init.d/augenrules. The version that a single field, call, record type or option needs is in
the table of these.
"""

from __future__ import annotations

from auditrules.audit.model.host_facts import Version

Span = tuple[Version, Version]  # the first version, and the first one after
NO_END: Version = (99, 0, 0)


def within(version: Version, *spans: Span) -> bool:
    """Whether a version is in one of these spans."""
    return any(first <= version < after for first, after in spans)


# Rules files
OWNER_CHECKED_UNTIL: Version = (3, 1, 2)  # before, auditctl -R reads no file that root does not own
MODE_CHECKED: tuple[Span, ...] = (((0, 0, 0), (3, 1, 2)), ((4, 1, 4), NO_END))  # nor, in these, one that all may write
WORDS_NOT_LOST: Version = (4, 2, 0)  # from here the vector of words is long enough for any line

# Lists and actions
LISTS_IN_ANY_CASE: Version = (3, 1, 0)  # from here EXIT is exit; actions are never written in capitals
IO_URING: Version = (4, 0, 0)  # from 3.1 on only builds that ask for it have the list, and Debian's 3.1 does not
EXE_TAKES_NOT_EQUAL: Version = (3, 0, 0)  # from here exe!=, and exe on the exclude list
EXCLUDE_TAKES_ANY_FIELD: Version = (3, 1, 0)  # from here the exclude list takes perm, keys, and what the kernel takes
PREPEND_DELETES: Span = ((4, 0, 4), (4, 1, 1))  # -A took the path of -d
NO_DELETE: Span = ((4, 0, 4), (4, 0, 5))  # -d was no option
# Where an action that is gone ("possible") does not end the reading, so that what stands behind it is an error.
DELETE_GOES_ON: Span = ((4, 0, 5), (4, 1, 4))
PREPEND_GOES_ON: Version = (4, 1, 1)  # from here

# Watches and keys
WATCH_ALONE: Version = (4, 1, 2)  # from here a watch takes no system calls before it
INTRUSION_KEYS_UNTIL: Version = (3, 0, 0)  # before, a key that begins with ids- must be ids-TYPE-SEVERITY
SEPARATOR_REFUSED: Version = (4, 2, 0)  # from here a key with the byte 0x01 is an error

# Controls
SIGNAL_NAMES: Version = (3, 1, 1)  # from here stop, reload, rotate, resume and state
DAEMON_NEEDED: Version = (3, 1, 3)  # from here a signal without a daemon to take it is an error
HELP_SUCCEEDS: Version = (4, 1, 4)  # before, -h is an error
CONTROLS_GO_ON: Version = (4, 0, 4)  # from here --loginuid-immutable and --reset-lost mind what stands behind them

# Listings
OPERATORS_SHOWN: tuple[Span, ...] = (
    ((3, 1, 5), (4, 0, 0)),
    ((4, 0, 2), NO_END),
)  # of path, dir, exe

# augenrules
WITHOUT_CR: Version = (3, 1, 1)  # from here the script takes one CR off the end of each line
WHOLE_NAMES: Version = (4, 2, 0)  # from here a file's name with spaces is one name

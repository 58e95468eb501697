"""Checks by mode and owner that nobody but root can have written a file or folder."""

from __future__ import annotations

WRITABLE_BY_OTHERS = 0o022  # by the group or by others


def ownership_problem(mode: int | None, uid: int | None, *, owners: bool) -> str:
    """Say what lets somebody other than root write a file; empty if nothing does.

    Without `owners` only the mode counts. A mode or uid that is not known (None) is no problem.
    """
    if mode is not None and mode & WRITABLE_BY_OTHERS:
        return f"expected only root to be able to write it, found the mode {mode:04o}"
    if owners and uid:
        return f"expected it to be root's, found one of uid {uid}"
    return ""

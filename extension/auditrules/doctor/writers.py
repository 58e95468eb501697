"""Finds who besides root can change or replace a file that root's osquery believes or runs."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.doctor.facts import PathChain, PathStat

_ALL, _GROUP, _STICKY = 0o002, 0o020, 0o1000


def writers(path: str, chain: PathChain | None, mode: str) -> Iterator[tuple[str, str]]:
    """Yield findings with advice; none if `chain` is None. `mode` is the mode that the file should have.

    Who may write to a folder can rename any file in it, unless the folder has the sticky bit. The owner of the folder
    can even then.
    """
    if chain is None:
        return
    end = chain.end
    if end.uid != 0:
        yield f"{path} belongs to user {end.uid}", f"chown root:root {path}"
    if who := _writer(end):
        yield f"{path} can be written by {who} (mode {end.mode:04o})", f"chmod {mode} {path}"
    for name, folder in chain.folders.items():
        swap = f"who can put another file in the place of {path}"
        if folder.uid != 0:
            yield f"{name} belongs to user {folder.uid}, {swap}", f"chown root:root {name}"
        if not folder.mode & _STICKY and (who := _writer(folder)):
            yield f"{name} can be written by {who} (mode {folder.mode:04o}), {swap}", f"chmod go-w {name}"


def _writer(place: PathStat) -> str:
    if place.mode & _ALL:
        return "everybody"
    return f"group {place.gid}" if place.mode & _GROUP and place.gid != 0 else ""

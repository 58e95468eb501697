"""Who besides root can change a file that root's osquery believes or runs, or put another one in its place."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.doctor.facts import PathStat, Way

_ALL, _GROUP, _STICKY = 0o002, 0o020, 0o1000


def writers(path: str, way: Way | None, mode: str) -> Iterator[tuple[str, str]]:
    """Give findings, each with what to do; none where nobody knows the way. `mode` is what chmod(1) should give it.

    In a folder that others may write they can rename what is in it, whosever it is, unless it has the sticky bit; its
    owner can despite that.
    """
    if way is None:
        return
    if way.end.uid != 0:
        yield f"{path} belongs to user {way.end.uid}", f"chown root:root {path}"
    if who := _writer(way.end):
        yield f"{path} can be written by {who} (mode {way.end.mode:04o})", f"chmod {mode} {path}"
    for name, folder in way.folders.items():
        swap = f"who can put another file in the place of {path}"
        if folder.uid != 0:
            yield f"{name} belongs to user {folder.uid}, {swap}", f"chown root:root {name}"
        if not folder.mode & _STICKY and (who := _writer(folder)):
            yield f"{name} can be written by {who} (mode {folder.mode:04o}), {swap}", f"chmod go-w {name}"


def _writer(place: PathStat) -> str:
    if place.mode & _ALL:
        return "everybody"
    return f"group {place.gid}" if place.mode & _GROUP and place.gid != 0 else ""

"""osqueryd's filesystem logger: lines and files, byte for byte.

After osquery/core/query.cpp, osquery/sql/sql.cpp and plugins/logger/filesystem_logger.cpp of osquery 5.23, and glog.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Row = Mapping[str, str]
Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json]"

RESULTS, SNAPSHOTS = "osqueryd.results.log", "osqueryd.snapshots.log"
LEVELS = ("INFO", "WARNING", "ERROR")

# rapidjson's Writer: short forms where JSON has them, else upper-case hexadecimal digits; what is not ASCII stays.
_JSON = {
    **{code: f"\\u{code:04X}" for code in range(0x20)},
    **{ord(char): f"\\{short}" for char, short in zip('\b\f\n\r\t"\\', 'bfnrt"\\', strict=True)},
}
_CONTROL = {code: f"\\x{code:02X}" for code in range(0x20)}


@dataclass(frozen=True, slots=True)
class Item:
    """What one run of a query has to say. A differential names what went and what came, a snapshot all there is."""

    name: str
    host: str
    time: int
    """Unix seconds."""
    epoch: int = 0
    counter: int = 0
    decorations: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[Row, ...] = ()
    added: tuple[Row, ...] = ()
    snapshot: tuple[Row, ...] | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The flags that decide how an item is written."""

    logger_event_type: bool = True
    logger_snapshot_event_type: bool = False
    decorations_top_level: bool = False

    def lines(self, item: Item) -> Iterator[str]:
        """Give the lines of an item, without their ends."""
        said = self._said(item)
        if item.snapshot is None and self.logger_event_type:
            for action, rows in (("removed", item.removed), ("added", item.added)):
                yield from (_text({**said, "columns": row, "action": action}) for row in rows)
        elif item.snapshot is None:
            yield _text({"diffResults": {"removed": item.removed, "added": item.added}, **said})
        elif self.logger_snapshot_event_type:
            yield from (_text({**said, "columns": row, "action": "snapshot"}) for row in item.snapshot)
        else:
            yield _text({"snapshot": item.snapshot, "action": "snapshot", **said})

    def _said(self, item: Item) -> Mapping[str, Json]:
        decorations = dict(sorted(item.decorations.items()))
        nested: Mapping[str, Json] = {"decorations": decorations} if decorations else {}
        return {
            "name": item.name,
            "hostIdentifier": item.host,
            "calendarTime": time.asctime(time.gmtime(item.time)) + " UTC",
            "unixTime": item.time,
            "epoch": item.epoch,
            "counter": item.counter,
            "numerics": False,
            **(decorations if self.decorations_top_level else nested),
        }


def escaped(row: Row) -> Row:
    r"""Write the control characters of a row as \xNN: so are differentials compared, kept and logged, snapshots not.

    >>> escaped({"evidence": "é\n"})
    {'evidence': 'é\\x0A'}
    """
    return {name: cell.translate(_CONTROL) for name, cell in row.items()}


@dataclass
class Log:
    """The two files of results in a folder."""

    folder: Path
    form: Form = field(default_factory=Form)

    def write(self, item: Item) -> None:
        """Append an item to the file of its kind; an item without a line makes no file."""
        lines = "".join(f"{line}\n" for line in self.form.lines(item))
        if lines:
            with (self.folder / (RESULTS if item.snapshot is None else SNAPSHOTS)).open("ab") as file:
                file.write(lines.encode("utf-8", "surrogateescape"))


@dataclass
class StatusLog:
    """The status files of one process, as glog writes them: a file a level, in which all from that level up stands."""

    folder: Path
    machine: str
    pid: int
    _files: dict[str, Path] = field(default_factory=dict)

    def write(self, level: str, at: float, thread: int, place: str, message: str) -> None:
        """Append a message of INFO, WARNING or ERROR; `at` in Unix seconds, `place` a file:line of osquery's source."""
        moment = time.gmtime(at)
        micro = round(at % 1 * 1_000_000)
        stamp = f"{time.strftime('%m%d %H:%M:%S', moment)}.{micro:06}"
        line = f"{level[0]}{stamp} {thread:5} {place}] {message}\n"
        for below in LEVELS[: LEVELS.index(level) + 1]:
            file = self._files.get(below) or self._open(below, moment)
            with file.open("ab") as opened:
                opened.write(line.encode("utf-8", "surrogateescape"))

    def _open(self, level: str, moment: time.struct_time) -> Path:
        path = self.folder / f"osqueryd.{level}.{time.strftime('%Y%m%d-%H%M%S', moment)}.{self.pid}"
        path.write_text(
            f"Log file created at: {time.strftime('%Y/%m/%d %H:%M:%S', moment)}\n"
            f"Running on machine: {self.machine}\n"
            "Running duration (h:mm:ss): 0:00:00\n"
            "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n",
            encoding="utf-8",
        )
        link = self.folder / f"osqueryd.{level}"
        link.unlink(missing_ok=True)
        link.symlink_to(path.name)
        self._files[level] = path
        return path


def _text(value: Json) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_JSON)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{_text(name)}:{_text(each)}' for name, each in value.items())}}}"
    return f"[{','.join(map(_text, value))}]"

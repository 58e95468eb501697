"""A part of a file, and the result of reading it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from auditrules.report.ingest.log_files import LogFile
from auditrules.report.ingest.osqueryd_lines import RecordError
from auditrules.report.model import Broken
from auditrules.text import visible

MOST_SHOWN = 10
"""The most broken lines that are kept for a part, a log or a report."""

MOST_HOSTS = 100
"""The most hosts of broken lines that are named."""

Advance = Callable[[int], None]
"""Called with the number of bytes that were just read."""

_SHOWN = 60  # characters of a broken line
_HOST = re.compile(
    rb'"(?:hostIdentifier|host_identifier|host_name|hostname)\\{0,7}"\s*:\s*\\{0,7}"(?P<name>[^"\\]{1,255})'
    rb"|\A(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|(?:1 )?\d{4}-\d\d-\d\dT\S+) (?P<syslog>\S{1,255}) "
)


@dataclass(frozen=True, slots=True)
class FilePart:
    """The bytes of a file that one task reads. For a packed file these are the unpacked bytes."""

    file: LogFile
    start: int = 0
    end: int | None = None


@dataclass(slots=True)
class PartResult:
    """The result of reading a part: counts, and the lines that could not be read."""

    part: FilePart
    lines: int = 0
    passed_over: int = 0
    """Lines of osquery that are not about our controls."""
    broken: int = 0
    last_broken: int = 0
    """The number of the last broken line."""
    dated_by_file: int = 0
    """Verdicts without a time."""
    shown: list[Broken] = field(default_factory=list)
    unreadable: list[Broken] = field(default_factory=list)
    size: int = 0
    """Bytes read, packed or not."""
    offset: int = 0
    """The byte after the last line that ends with a newline. The next report reads from here."""
    tail: str = ""
    """The digest of the bytes before `offset`; empty: reading cannot go on from there."""
    head: str = ""
    """The digest of the file's first bytes, by which it is recognised under another name; empty for a short one."""
    hosts: set[str] = field(default_factory=set)
    """Hosts that broken lines name: their verdicts may be missing."""

    @property
    def unfinished(self) -> bool:
        """Whether the last line has no newline yet. It is read again when it has one."""
        return bool(self.tail) and self.offset < self.part.start + self.size

    def add_broken(self, number: int, error: Exception, content: bytes, line: bytes = b"") -> None:
        """Note a line that cannot be read, and the beginning of its broken part."""
        self.broken += 1
        self.last_broken = number
        host = _host(line)
        if host and len(self.hosts) < MOST_HOSTS:
            self.hosts.add(host)
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(Broken(self.part.file.path, number, visible(_cause(error, content)), host))

    def stop(self, cause: str) -> None:
        """Note that the file cannot be read from here on."""
        self.refuse(visible(cause), self.lines + 1)

    def refuse(self, cause: str, line: int = 0) -> None:
        """Note that the file, or a document that begins on one of its lines, is not read."""
        self.unreadable.append(Broken(self.part.file.path, line, cause))


def _cause(error: Exception, content: bytes) -> str:
    if isinstance(error, RecursionError):
        return "expected fewer objects and lists within each other"
    if isinstance(error, RecordError) or not content:
        return str(error)
    begin = visible(content[:_SHOWN].decode("utf-8", "surrogateescape"))
    return f"expected a JSON object, found {begin}{'…' if len(content) > _SHOWN else ''}"


def _host(line: bytes) -> str:
    """The host that a broken line names; empty: none."""
    found = _HOST.search(line)
    return visible((found["name"] or found["syslog"]).decode("utf-8", "backslashreplace")) if found else ""

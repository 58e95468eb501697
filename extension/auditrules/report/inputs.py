"""The inputs of a report beside the logs: its options, the inventory of hosts, and the waivers."""

from __future__ import annotations

import codecs
import csv
import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path

from auditrules.report.errors import ReportError
from auditrules.report.model import Waiver

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

_NAMES = (
    *("host", "hostname", "host_name", "name", "host_uuid", "uuid", "host_identifier", "identifier", "fqdn"),
    *("machine", "computer_name", "server"),
)
_DELIMITERS = ",;\t|"
_KEYS = ("hosts", "control", "reason", "owner", "expires")
_TABLE = "waiver"


class InputError(ReportError):
    """An inventory or a file of waivers cannot be read. The message says which, where, and what was expected."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The hosts that should report."""

    hosts: tuple[tuple[str, ...], ...]
    """The names of each host. The first one is unique, and is the one that is shown."""
    cells: Mapping[str, Mapping[str, str]]
    """The cells of each host, by its first name and the column."""
    columns: tuple[str, ...]

    def rows(self, column: str) -> Iterator[tuple[str, str, str]]:
        """Yield the first name of each host with each of its names, and its cell in a column."""
        for names in self.hosts:
            for name in names:
                yield names[0], name, self.cells[names[0]].get(column, "")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """The options of a report: its period, its filters, and how its hosts are grouped."""

    now: int
    until: int | None = None
    """The moment for which the report is made; later lines are left out. None: now."""
    since: int | None = None
    """The beginning of changes and the trend; None: that of the logs."""
    max_age: int = 26 * 3600
    """Seconds after which results expire."""
    benchmarks: tuple[str, ...] = ()
    """The benchmarks to report, each as `NAME[:VERSION]`; empty: all."""
    controls: tuple[str, ...] = ()
    """The controls to report; empty: all."""
    families: tuple[str, ...] = ()
    """The families of controls to report, as in the catalogue; empty: all."""
    levels: tuple[str, ...] = ()
    """The levels to report, each as a whole, such as `L1 server`, or by its first words; empty: all."""
    hosts: tuple[str, ...] = ()
    """Globs of names or keys of hosts; empty: all hosts."""
    grouped_by: str = ""
    """The decoration, or column of the inventory, by which hosts are grouped; empty: none."""
    inventory: Inventory | None = None
    waivers: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()
    """Problems of waivers that cannot be read, a sentence each, for the notes."""


def read_inventory(path: str) -> Inventory:
    """Read the hosts of a CSV file, whose first line names the columns.

    Each column that is called `host`, `hostname`, `name`, `host_uuid`, `identifier` or the like holds a name of the
    host. A name of several lines is not a name of a host that has another. Raises `InputError`.
    """
    lines = _lines(path)
    columns = tuple(name.strip() for name in lines[0])
    naming = [place for name in _NAMES for place, column in enumerate(columns) if _plain(column) == name]
    if not naming:
        known = ", ".join(_NAMES)
        raise InputError(f"{path}, line 1: expected a column called one of {known}, found {', '.join(columns)}")
    rows: dict[tuple[str, ...], Mapping[str, str]] = {}
    for line in lines[1:]:
        names = tuple(line[place].strip() for place in naming if place < len(line) and line[place].strip())
        if names:
            rows[names] = dict(zip(columns, map(str.strip, line), strict=False))
    often = Counter(name for names in rows for name in {each.lower(): each for each in names})
    hosts: list[tuple[str, ...]] = []
    cells: dict[str, Mapping[str, str]] = {}
    for names, row in rows.items():
        own = tuple(name for name in names if often[name.lower()] == 1) or names[:1]
        if own[0] not in cells:
            hosts.append(own)
        cells[own[0]] = row
    return Inventory(tuple(hosts), cells, columns)


def _lines(path: str) -> list[list[str]]:
    """Read the lines of a CSV file that are not empty. The first one shows the delimiter."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig", "replace" if wide else "surrogateescape")
    header = next(filter(str.strip, text.splitlines()), "")
    delimiter = max(_DELIMITERS, key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        lines = [line for line in reader if any(map(str.strip, line))]
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: expected CSV, found {error}") from error
    if not lines:
        raise InputError(f"{path}: expected a line with the names of the columns, found an empty file")
    return lines


def _plain(column: str) -> str:
    return column.lower().replace(" ", "_").replace("-", "_")


def read_waivers(path: str) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Read waivers from a TOML file. Returns them, and the problems of the file, a sentence each.

        [[waiver]]
        hosts = "db-*"
        control = "1.2.4"
        reason = "moves to the new storage in December"
        owner = "storage team"
        expires = 2026-12-31

    Every key is required; a waiver with another key waives nothing. Raises `InputError` where the file can't be read.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return (), (f"{path}: expected TOML, found: {error}: nothing is waived",)
    except RecursionError:
        return (), (f"{path}: expected TOML, found brackets nested too deep to be read: nothing is waived",)
    problems = [
        f"{path}: expected [[{_TABLE}]], found {key}{_suggestion(key, (_TABLE,))}" for key in document if key != _TABLE
    ]
    found: list[Waiver] = []
    entries = document.get(_TABLE, [])
    if not isinstance(entries, list):
        return (), (*problems, f"{path}: expected [[{_TABLE}]], in two pairs of brackets, found [{_TABLE}]")
    for number, entry in enumerate(entries, 1):
        wrong = list(_problems(entry))
        if wrong:
            problems += (f"{path}, waiver {number}: {each}: it waives nothing" for each in wrong)
        else:
            found.append(Waiver(**{**entry, "expires": _day(entry["expires"])}))
    return tuple(found), tuple(problems)


def _problems(entry: object) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield f"expected a table, found {entry!r}"
        return
    for key in entry:
        if key not in _KEYS:
            yield f"expected one of {', '.join(_KEYS)}, found {key}{_suggestion(key, _KEYS)}"
    for key in _KEYS:
        if key not in entry:
            yield f"expected {key}, found none"
        elif key == "expires":
            if not _day(entry[key]):
                yield f"expected a day such as 2026-12-31 for expires, found {entry[key]!r}"
        elif not isinstance(entry[key], str) or not entry[key].strip():
            yield f"expected text for {key}, found {entry[key]!r}"


def _day(value: object) -> str:
    """Convert a day of TOML, or a text, to YYYY-MM-DD; empty: it is no day."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if isinstance(value, str) else ""
    except ValueError:
        return ""


def _suggestion(key: str, known: Sequence[str]) -> str:
    close = get_close_matches(key, known, 1)
    return f" (is {close[0]} meant?)" if close else ""

"""A small fleet over four days: its hosts run the shipped packs, and their logs are written as osqueryd writes them.

What each host answers comes from the tables themselves, in the embedded SQL host; of one host over the wire, from the
installed extension. What they should have told is kept beside it, by the `check` command's own way.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from auditrules.benchmarks import CIS_DOCKER
from auditrules.benchmarks.targets import PathType
from auditrules.check import check
from auditrules.host.surroundings import HostSurroundings
from auditrules.sql.database import Database
from auditrules.sql.error import SqlError
from auditrules.sql.standins import stand_ins
from auditrules.tables import SCHEMAS
from tests.core import tables as core
from tests.core.logger import Form, Log, Row, StatusLog
from tests.core.manager import Core
from tests.core.schedule import Ask, Flags, Kept, Osqueryd, QueryError
from tests.fixtures.hosts import Look, root, saved
from tests.fixtures.judged import required

PACKS = Path(__file__).parents[2] / "packs"
EXTENSION = Path(sys.executable).with_name("auditrules.ext")

HOUR = 3600
START = 1_795_410_000  # 2026-11-23 05:00:00 UTC, a Monday
END = START + 96 * HOUR

BENCHMARK = CIS_DOCKER[0]
CONTROLS = BENCHMARK.controls
DAEMON = "-w /usr/bin/dockerd -p rwxa -k docker"
WATCHED = tuple(f"-w {required(each).path} -p rwxa -k docker" for each in BENCHMARK.controls)
UNWATCHED = tuple(line for line in WATCHED if line != DAEMON)
HOSTILE = "-w /usr/bin/dockerd -p wa -k <script>alert(1)</script>=1+1\x1b]0;$(reboot)"


@dataclass(frozen=True)
class State:
    """What a host is from an hour of the simulation on."""

    hour: int
    rules: tuple[str, ...] | None
    """The lines of its kernel's listing; None where the extension is gone."""
    listing: str = ""
    """The whole listing, where it is not to be made of the rules."""
    restarted: bool = False
    """Whether osqueryd starts anew, with its database."""
    wiped: bool = False
    """Whether it lost its database."""
    epoch: int = 0
    """Of the schedule, from a start on."""


@dataclass(frozen=True)
class Simulated:
    """A host: its states, and when its last line is written, in hours."""

    name: str
    states: tuple[State, ...]
    docker: bool = True
    last: int = 96
    delimiter: str = "_"
    form: Form = field(default_factory=Form)


HOSTS = (
    Simulated("web-1", (State(0, WATCHED), State(30, UNWATCHED), State(55, WATCHED))),
    Simulated("web-2", (State(0, WATCHED), State(40, ("-a never,task", *WATCHED), restarted=True, epoch=1))),
    Simulated("web-3", (State(0, (*UNWATCHED, HOSTILE)),), form=Form(logger_snapshot_event_type=True)),
    Simulated("db-1", (State(0, ()), State(50, WATCHED, restarted=True, wiped=True)), delimiter="/"),
    Simulated("db-2", (State(0, WATCHED), State(70, (), listing="-w /usr/bin/dockerd -p w"))),
    Simulated("edge-1", (State(0, ()),), docker=False, form=Form(logger_event_type=False)),
    Simulated("ci-1", (State(0, WATCHED),), last=26, form=Form(decorations_top_level=True)),
    Simulated("cache-1", (State(0, WATCHED), State(60, None), State(80, None, restarted=True))),
)
WIRED = Simulated(
    "app-1", (State(0, WATCHED), State(48, UNWATCHED, restarted=True), State(78, WATCHED, restarted=True))
)
"""The host whose answers come over the wire."""


@dataclass
class Told:
    """What the hosts told, by their own tables: of each host, when each control's row changed."""

    rows: dict[str, list[tuple[int, Mapping[str, Row]]]] = field(default_factory=dict)

    def last(self, host: str) -> Mapping[str, Row]:
        """Give the last row of each control."""
        return self.rows[host][-1][1]


def uuid(host: str) -> str:
    """Give the UUID that a host's decorations tell."""
    return f"00000000-0000-4000-8000-{int.from_bytes(host.encode(), 'big') % 10**12:012}"


def simulate(folder: Path, hosts: Sequence[Simulated] = HOSTS) -> Told:
    """Write the logs of the hosts to a folder each, and give what they told."""
    told = Told()
    for host in hosts:
        place = folder / "roots" / host.name
        _make(place, docker=host.docker)
        _live(host, folder / "logs" / host.name, lambda state, place=place: _embedded(place, state), told)  # type: ignore[misc] # a default is how a loop's value is kept
    return told


def simulate_wired(folder: Path, told: Told, host: Simulated = WIRED) -> None:
    """Write the logs of a host whose extension is a process; `folder` holds its socket, and its path is short."""
    place = folder / "roots" / host.name
    _make(place, docker=host.docker)
    with Core(folder) as manager:
        _live(host, folder / "logs" / host.name, lambda state: _wired(manager, place, state), told)


def _live(host: Simulated, logs: Path, answers: Callable[[State], tuple[Ask, Mapping[str, Row]]], told: Told) -> None:
    logs.mkdir(parents=True)
    kept, daemon = Kept(), None
    for number, state in enumerate(host.states):
        now = START + state.hour * HOUR
        if daemon is not None:
            daemon.run(now)
        ask, rows = answers(state)
        told.rows.setdefault(host.name, []).append((now, rows))
        if state.wiped:
            kept = Kept()
        if daemon is None or state.restarted:
            daemon = _started(host, state, logs, kept, ask, now, 700 + number)
        else:
            daemon.ask = ask
    assert daemon is not None
    daemon.run(START + host.last * HOUR)


def _started(host: Simulated, state: State, logs: Path, kept: Kept, ask: Ask, now: int, pid: int) -> Osqueryd:
    return Osqueryd(
        Flags(host.name, state.epoch, pack_delimiter=host.delimiter, form=host.form),
        {name: _pack(name) for name in ("audit-rules", "cis-docker")},
        ask,
        (Log(logs, host.form), StatusLog(logs, f"{host.name}.example.net", pid)),
        decorations={"host_uuid": uuid(host.name), "hostname": f"{host.name}.example.net"},
        kept=kept,
        start=now,
    )


@cache
def _pack(name: str) -> dict[str, Any]:
    pack: dict[str, Any] = json.loads((PACKS / f"{name}.conf").read_text("utf-8"))
    return pack


def _make(place: Path, *, docker: bool) -> None:
    """Make a host that has all that the benchmark speaks of, or nothing of it."""
    files = {}
    for wanted in map(required, BENCHMARK.controls) if docker else ():
        name = wanted.path.removeprefix("/")
        files[f"{name}/x" if wanted.type is PathType.DIRECTORY else name] = "{}"
    root(place, files, docker=docker)


def _listing(state: State) -> bytes:
    return state.listing.encode() if state.listing else saved(*(state.rules or ()))


def _embedded(place: Path, state: State) -> tuple[Ask, Mapping[str, Row]]:
    """Give what answers the queries of a state, and the verdicts in it."""
    look = Look.at(place).with_listing(_listing(state))
    gone = stand_ins(HostSurroundings(str(place)), "another", "0", ())
    database = Database(gone if state.rules is None else look.tables())

    @cache
    def ask(sql: str) -> tuple[Row, ...]:
        try:
            result = database.query(sql)
        except SqlError as error:
            raise QueryError(error.message.partition(";")[0]) from error
        return tuple(_row(result.columns, row) for row in result.rows)

    return ask, {} if state.rules is None else _verdicts(database)


def _wired(manager: Core, place: Path, state: State) -> tuple[Ask, Mapping[str, Row]]:
    """Start the installed extension anew, and give what answers through it; the verdicts are the embedded host's."""
    for extension in list(manager.extensions.values()):
        manager.shutdown(extension.uuid)
        manager.gone(extension.uuid)
    listing = manager.folder / f"listing-{state.hour}"
    listing.write_bytes(_listing(state))
    manager.spawn([str(EXTENSION), "--root", str(place), "--kernel", str(listing)])
    registered = manager.registered()
    own = Look.at(place, listing).tables()[: len(SCHEMAS)]
    database = core.Database()
    for schema in SCHEMAS:
        database.attach(schema.name, manager.call)
    for table in stand_ins(HostSurroundings(str(place)), registered.name, registered.version, own):
        database.attach(table.schema.name, core.local(table))

    @cache
    def ask(sql: str) -> tuple[Row, ...]:
        try:
            return tuple(_row(names, row) for names, row in _answer(database, sql))
        except (core.TableError, apsw.SQLError) as error:
            raise QueryError(str(error).removeprefix("SQLError: ")) from error

    return ask, _verdicts(Database(own))


def _verdicts(database: Database) -> Mapping[str, Row]:
    """Give the row of each control as `auditrules check` has it."""
    result = check(CONTROLS, database.query)
    return {row["control"]: row for row in (_row(result.columns, each) for each in result.rows)}


def _answer(database: core.Database, sql: str) -> Iterator[tuple[tuple[str, ...], tuple[object, ...]]]:
    cursor = database.connection.execute(sql)
    for row in cursor:
        yield tuple(name for name, *_ in cursor.getdescription()), row


def _row(columns: Sequence[str], cells: Sequence[object]) -> Row:
    """Give a row as osquery has it in its results: text, cut at the first NUL, and NULL as an empty one."""
    return {
        name: "" if cell is None else str(cell).partition("\0")[0] for name, cell in zip(columns, cells, strict=True)
    }

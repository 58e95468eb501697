"""Measure, and print a table of what was reached: `make bench`.

Each contender takes its turn in each round, so that a machine that is busy for a while is so for all. What counts are
the ratios of medians; milliseconds are there to be compared within one run.
"""

from __future__ import annotations

import compileall
import json
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import osquery

import auditrules
from auditrules.benchmarks import CIS_DOCKER
from auditrules.host import KeptHost
from auditrules.host.surroundings import HostSurroundings
from auditrules.packs.verdict import all_controls_sql
from auditrules.sql.database import Database
from auditrules.sql.standins import stand_ins
from auditrules.tables import build
from auditrules.tables.schemas import AUDIT_RULES
from bench import inventory
from bench.commands import commands
from bench.linted import SETS, linted
from bench.listing import Listing, SetupError
from bench.on_container_host import on_container_host
from bench.os_benchmark import BENCHMARK, Debian, HourlyClock, every_verdict
from bench.result import Result
from bench.rulesets import lines
from tests.core.manager import Core, Extension, Process
from tests.core.stressed import given
from tools.release import archive

ROUNDS = 15
STARTS = 9
IDLE = 60  # seconds
SETTLED = 2.0  # seconds after which an extension has done what it does at its start
MANY = 10_000
PATHS = 100
SLOW_ROUNDS = 7
QUERIES = 30

# The stub of tools/release/archive.py starts the extension with it.
STUB = {"MALLOC_ARENA_MAX": "1"}


def text(value: bytes) -> bytes:
    """A string as thrift sends it."""
    return struct.pack("!i", len(value)) + value


CONTEXT = json.dumps({"constraints": [], "colsUsed": list(AUDIT_RULES.names)}).encode()
PING = b"\x80\x01\0\x01" + text(b"ping") + b"\0\0\0\0\0"
CALL = b"".join(
    (
        *(b"\x80\x01\0\x01", text(b"call"), b"\0\0\0\0"),
        *(b"\x0b\0\x01", text(b"table"), b"\x0b\0\x02", text(b"audit_rules")),
        *(b"\x0d\0\x03\x0b\x0b\0\0\0\x02", text(b"action"), text(b"generate"), text(b"context"), text(CONTEXT), b"\0"),
    )
)


def measured(contenders: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The median of each contender in milliseconds, after a round that does not count."""
    times: list[list[float]] = [[contender() for contender in contenders] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) * 1000 for column in zip(*times, strict=True)]


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """The time that some work takes, in seconds."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return run


def asked(core: Core, uuid: int, *, first: bool = False) -> float:
    """Ping and call as osquery does, each on a connection; the time to the first byte of the answer, or to its end."""
    start = time.perf_counter()
    for message in (PING, CALL):
        with core.connect(uuid) as peer:
            peer.sendall(message)
            peer.shutdown(socket.SHUT_WR)
            peer.recv(1)
            if message is CALL and first:
                at_first = time.perf_counter() - start
            while peer.recv(1 << 20):
                pass
    return at_first if first else time.perf_counter() - start


def ours(core: Core, listing: Listing, count: int) -> tuple[Process, Extension]:
    """Start the extension over a kernel with so many rules."""
    before = set(core.extensions)
    process = core.run("tests.core.stressed", flags=("given", listing.rules(count)), environment=STUB)
    return process, core.awaited(lambda: newest(core, before), "the extension")


def plain(core: Core, listing: Listing, count: int) -> tuple[Process, Extension]:
    """Start the plain TablePlugin over an auditctl with so many rules."""
    before = set(core.extensions)
    path = {"PYTHONPATH": ":".join(entry or "." for entry in sys.path)}
    process = core.spawn([sys.executable, "-m", "bench.plain"], environment={**listing.environment(count), **path})
    extension = core.awaited(lambda: newest(core, before), "the plain extension")
    core.awaited(lambda: core.listening(extension.uuid) or None, "its socket")
    return process, extension


def newest(core: Core, before: set[int]) -> Extension | None:
    """The extension that was not there before, once its socket is."""
    new = (each for each in list(core.extensions.values()) if each.uuid not in before)
    return next((each for each in new if Path(core.path(each.uuid)).exists()), None)


def served(listing: Listing, count: int, most: float | None = None, most_of_plain: float | None = None) -> list[Result]:
    """A whole table over the socket, warm, beside the process and the plain extension."""
    with cores() as one, cores() as other:
        _, extension = ours(one, listing, count)
        _, rival = plain(other, listing, count)
        process, mine, theirs = measured(
            (
                timed(lambda: listing.once(count)),
                lambda: asked(one, extension.uuid),
                lambda: asked(other, rival.uuid),
            ),
            ROUNDS,
        )
    rules = f"`SELECT *`, {count:,} rules, warm"
    return [
        Result(f"{rules} : one `auditctl -l`", f"{mine:.2f} : {process:.2f} ms", mine / process, most),
        Result(f"{rules} : plain TablePlugin", f"{mine:.2f} : {theirs:.2f} ms", mine / theirs, most_of_plain),
    ]


def many(listing: Listing) -> list[Result]:
    """Ten thousand rules in one warm answer. The plain extension takes too long over them to be waited for."""
    with cores() as core:
        _, extension = ours(core, listing, MANY)
        process, begun, mine = measured(
            (
                timed(lambda: listing.once(MANY)),
                lambda: asked(core, extension.uuid, first=True),
                lambda: asked(core, extension.uuid),
            ),
            ROUNDS,
        )
    return [
        Result("first byte of 10,000 rules, warm, in ms", f"{begun:.2f} ms", begun, 20),
        Result("`SELECT *`, 10,000 rules, warm : one `auditctl -l`", f"{mine:.2f} : {process:.2f} ms", mine / process),
    ]


def controls(listing: Listing, count: int) -> list[Result]:
    """The query of all controls and that of one, in SQLite over the tables, beside the benchmark's own way."""
    own = build(KeptHost(given(listing.rules(count)), time.monotonic))
    benchmark = CIS_DOCKER[0]
    every = all_controls_sql(benchmark).rstrip(";\n")
    one = f"{every} AND control = '{benchmark.controls[0].id}'"
    with Database([*own, *stand_ins(HostSurroundings("/"), "auditrules", "0", own)]) as database:
        greps, all_of_it, alone = measured(
            (
                timed(lambda: listing.sixteen_greps(count)),
                timed(lambda: database.query(every)),
                timed(lambda: database.query(one)),
            ),
            ROUNDS,
        )
    rival = f"{count} rules : 16 x `auditctl -l \\| grep`"
    return [
        Result(
            f"{len(benchmark.controls)} controls in one query, {rival}",
            f"{all_of_it:.2f} : {greps:.2f} ms",
            all_of_it / greps,
            0.05,
        ),
        Result(f"one control, {rival}", f"{alone:.2f} : {greps:.2f} ms", alone / greps, 0.02),
    ]


def judged_anew(listing: Listing, count: int) -> Result:
    """All versions of CIS Docker, judged for the first time on a host that was collected."""

    def cold() -> float:
        own = build(KeptHost(given(listing.rules(count)), time.monotonic))
        with Database([*own, *stand_ins(HostSurroundings("/"), "auditrules", "0", own)]) as database:
            database.query("SELECT * FROM audit_status")
            start = time.process_time()
            database.query(f"SELECT * FROM audit_verdicts WHERE benchmark = '{CIS_DOCKER[0].name}'")  # noqa: S608 - ours
            return time.process_time() - start

    (found,) = measured((cold,), SLOW_ROUNDS)
    what = f"CPU of the first verdicts of all versions of CIS Docker, {count} rules, in ms"
    return Result(what, f"{found:.0f} ms", found, 150)


def os_controls(listing: Listing, count: int) -> list[Result]:
    """All controls of an OS benchmark an hour later, when the host is read again; then those of everything."""
    clock = HourlyClock()
    own = build(KeptHost(Debian(listing.rules(count)), clock))
    sql = all_controls_sql(BENCHMARK).rstrip(";\n")
    verdicts = next(table for table in own if table.schema.name == "audit_verdicts")
    controls = [each.id for each in BENCHMARK.controls]
    with Database([*own, *stand_ins(HostSurroundings("/"), "auditrules", "0", own)]) as database:

        def hourly() -> None:
            clock.later()
            database.query(sql)

        greps, mine = measured((timed(lambda: listing.one_listing_and_greps(count, controls)), timed(hourly)), ROUNDS)
    every = []
    for _ in range(SLOW_ROUNDS):
        clock.later()
        start = time.process_time()
        every_verdict(verdicts)
        every.append((time.process_time() - start) * 1000)
    what = f"{len(controls)} controls of {BENCHMARK.short_name} in one query, {count} rules, read again"
    rival = f"one `auditctl -l`, {len(controls)} greps"
    took = statistics.median(every)
    return [
        Result(f"{what} : {rival}", f"{mine:.2f} : {greps:.2f} ms", mine / greps, 0.5),
        Result("CPU of `SELECT * FROM audit_verdicts` of all that ships, in ms", f"{took:.0f} ms", took, 150),
    ]


def new_paths(listing: Listing, count: int) -> Result:
    """The coverage of paths that nobody asked for before, on a host that was collected, beside a grep for each."""
    ruled = [word for line in lines(count) for word in line.split() if word.startswith("/")]
    paths = [*ruled[: PATHS // 4], *(f"/usr/bin/new{number}" for number in range(PATHS - PATHS // 4))]
    sql = f"SELECT * FROM audit_coverage WHERE path IN ({', '.join(map(repr, paths))})"  # noqa: S608 - our own paths

    def mine() -> float:
        own = build(KeptHost(given(listing.rules(count)), time.monotonic))
        with Database([*own, *stand_ins(HostSurroundings("/"), "auditrules", "0", own)]) as database:
            database.query("SELECT * FROM audit_coverage WHERE path = '/'")
            return timed(lambda: database.query(sql))()

    greps, found = measured((timed(lambda: listing.greps(count, paths)), mine), SLOW_ROUNDS)
    what = f"{PATHS} new paths in one query, {count} rules : {PATHS} x `auditctl -l \\| grep`"
    return Result(what, f"{found:.2f} : {greps:.2f} ms", found / greps, 1)


def first(listing: Listing, count: int) -> Result:
    """The first call of osquery once the extension has looked at the host."""

    def mine() -> float:
        with cores() as core:
            _, extension = ours(core, listing, count)
            time.sleep(SETTLED)
            return asked(core, extension.uuid)

    process, found = measured((timed(lambda: listing.once(count)), mine), SLOW_ROUNDS)
    what = f"first call of osquery, {count} rules in the kernel alone : one `auditctl -l`"
    return Result(what, f"{found:.2f} : {process:.2f} ms", found / process, 2)


def searched() -> Result:
    """The search for privileged programs beside find(1)."""
    with inventory.tree() as root:
        process, mine = measured((lambda: inventory.finds(root), lambda: inventory.ours(root)), SLOW_ROUNDS)
    what = f"CPU of the search for privileged programs, {inventory.FILES:,} files : `find -xdev -type f -perm /6000`"
    return Result(what, f"{mine:.0f} : {process:.0f} ms", mine / process, 4)


def before_loading() -> list[Result]:
    """The CPU time of lint for ten thousand rules, with what they cost, and what twice as many take of memory."""
    with tempfile.TemporaryDirectory() as folder:
        taken = {name: linted(Path(folder), made(MANY)) for name, made in SETS.items()}
        usual = next(iter(SETS))
        twice = linted(Path(folder), SETS[usual](2 * MANY))
    return [
        *(
            Result(f"CPU seconds of lint, 10,000 rules {name}", f"{each.seconds:.1f} s", each.seconds, 5)
            for name, each in taken.items()
        ),
        Result(
            "memory of lint, 20,000 : 10,000 rules",
            f"{twice.memory:.0f} : {taken[usual].memory:.0f} MiB",
            twice.memory / taken[usual].memory,
            2,
        ),
    ]


def memory(process: Process) -> float:
    """Resident memory in MiB."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def on_processor(process: Process) -> float:
    """The time that a process has had on a processor, in milliseconds; finer than clock ticks."""
    threads = Path(f"/proc/{process.popen.pid}/task").iterdir()
    return sum(int((each / "schedstat").read_text(encoding="ascii").split()[0]) for each in threads) / 1e6


def installed(folder: Path) -> tuple[str, Sequence[str]]:
    """The Python that the file from a package takes, or this one where it would find none, and its command."""
    packaged = (Path(archive.FOLDER, name) for name in archive.PYTHONS)
    python = next(filter(Path.exists, packaged), Path(sys.executable))
    tell = "import sys; print('%d.%d' % sys.version_info[:2], end='')"
    version = subprocess.run([python, "-c", tell], capture_output=True, check=True, text=True).stdout
    file = folder / "auditrules.ext"
    file.write_bytes(archive.build({version: python}))
    return str(python), [str(python), "-I", str(file)]


def starts() -> list[Result]:
    """From exec to the registration, and memory at rest, beside the bare example."""
    sizes: dict[str, list[float]] = {"ours": [], "bare": []}
    worked: dict[str, list[float]] = {"ours": [], "bare": []}

    def registered(name: str, command: Sequence[str], environment: Mapping[str, str]) -> float:
        with cores() as core:
            start = time.perf_counter()
            process = core.spawn(command, environment=environment)
            while not core.extensions:
                time.sleep(0.0005)
            took = time.perf_counter() - start
            worked[name].append(on_processor(process))
            time.sleep(SETTLED)
            sizes[name].append(memory(process))
            return took

    bare = str(Path(__file__).with_name("bare.py"))
    with tempfile.TemporaryDirectory() as folder:
        python, script = installed(Path(folder))
        libraries = {"PYTHONPATH": str(Path(next(iter(osquery.__path__))).parent)}
        mine, theirs = measured(
            (lambda: registered("ours", script, STUB), lambda: registered("bare", [python, bare], libraries)), STARTS
        )
    idle, least = (statistics.median(sizes[name]) for name in ("ours", "bare"))
    own, bare_one = (statistics.median(worked[name][1:]) for name in ("ours", "bare"))
    return [
        Result("exec to registered : bare osquery-python example", f"{mine:.0f} : {theirs:.0f} ms", mine / theirs, 1.2),
        Result("CPU from exec to registered : the same", f"{own:.0f} : {bare_one:.0f} ms", own / bare_one, 1.2),
        Result("memory at rest : the same", f"{idle:.1f} : {least:.1f} MiB", idle / least, 1.2),
    ]


def answered() -> list[Result]:
    """Memory of the installed file, on this host, once a benchmark of systems and Docker's were asked for."""
    names = [{"op": 2, "expr": each.name} for each in (BENCHMARK, CIS_DOCKER[0])]
    context = {"constraints": [{"name": "benchmark", "list": names, "affinity": "TEXT"}]}
    with tempfile.TemporaryDirectory() as folder, cores() as core:
        _, script = installed(Path(folder))
        process = core.spawn(script, environment=STUB)
        core.registered()
        time.sleep(SETTLED)
        sizes = [memory(process)]
        for _ in range(QUERIES):
            reply = core.call("audit_verdicts", {"action": "generate", "context": json.dumps(context)})
            if not reply.rows:
                raise SetupError(f"audit_verdicts: expected rows, found {reply.message!r}")
            sizes.append(memory(process))
            time.sleep(1.1)  # after which the host is read again
    rest, once, later, last = sizes[0], sizes[1], sizes[QUERIES // 2], sizes[-1]
    what = f"memory once {BENCHMARK.short_name} and {CIS_DOCKER[0].short_name} were asked for, in MiB more than at rest"
    # The search for privileged programs goes on during the first of them.
    again = f"its growth from query {QUERIES // 2} to query {QUERIES}, in MiB"
    return [
        Result(what, f"{once:.1f} - {rest:.1f} MiB", once - rest),
        Result(again, f"{last:.1f} - {later:.1f} MiB", last - later, 1),
    ]


def at_rest(listing: Listing) -> list[Result]:
    """Memory with ten thousand rules that were asked for, and the CPU time of a minute without a question."""
    with cores() as core, cores() as other:
        full, extension = ours(core, listing, MANY)
        few, sibling = ours(other, listing, 16)
        for _ in range(3):
            asked(core, extension.uuid)
            asked(other, sibling.uuid)
            time.sleep(1.1)
        more, less = memory(full), memory(few)
        before = ticks(few)
        time.sleep(IDLE)
        spent = ticks(few) - before
        judged = [judging(core, extension, full), judging(other, sibling, few)]
    return [
        Result("memory for 10,000 rules, in MiB", f"{more:.1f} - {less:.1f} MiB", more - less, 20),
        Result(
            "the same once `audit_verdicts` was asked for",
            f"{judged[0]:.1f} - {judged[1]:.1f} MiB",
            judged[0] - judged[1],
        ),
        Result(f"clock ticks of CPU in {IDLE} s at rest", f"{spent}", spent, 2),
    ]


def judging(core: Core, extension: Extension, process: Process) -> float:
    """Memory once all controls were judged."""
    reply = core.call_item(extension.uuid, "table", "audit_verdicts", {"action": "generate"})
    if not reply.rows:
        raise SetupError(f"audit_verdicts: expected rows, found {reply.message!r}")
    return memory(process)


def ticks(process: Process) -> int:
    """CPU time so far."""
    fields = Path(f"/proc/{process.popen.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])  # utime and stime of proc(5)


@contextmanager
def cores() -> Iterator[Core]:
    """Give a core in a folder of its own, whose watcher stays out of the way."""
    # Short, as a socket's path must be.
    with tempfile.TemporaryDirectory(prefix="be", dir="/tmp") as folder, Core(Path(folder), interval=3600) as core:
        yield core


def main() -> int:
    """Run everything; 2 if something that it needs is missing."""
    with tempfile.TemporaryDirectory() as folder:
        compileall.compile_dir(next(iter(auditrules.__path__)), quiet=1)
        try:
            listing = Listing(Path(folder))
            listing.once(16)
        except SetupError as error:
            print(error, file=sys.stderr)
            return 2
        print("| ours : theirs | medians | ratio or amount | at most | |\n|---|---|---|---|---|", flush=True)
        measures: tuple[Callable[[], list[Result]], ...] = (
            lambda: served(listing, 400, 0.5, 0.1),
            lambda: controls(listing, 400),
            lambda: [judged_anew(listing, 400)],
            lambda: os_controls(listing, 400),
            lambda: [new_paths(listing, 400)],
            lambda: [first(listing, 400)],
            lambda: on_container_host(listing),
            lambda: many(listing),
            lambda: [searched()],
            before_loading,
            starts,
            lambda: commands(Path(folder), *installed(Path(folder))),
            answered,
            lambda: at_rest(listing),
            lambda: served(listing, 16),
        )
        for measure in measures:
            for result in measure():
                print(result.line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

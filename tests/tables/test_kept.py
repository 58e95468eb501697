"""Tables keep what they made while it holds, and never longer: work and memory, then a law over a host that changes."""

from __future__ import annotations

import shutil
import struct
import tempfile
import tracemalloc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import File, Kernel, Netlink, Run, Sources
from auditrules.audit.model.host_facts import Entry, Mount
from auditrules.audit.model.rule import Action, FilterList, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.benchmarks.requirement import Fact
from auditrules.host import Host, KeptHost
from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import Row
from auditrules.plugin.table import Table
from auditrules.tables import build
from tests.fixtures.hosts import BARE, Given, Look, saved, status
from tests.fixtures.work import calls
from tests.laws import law

RULE = encode(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS))


def netlink(*, lost: int, backlog: int) -> Kernel:
    return Kernel("netlink", netlink=Netlink((RULE,), struct.pack("=10I", 0, 1, 1, 7, 0, 64, lost, backlog, 0, 0)))


def auditctl(*, lost: int, backlog: int) -> Kernel:
    listing = Run(("/usr/sbin/auditctl", "-l"), 0, b"-w /etc -p wa\n")
    return Kernel(
        "auditctl",
        listing=listing,
        status=Run(("/usr/sbin/auditctl", "-s"), 0, status(lost=lost, backlog=backlog).encode()),
    )


def table_of(name: str, tables: Iterable[Table]) -> Table:
    (found,) = (table for table in tables if table.schema.name == name)
    return found


def rules_table(*sources: Sources) -> Table:
    """The table `audit_rules` of a host that reads so, one time after the other."""
    looks = iter(sources)
    return table_of("audit_rules", build(Given(lambda: next(looks))))


def rows_of(table: Table) -> list[Row]:
    return list(table.rows(Context()))


WATCHES = ("-w /etc/docker -p wa -k docker", "-w /usr/bin/dockerd -p x -k docker")
MANY = tuple(f"-w /srv/{number} -p wa" for number in range(100))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (netlink(lost=0, backlog=0), netlink(lost=0, backlog=0)),
        (netlink(lost=0, backlog=0), netlink(lost=9, backlog=3)),
        (auditctl(lost=0, backlog=0), auditctl(lost=9, backlog=3)),
    ],
    ids=["nothing new", "counts over netlink", "counts of auditctl"],
)
def test_rules_that_read_the_same_make_no_work_again(first: Kernel, then: Kernel) -> None:
    sources = Look.at(BARE).with_rules(*WATCHES).sources
    table = rules_table(replace(sources, kernel=first), replace(sources, kernel=then, consumer="auditd"))
    before, after = (calls(lambda: rows_of(table)) for _ in range(2))
    assert after < before / 10


def test_a_rule_more_shares_the_rows_of_the_others() -> None:
    look = Look.at(BARE)
    table = rules_table(look.with_rules(*MANY).sources, look.with_rules(*MANY, "-w /other -p w").sources)
    held = []
    tracemalloc.start()
    rows = []
    for _ in range(2):
        before, _ = tracemalloc.get_traced_memory()
        rows.append(rows_of(table))
        held.append(tracemalloc.get_traced_memory()[0] - before)
    tracemalloc.stop()
    assert len(rows[1]) - len(rows[0]) == 1
    assert held[1] < held[0] / 2


def test_a_rule_that_says_something_else_has_a_row_of_its_own() -> None:
    look = Look.at(BARE)
    table = rules_table(look.with_rules(WATCHES[0]).sources, look.with_rules(WATCHES[1]).sources)
    assert [rows_of(table)[1]["path"] for _ in range(2)] == ["/etc/docker", "/usr/bin/dockerd"]


def test_a_mode_that_auditctl_refuses_shows_at_once_though_the_file_reads_the_same() -> None:
    rules = File("/etc/audit/audit.rules", b"-w /etc/docker -p wa\n", mode=0o640, uid=0)
    sources = replace(Look.at(BARE).sources, kernel=auditctl(lost=0, backlog=0))
    table = rules_table(*(replace(sources, audit_rules=file) for file in (rules, replace(rules, mode=0o666))))
    states = [[row["state"] for row in rows_of(table) if row["source"] == "audit.rules"] for _ in range(2)]
    assert states == [["missing"], ["unreached"]]


def test_what_the_kernel_counts_is_told_by_the_status_at_once() -> None:
    looks = iter([replace(Look.at(BARE).sources, kernel=netlink(lost=lost, backlog=0)) for lost in (0, 9)])
    table = table_of("audit_status", build(Given(lambda: next(looks))))
    assert [row["lost"] for _ in range(2) for row in table.rows(Context())] == ["0", "9"]


# A host of real files that changes; what was kept of it has to be what a first look finds.

LIVE = ("-w /etc -p wa -k etc", "-w /usr/bin/dockerd -p rwxa -k docker", "-w /var/lib/docker -p wa -k docker")
ROOT = Mount(1, 0, "/", "/", "ext4", "8:1", early=True)


@dataclass
class Live:
    """A host of the files below a folder. Of its mounts, which no test can change, it is told."""

    root: Path
    mounts: tuple[Mount, ...] = (ROOT,)
    _collectors: dict[str, Host] = field(default_factory=dict)

    @property
    def _host(self) -> Host:
        return self._collectors.setdefault("", Host(str(self.root), str(self.root / "listing")))

    def sources(self) -> Sources:
        found = self._host.sources()
        return replace(found, facts=replace(found.facts, mounts=self.mounts))

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        return self._host.look(paths)

    def site(self) -> tuple[File, ...]:
        return self._host.site()

    def fact(self, fact: Fact) -> object:
        return self._host.fact(fact)

    def tables(self) -> tuple[Table, ...]:
        """The tables over it, which collect it again at each question."""
        ticks = iter(range(10**9))
        return build(KeptHost(self, lambda: next(ticks), max_age=0))

    def anew(self) -> Live:
        """The same host, of which nothing was seen yet."""
        return Live(self.root, self.mounts)


def made(folder: Path) -> Live:
    root = Path(shutil.copytree(BARE.parent / "docker", folder / "root", symlinks=True))
    (root / "var/lib/docker").mkdir(parents=True, exist_ok=True)
    host = Live(root)
    listed(host, *LIVE)
    replaced(host, "etc/audit/rules.d/a.rules", "-D\n" + "".join(f"{line}\n" for line in LIVE))
    return host


def listed(host: Live, *lines: str, enabled: int = 1) -> None:
    (host.root / "listing").write_bytes(saved(*lines, state=status(enabled=enabled)))


def replaced(host: Live, path: str, content: str) -> None:
    file = host.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.new")
    new.write_text(content, encoding="utf-8")
    new.rename(file)


def mounted(host: Live, *points: str) -> None:
    host.mounts = (ROOT, *(Mount(n, 1, at, "/", "ext4", f"8:{n}", early=None) for n, at in enumerate(points, start=2)))


def gone(host: Live, path: str) -> None:
    (host.root / path).unlink(missing_ok=True)


def linked(host: Live, path: str, target: str) -> None:
    gone(host, path)
    (host.root / path).symlink_to(target)


CHANGES: Mapping[str, Callable[[Live], None]] = {
    "nothing": lambda _: None,
    "a daemon that was replaced": lambda host: replaced(host, "usr/bin/dockerd", "new"),
    "no daemon": lambda host: gone(host, "usr/bin/dockerd"),
    "the daemon is a link": lambda host: linked(host, "usr/bin/dockerd", "/opt/dockerd"),
    "what the link leads to": lambda host: replaced(host, "opt/dockerd", "other"),
    "another data root": lambda host: replaced(host, "etc/docker/daemon.json", '{"data-root": "/srv/docker"}'),
    "an empty daemon.json": lambda host: replaced(host, "etc/docker/daemon.json", ""),
    "no rule in the kernel": listed,
    "a watch fewer": lambda host: listed(host, *LIVE[:1]),
    "auditing is off": lambda host: listed(host, *LIVE, enabled=0),
    "a rules file": lambda host: replaced(host, "etc/audit/rules.d/a.rules", f"-D\n{LIVE[0]}\n"),
    "another rules file": lambda host: replaced(host, "etc/audit/rules.d/a.rules", "-w /usr/bin -p x\n"),
    "a mount on a watched folder": lambda host: mounted(host, "/etc/docker"),
    "a mount on the programs": lambda host: mounted(host, "/usr/bin", "/var/lib/docker"),
    "a container": lambda host: mounted(host, "/var/lib/docker/overlay2/1/merged", "/run/docker/netns/1"),
    "another container": lambda host: mounted(host, "/var/lib/docker/overlay2/2/merged", "/run/docker/netns/2"),
    "no mount but the root": mounted,
}
SILENT = {
    "nothing",
    "a daemon that was replaced",
    "what the link leads to",
    "an empty daemon.json",
    "no mount but the root",
}
"""Changes that show nowhere on a host that is as it was made: a watch follows its file."""
ASKED = {
    "audit_verdicts": {"benchmark": ["CIS Docker Benchmark"], "version": ["1.2.0"]},
    "audit_requirements": {"benchmark": ["CIS Docker Benchmark"], "version": ["1.2.0"]},
    "audit_coverage": {"path": ["/usr/bin/dockerd", "/etc/docker", "/var/lib/docker", "/srv/docker"]},
    "audit_rules": {},
    "audit_status": {},
}


def answers(tables: Iterable[Table]) -> dict[str, list[dict[str, str]]]:
    """Give the rows of each table that is asked."""
    return {
        table.schema.name: [
            dict(row)
            for row in table.rows(
                Context(
                    tuple(
                        Constraint(column, ConstraintOperator.EQUALS, value)
                        for column, values in ASKED[table.schema.name].items()
                        for value in values
                    )
                )
            )
        ]
        for table in tables
        if table.schema.name in ASKED
    }


@law(0.5)
@given(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=5))
def test_after_any_changes_the_tables_say_what_tables_that_never_looked_say(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = made(Path(folder))
        tables = host.tables()
        answers(tables)
        for name in names:
            CHANGES[name](host)
            assert answers(tables) == answers(host.anew().tables()), name


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - SILENT))
def test_each_of_these_changes_shows(name: str, tmp_path: Path) -> None:
    host = made(tmp_path)
    before = answers(host.tables())
    CHANGES[name](host)
    assert answers(host.anew().tables()) != before

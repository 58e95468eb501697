"""Every policy against hosts that pass, that it does not concern, that fail, and that can't be read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from auditrules.audit.model.collected import File, Kernel, Run, Sources, Units
from auditrules.benchmarks import CIS_DOCKER
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.packs.control_policies import policy
from auditrules.packs.policies import GENERAL, LABELS
from auditrules.plugin.row import ROWID
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.sql.standins import FLAGS, REGISTRY
from auditrules.tables import build
from tests.core import tables as core
from tests.fixtures.hosts import BARE, DOCKER, Given, Look, root, status
from tests.fixtures.judged import DARK, FULL, NONE, Covered, Target, judged, table

CONTROLS = [control for benchmark in (CIS_DOCKER[0], CIS_DOCKER[-1]) for control in benchmark.controls]
each_control = pytest.mark.parametrize("control", CONTROLS, ids=lambda each: f"{each.version}-{each.id}")


def rows(tables: Iterable[Table], sql: str) -> int:
    """How many rows a query gives, in the embedded host and in osquery's own tables alike."""
    every = tuple(tables)
    with Database(every) as database:
        found = len(database.query(sql).rows)
    other = core.Database()
    for each in every:
        other.attach(each.schema.name, core.local(each))
    assert len(other.query(sql.rstrip().rstrip(";"))) == found
    return found


# The controls


PARTLY = Covered("w", "xa", reason="conditional")
ABSENT = Target(NONE, NONE, reason="absent")
UNINSTALLED = Target(DARK, DARK, reason="not_installed")
OTHER = "/opt/other"
HOSTS: dict[str, tuple[tuple[Target, ...], int]] = {
    "passes": ((Target(),), 1),
    "passes now, and not after the next boot": ((Target(FULL, NONE),), 1),
    "passes in each place": ((Target(), Target(path=OTHER)), 1),
    "not applicable, no Docker": ((UNINSTALLED,), 1),
    "not applicable, nothing there": ((ABSENT,), 1),
    "passes in the place where it is": ((ABSENT, Target(path=OTHER)), 1),
    "fails": ((Target(NONE, NONE),), 0),
    "fails in part": ((Target(PARTLY, PARTLY),), 0),
    "fails in one of two places": ((Target(), Target(NONE, NONE, path=OTHER)), 0),
    "passes only after the next boot": ((Target(NONE, FULL),), 0),
    "unreadable": ((Target(DARK, DARK),), 0),
    "unreadable in one of two places": ((Target(), Target(DARK, DARK, path=OTHER)), 0),
    "a target nobody knows": ((Target(), Target(path="", reason="unreadable", error="x")), 0),
    "a path that nothing is said of": ((ABSENT, Target(path="")), 0),
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_control_gives_a_row_if_it_passes_and_none_otherwise(host: str) -> None:
    given, expected = HOSTS[host]
    assert {rows((table(judged(given, control=each)),), policy(each).sql) for each in CONTROLS} == {expected}


@each_control
def test_a_control_that_is_not_judged_gives_no_row(control: BenchmarkControl) -> None:
    others = (judged((Target(),), control=each) for each in CONTROLS if each is not control)
    assert rows((table(*others),), policy(control).sql) == 0


@each_control
def test_a_policy_asks_the_table_once_for_each_status(control: BenchmarkControl) -> None:
    calls: list[str] = []
    with Database([table(judged((Target(), Target(path=OTHER)), control=control), calls=calls)]) as database:
        database.query(policy(control).sql)
    assert calls == ["audit_verdicts"] * 2


# The others, by name


POLICIES = {each.name: each.sql for each in GENERAL}
LISTING = ("/usr/sbin/auditctl", "-l")
WATCH = "-w /usr/bin/dockerd -p wxa -k docker\n"
FOLDER = "/etc/audit/rules.d/docker.rules"
UNITS = Units(augenrules=True, awk="/usr/bin/mawk")


def kernel(rules: str = WATCH, state: str | None = None) -> Kernel:
    listing = Run(LISTING, 0, rules.encode())
    return Kernel("auditctl", listing=listing, status=Run(LISTING, 0, (status() if state is None else state).encode()))


@dataclass(frozen=True)
class Machine:
    """A host by what its kernel and its one rules file say."""

    kernel: Kernel
    rules: str = WATCH
    consumer: str = "auditd"

    def tables(self, flags: dict[str, str] | None = None) -> tuple[Table, ...]:
        look = Look.at(DOCKER).sources
        sources = replace(
            Sources(self.kernel, facts=look.facts, units=UNITS, consumer=self.consumer),
            rules_d=(File(FOLDER, self.rules.encode()),),
        )
        told = {"disable_audit": "true"} if flags is None else flags
        return (*build(Given.at_rest(sources)), _of(FLAGS, [{"name": k, "value": v} for k, v in told.items()]))


def _of(schema: Schema, cells: list[dict[str, str]]) -> Table:
    filled = [{**dict.fromkeys(schema.names, ""), **row, ROWID: str(number)} for number, row in enumerate(cells)]
    return Table(schema, lambda _: filled)


UNREAD = Machine(Kernel("none", reason="nobody asked"))
GOOD = Machine(kernel())


@pytest.mark.parametrize(
    ("name", "host", "expected"),
    [
        ("audit rules can be read", GOOD, 1),
        ("audit rules can be read", Machine(kernel("No rules\n")), 1),
        ("audit rules can be read", Machine(kernel(state=status(enabled=0))), 1),
        ("audit rules can be read", UNREAD, 0),
        ("audit rules can be read", Machine(Kernel("auditctl", listing=Run(LISTING, 1, b"", b"no"))), 0),
        ("audit records are read and none are lost", GOOD, 1),
        ("audit records are read and none are lost", Machine(kernel(state=status(lost=1))), 0),
        ("audit records are read and none are lost", Machine(kernel(state=status(pid=0)), consumer=""), 0),
        ("audit records are read and none are lost", Machine(kernel(state=status(enabled=0))), 0),
        ("audit records are read and none are lost", UNREAD, 0),
        ("audit rules of the files are loaded", GOOD, 1),
        ("audit rules of the files are loaded", Machine(kernel("No rules\n")), 0),
        ("audit rules of the files are loaded", Machine(kernel("No rules\n"), rules=""), 1),
        ("audit rules of the files are loaded", UNREAD, 0),
        ("audit rules of the kernel are in the files", GOOD, 1),
        ("audit rules of the kernel are in the files", Machine(kernel(), rules=""), 0),
        ("audit rules of the kernel are in the files", Machine(kernel("No rules\n"), rules=""), 1),
        ("audit rules of the kernel are in the files", UNREAD, 0),
    ],
)
def test_a_policy_gives_a_row_where_it_passes_and_none_elsewhere(name: str, host: Machine, expected: int) -> None:
    assert rows(host.tables(), POLICIES[name]) == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"disable_audit": "true", "audit_allow_config": "false"}, 1),
        ({"disable_audit": "false", "audit_allow_config": "false"}, 0),
        ({"disable_audit": "false", "audit_allow_config": "true", "audit_force_reconfigure": "true"}, 0),
        ({}, 0),
    ],
)
def test_osquery_that_takes_the_stream_fails(flags: dict[str, str], expected: int) -> None:
    assert rows(GOOD.tables(flags), POLICIES["osquery leaves auditing to auditd"]) == expected


SYSTEMS = {
    "Ubuntu 22.04 hosts": "ID=ubuntu\nVERSION_ID=22.04\n",
    "Debian 12 hosts": "ID=debian\nVERSION_ID=12\n",
    "RHEL 9 hosts": "ID=rhel\nVERSION_ID=9.4\n",
    "Oracle Linux 8 hosts": "ID=ol\nVERSION_ID=8.10\n",
    "Amazon Linux 2023 hosts": "ID=amzn\nVERSION_ID=2023\n",
    "": "ID=arch\n",
}


@pytest.mark.parametrize(("name", "release"), SYSTEMS.items(), ids=SYSTEMS)
def test_the_label_of_a_system_finds_its_hosts_and_no_others(name: str, release: str, tmp_path: Path) -> None:
    tables = Look.at(root(tmp_path, {"etc/os-release": release})).tables()
    assert [label.name for label in LABELS[3:] if rows(tables, label.sql)] == ([name] if name else [])


# Whether the extension is there


def test_the_extension_is_seen_where_it_is_and_missed_where_it_is_not_without_an_error() -> None:
    sql = POLICIES["audit_rules extension is loaded"]
    assert rows(Look.at(BARE).tables(), sql) == 1
    assert rows((_of(REGISTRY, []),), sql) == 0


@pytest.mark.parametrize(("root", "expected"), [(DOCKER, 1), (BARE, 0)], ids=["docker", "bare"])
def test_the_labels_find_their_hosts(root: Path, expected: int) -> None:
    look = Look.at(root)
    loaded, docker, readable = (label.sql for label in LABELS[:3])
    assert rows(look.tables(), loaded) == 1
    assert rows(look.tables(), docker) == expected
    assert rows(look.tables(), readable) == 0
    assert rows(look.with_listing((WATCH + status()).encode()).tables(), readable) == 1

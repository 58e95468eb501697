"""The rows of `audit_verdicts` and `audit_requirements`, over a host whose services and answers are given."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from auditrules.audit.coverage.rule_source import PathAnswer
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks import CIS_DOCKER, catalogue
from auditrules.benchmarks.catalogue import Catalogue
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.kinds.path import PathRequirement
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost
from auditrules.benchmarks.services import Found, Services
from auditrules.host import Host as RealHost
from auditrules.host import KeptHost
from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.plugin.row import ROWID, Row
from auditrules.tables import build
from auditrules.tables.judging import HostJudge
from auditrules.tables.schemas import AUDIT_REQUIREMENTS, AUDIT_VERDICTS
from auditrules.tables.verdicts import VerdictTables
from tests.fixtures.hosts import Look, root, saved
from tests.fixtures.judged import CONTROLS, FULL, LINE, NONE, Covered, required
from tests.fixtures.site import FOLDER, SITE, tailoring, write_site

OWN = "/usr/bin/dockerd"
NOWHERE: dict[str, Found | None] = dict.fromkeys(path for control in CONTROLS for path in required(control).places)
DOCKER = Services(found=NOWHERE | {OWN: Found(OWN)})
BROKEN_JSON = File("/etc/docker/daemon.json", b"?")
WATCH = "-w /usr/bin/dockerd -p wxa -k docker"
DAEMON = {"benchmark": "CIS Docker Benchmark", "version": "1.2.0", "control": "1.2.3"}


class Audit(HostAudit):
    """A host on which every path has one answer now and one after the next boot."""

    def __init__(self, answers: Mapping[str, Covered]) -> None:
        super().__init__(Sources(Kernel("listing", saved=File("saved", saved(WATCH)))))
        self._given = answers

    def coverage(self, path: str, source: str, _seen: Mapping[str, Entry]) -> PathAnswer:
        return self._given[source].answer(path, source)


@dataclass
class Host:
    """A host whose services and answers are given; it notes the paths that are looked at."""

    found: Services = DOCKER
    now: Covered = FULL
    boot: Covered = FULL
    looked_at: list[Sequence[str]] = field(default_factory=list)

    def audit(self) -> HostAudit:
        return Audit({"kernel": self.now, "boot": self.boot})

    def site(self) -> tuple[File, ...]:
        return ()

    def facts(self, _needs: Collection[Fact]) -> HostFacts:
        return HostFacts(docker=self.found)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        self.looked_at.append(tuple(paths))
        return {}

    def judge(self) -> VerdictTables:
        return VerdictTables(HostJudge(self, lambda: Catalogue(CIS_DOCKER)))


def asking(**wanted: str | Sequence[str]) -> Context:
    """The context of a query with these equalities."""
    return Context(
        tuple(
            Constraint(column, ConstraintOperator.EQUALS, value)
            for column, values in wanted.items()
            for value in ([values] if isinstance(values, str) else values)
        )
    )


def verdict(host: Host, **wanted: str) -> Row:
    (row,) = host.judge().verdicts(asking(**(DAEMON | wanted)))
    return row


def requirements(host: Host, **wanted: str) -> list[Row]:
    return host.judge().requirements(asking(**wanted))


def test_a_verdict_has_a_cell_in_every_column() -> None:
    row = verdict(Host(boot=NONE))
    assert {name: row[name] for name in AUDIT_VERDICTS.names} == {
        **DAEMON,
        "title": "Auditing for the Docker daemon executable is configured",
        "level": "1",
        "applies": "1",
        "newest": "0",
        "target": OWN,
        "status": "pass",
        "reason": "covered",
        "evidence": f"{LINE.removesuffix(':3')}; after the next boot: fail (no_rule)",
        "evidence_lines": f"{LINE}; after the next boot: fail (no_rule)",
        "remediation": "",
        "next_boot": "fail",
        "grep_verdict": "pass",
    }


def test_without_constraints_every_control_has_one_row() -> None:
    rows = Host().judge().verdicts(Context())
    assert [(row["benchmark"], row["version"], row["control"]) for row in rows] == [each.key for each in CONTROLS]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"version": "1.2.0"}, 10),
        ({"version": ["1.2.0", "1.8.0"]}, 26),
        ({"control": "1.1.3"}, 5),
        ({"version": "1.8.0", "control": ["1.1.3", "1.1.4", "9"]}, 2),
        ({"benchmark": "CIS Docker"}, 0),
        ({"version": "nope"}, 0),
    ],
)
def test_equalities_narrow_what_is_judged(wanted: dict[str, str | Sequence[str]], count: int) -> None:
    assert len(Host().judge().verdicts(asking(**wanted))) == count


def test_only_the_paths_of_what_is_asked_for_are_looked_at() -> None:
    host = Host()
    host.judge().verdicts(asking(**DAEMON))
    assert host.looked_at == [(OWN,)]


def test_a_comparison_that_is_no_equality_judges_all() -> None:
    like = Context((Constraint("control", ConstraintOperator.LIKE, "1.2.%"),))
    assert len(Host().judge().verdicts(like)) == len(CONTROLS)


def test_the_newest_version_is_marked() -> None:
    rows = Host().judge().verdicts(Context())
    assert {row["version"] for row in rows if row["newest"] == "1"} == {"1.8.0"}


def test_a_verdict_is_made_anew_when_the_host_changes() -> None:
    host = Host()
    judge = host.judge()
    first = judge.verdicts(asking(**DAEMON))[0]["status"]
    host.now = NONE
    assert (first, judge.verdicts(asking(**DAEMON))[0]["status"]) == ("pass", "fail")


def test_a_rowid_stays_when_the_verdict_changes() -> None:
    host = Host()
    before = verdict(host)[ROWID]
    host.now = NONE
    assert verdict(host)[ROWID] == before


def test_a_requirement_has_a_cell_in_every_column() -> None:
    now, _ = requirements(Host(now=Covered("w"), boot=NONE), version="1.2.0", control="1.2.3")
    assert {name: now[name] for name in AUDIT_REQUIREMENTS.names if name != "remediation"} == {
        **DAEMON,
        "source": "kernel",
        "kind": "path",
        "subject": OWN,
        "required": "wxa",
        "who": "everybody",
        "origin": "benchmark",
        "status": "fail",
        "reason": "covered",
        "missing": "xa",
        "evidence": f"{LINE.removesuffix(':3')}; not recorded: xa",
    }
    assert now["remediation"].startswith("Put the line -w /usr/bin/dockerd -k docker into /etc/audit/rules.d/")


def test_a_requirement_has_a_row_now_and_one_after_the_next_boot() -> None:
    found = requirements(Host(boot=NONE), version="1.2.0", control="1.2.3")
    assert [(row["source"], row["status"], row["missing"]) for row in found] == [
        ("kernel", "pass", ""),
        ("boot", "fail", "wxa"),
    ]


def test_a_requirement_that_does_not_apply_says_why() -> None:
    found = requirements(Host(), version="1.2.0", control="1.2.8")
    assert {(row["status"], row["reason"], row["remediation"]) for row in found} == {("not_applicable", "absent", "")}


def test_a_requirement_whose_place_is_not_known_has_no_subject_and_says_why() -> None:
    host = Host(Services(found=DOCKER.found, configs={BROKEN_JSON.path: BROKEN_JSON}))
    found = [row for row in requirements(host, version="1.8.0", control="1.1.5") if not row["subject"]]
    assert {(row["status"], row["reason"], row["missing"], row["remediation"]) for row in found} == {
        ("unknown", "unreadable", "wa", "")
    }
    assert all(row["evidence"].startswith("/etc/docker/daemon.json: expected JSON: ") for row in found)


def test_the_remediation_is_for_the_place_a_link_leads_to() -> None:
    linked = Services(found=NOWHERE | {OWN: Found("/opt/docker/dockerd", link=True)})
    now, _ = requirements(Host(linked, now=NONE, boot=NONE), version="1.2.0", control="1.2.3")
    assert now["subject"] == OWN
    assert " -w /opt/docker/dockerd -k docker " in now["remediation"]


def test_requirements_stand_in_the_order_of_the_controls() -> None:
    order = {each.key: place for place, each in enumerate(CONTROLS)}
    places = [order[row["benchmark"], row["version"], row["control"]] for row in requirements(Host())]
    assert places == sorted(places)


def test_every_requirement_has_a_rowid_of_its_own_that_stays() -> None:
    ids = [row[ROWID] for row in requirements(Host())]
    assert len(set(ids)) == len(ids)
    assert ids == [row[ROWID] for row in requirements(Host(now=NONE))]


def test_control_bytes_of_a_path_are_escaped() -> None:
    told = File("/etc/docker/daemon.json", b'{"data-root": "/d\\u001b[2J"}')
    host = Host(Services(found=DOCKER.found, configs={told.path: told}))
    assert "/d\\x1b[2J" in {row["subject"] for row in requirements(host, version="1.2.0", control="1.2.4")}


class Missing(Audit):
    """A host without the directories that are asked for: their names are recorded, what will be in them is not."""

    def coverage(self, path: str, source: str, _seen: Mapping[str, Entry]) -> PathAnswer:
        covered = NONE if path.endswith("/name") else Covered("wa", unknown="x")
        return replace(covered.answer(path, source), exists=False)


def test_a_watch_on_what_is_no_directory_yet_does_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host()
    monkeypatch.setattr(host, "audit", lambda: Missing({}))
    (row,) = host.judge().verdicts(asking(version="1.2.0", control="1.2.5"))
    assert (row["status"], row["reason"], row["target"]) == ("fail", "not_recursive", "/etc/docker")


# Which benchmarks are judged


def on(tmp_path: Path, release: str = "", site: Mapping[str, object] | None = None) -> Look:
    """A host with a daemon, an os-release and files of its site's own."""
    files = {"etc/os-release": release} if release else {}
    made = root(tmp_path / "root", files)
    if site:
        write_site(made, site)
    return Look.at(made)


DEBIAN = "ID=debian\nVERSION_ID=12\n"


def test_a_benchmark_for_another_system_is_not_looked_into(tmp_path: Path) -> None:
    rows = on(tmp_path, DEBIAN).rows(
        "SELECT DISTINCT applies, status, reason, evidence, next_boot, target FROM audit_verdicts "
        "WHERE benchmark = 'CIS Red Hat Enterprise Linux 9 Benchmark'"
    )
    assert rows == [
        {
            "applies": 0,
            "status": "not_applicable",
            "reason": "other_system",
            "evidence": "for rhel 9, not debian 12",
            "next_boot": "not_applicable",
            "target": "",
        }
    ]


def test_it_has_no_requirements(tmp_path: Path) -> None:
    sql = "SELECT * FROM audit_requirements WHERE benchmark = 'CIS Red Hat Enterprise Linux 9 Benchmark'"
    assert on(tmp_path, DEBIAN).rows(sql) == []


def test_what_applies_is_what_is_for_the_system_and_what_is_for_any(tmp_path: Path) -> None:
    rows = on(tmp_path, DEBIAN).rows("SELECT DISTINCT benchmark FROM audit_verdicts WHERE applies = 1 AND newest = 1")
    assert {row["benchmark"] for row in rows} == {
        "CIS Docker Benchmark",
        "CIS Debian Linux 12 Benchmark",
        "audit-userspace 30-stig.rules",
        "audit-userspace rules for OSPP 4.2",
        "audit-userspace rules for PCI DSS 3.1",
    }


def test_no_file_of_a_benchmark_is_read_that_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    data = catalogue.data

    def noted(name: str) -> bytes:
        read.append(name)
        return data(name)

    monkeypatch.setattr(catalogue, "data", noted)
    monkeypatch.setattr(catalogue, "_all_kept", {})  # as in a process on a host
    catalogue._controls.cache_clear()
    look = on(tmp_path, DEBIAN)
    look.rows("SELECT status FROM audit_verdicts WHERE applies = 1 AND newest = 1")
    assert sorted(read) == [
        "audit-userspace-ospp-ea855020.json",
        "audit-userspace-pci-dss-ea855020.json",
        "audit-userspace-stig-ea855020.json",
        "cis-debian-12-1.1.0.json",
        "cis-docker-1.8.0.json",
    ]


def test_where_the_system_is_not_known_its_benchmarks_are_unknown(tmp_path: Path) -> None:
    sql = (
        "SELECT DISTINCT applies, status, reason FROM audit_verdicts WHERE benchmark = 'CIS Debian Linux 12 Benchmark'"
    )
    assert on(tmp_path, "ID=a\nID='b\n").rows(sql) == [{"applies": 0, "status": "unknown", "reason": "system_unknown"}]


# A site's own


def test_a_benchmark_of_the_site_is_judged(tmp_path: Path) -> None:
    look = on(tmp_path, DEBIAN, {"site.json": SITE}).with_listing(saved("-w /etc/passwd -p wa"))
    (row,) = look.rows(
        "SELECT control, applies, newest, status FROM audit_verdicts WHERE benchmark = 'Example Baseline'"
    )
    assert row == {"control": "A-1", "applies": 1, "newest": 1, "status": "pass"}


def test_a_control_that_is_switched_off_says_so_and_asks_for_nothing(tmp_path: Path) -> None:
    off = tailoring(benchmark="cis-docker", version="1.2.0", control="1.2.3", off=True)
    look = on(tmp_path, site={"off.json": off}).with_listing(saved())
    words = "switched off by Ann: The disk is too small (/etc/osquery-audit-rules/benchmarks.d/off.json)"
    where = "WHERE benchmark = 'CIS Docker Benchmark' AND version = '1.2.0' AND control = '1.2.3'"
    (verdict,) = look.rows(f"SELECT status, reason, evidence, remediation, next_boot FROM audit_verdicts {where}")  # noqa: S608 - ours
    assert tuple(verdict.values()) == ("not_applicable", "switched_off", words, "", "not_applicable")
    found = look.rows(f"SELECT source, status, reason, evidence FROM audit_requirements {where}")  # noqa: S608 - ours
    assert [tuple(row.values()) for row in found] == [
        ("kernel", "not_applicable", "switched_off", words),
        ("boot", "not_applicable", "switched_off", words),
    ]


def test_a_value_that_the_site_changed_is_judged_and_told_whatever_comes_of_it(tmp_path: Path) -> None:
    less = tailoring(benchmark="cis-docker", control="1.2.3", where={"kind": "path"}, set={"permissions": "wa"})
    words = "changed by Ann: The disk is too small (/etc/osquery-audit-rules/benchmarks.d/less.json)"
    look = on(tmp_path, site={"less.json": less})
    where = "WHERE version = '1.2.0' AND control = '1.2.3'"
    told = []
    for rules in (["-w /usr/bin/dockerd -p wa"], []):
        (row,) = look.with_listing(saved(*rules)).rows(f"SELECT status, evidence FROM audit_verdicts {where}")  # noqa: S608 - ours
        told.append((row["status"], str(row["evidence"]).count(words)))
    assert told == [("pass", 1), ("fail", 1)]


# What was judged is kept


def test_nothing_is_judged_again_while_host_and_files_stay_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    own = PathRequirement.judge

    def noted(requirement: PathRequirement, host: JudgedHost, source: str) -> Sequence[Judged]:
        judged.append(source)
        return own(requirement, host, source)

    monkeypatch.setattr(PathRequirement, "judge", noted)
    ticks = iter(range(100))
    view = KeptHost(
        RealHost(str(root(tmp_path)), "none"), lambda: next(ticks), max_age=0
    )  # read again at each question
    judge = VerdictTables(HostJudge(view))
    first = judge.verdicts(asking(**DAEMON))
    assert judged == ["boot", "kernel"]
    assert judge.verdicts(asking(**DAEMON)) == first
    assert judged == ["boot", "kernel"]
    (tmp_path / "usr/bin/dockerd").unlink()
    assert judge.verdicts(asking(**DAEMON))[0]["reason"] == "not_installed"
    (tmp_path / "usr/bin/dockerd").write_text("daemon", "utf-8")
    (tmp_path / "etc/audit").mkdir()
    (tmp_path / "etc/audit/audit.rules").write_text("-w /usr/bin/dockerd -p rwxa\n", "utf-8")
    assert judge.verdicts(asking(**DAEMON))[0]["evidence"] != first[0]["evidence"]


def test_what_a_site_wants_otherwise_now_is_judged_anew(tmp_path: Path) -> None:
    made = root(tmp_path, {"etc/os-release": DEBIAN})
    write_site(made, {"site.json": SITE})
    ticks = iter(range(1000))
    view = KeptHost(RealHost(str(made), "none"), lambda: next(ticks), max_age=0)
    (table,) = (each for each in build(view) if each.schema == AUDIT_REQUIREMENTS)
    asked = asking(benchmark="Example Baseline")
    required = [{row["required"] for row in table.rows(asked)}]
    text = json.dumps(SITE).replace('"wa"', '"rwa"')
    (made / FOLDER / "site.json").write_text(text, "utf-8")
    required.append({row["required"] for row in table.rows(asked)})
    assert required == [{"wa"}, {"rwa"}]


def test_the_lines_of_a_remediation_stay_lines() -> None:
    """Whoever copies them into a rules file has no other use for them."""
    places = {OWN: Found(OWN), "/usr/sbin/dockerd": Found("/usr/sbin/dockerd")}
    row = verdict(Host(Services(found=NOWHERE | places), now=NONE, boot=NONE))
    assert [line for line in row["remediation"].split("\n") if line.startswith("-w ")] == [
        "-w /usr/bin/dockerd -k docker",
        "-w /usr/sbin/dockerd -k docker",
    ]


@pytest.mark.parametrize("method", ["judge", "paths"])
def test_what_goes_wrong_with_one_requirement_ends_no_other(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(f"auditrules.benchmarks.kinds.mount.MountRequirement.{method}", broken)
    controls = [
        {"control": "1", "family": "a", "title": "t", "requires": [each]}
        for each in (
            {"kind": "mount", "path": "/var/log/audit", "separate": True},
            {"kind": "path", "path": "/etc/passwd", "permissions": "wa"},
        )
    ]
    controls[1]["control"] = "2"
    look = on(tmp_path, DEBIAN, {"site.json": {**SITE, "controls": controls}})
    rows = look.with_listing(saved("-w /etc/passwd -p wa")).rows(
        "SELECT status, evidence FROM audit_verdicts WHERE benchmark = 'Example Baseline'"
    )
    assert [row["status"] for row in rows] == ["unknown", "pass"]
    if method == "judge":
        told = "a requirement of the kind mount could not be judged: RuntimeError: no such thing"
        assert rows[0]["evidence"] == told

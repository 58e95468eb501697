from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks import CONTROLS
from auditrules.benchmarks.services import Found, Services
from auditrules.plugin.row import ROWID, Row
from auditrules.tables.schemas import AUDIT_TARGETS
from auditrules.tables.targets import audit_targets

OWN = "/usr/bin/dockerd"
NOWHERE: dict[str, Found | None] = dict.fromkeys(path for control in CONTROLS for path in control.paths)
HOST = Services(found=NOWHERE | {OWN: Found(OWN)}, daemon_json=File("/etc/docker/daemon.json", b"?"))


def of(services: Services, version: str, control: str) -> list[Row]:
    return [row for row in audit_targets(services) if (row["version"], row["control"]) == (version, control)]


def test_a_row_says_what_is_to_be_audited_and_what_to_do() -> None:
    (row,) = of(HOST, "1.2.0", "1.2.3")
    assert {name: row[name] for name in AUDIT_TARGETS.names} == {
        "benchmark": "CIS Docker Benchmark",
        "version": "1.2.0",
        "control": "1.2.3",
        "title": "Auditing for the Docker daemon executable is configured",
        "level": "1",
        "path": OWN,
        "origin": "benchmark",
        "kind": "executable",
        "required": "wxa",
        "applicable": "1",
        "reason": "",
        "error": "",
        "remediation": "Put the line -w /usr/bin/dockerd -p wxa -k docker into /etc/audit/rules.d/docker.rules, then "
        "run augenrules --load; where the rules are locked (enabled 2) they load at the next boot.",
    }


def test_a_target_that_is_not_wanted_says_why() -> None:
    (row,) = of(HOST, "1.2.0", "1.2.8")
    assert (row["applicable"], row["reason"], row["error"]) == ("0", "absent", "")


def test_a_target_whose_place_is_not_known_has_no_path_and_says_why() -> None:
    _, row = of(HOST, "1.8.0", "1.1.5")
    assert (row["path"], row["applicable"], row["reason"], row["remediation"]) == ("", "1", "unreadable", "")
    assert row["error"].startswith("/etc/docker/daemon.json: expected JSON: ")


def test_the_remediation_is_for_where_a_link_leads() -> None:
    linked = Services(found=NOWHERE | {OWN: Found("/opt/docker/dockerd", link=True)})
    (row,) = of(linked, "1.2.0", "1.2.3")
    assert row["path"] == OWN
    assert " -w /opt/docker/dockerd -p wxa " in row["remediation"]


def test_rows_stand_in_the_order_of_benchmark_and_control() -> None:
    rows = audit_targets(HOST)
    order = {(control.version, control.id): place for place, control in enumerate(CONTROLS)}
    places = [order[row["version"], row["control"]] for row in rows]
    assert places == sorted(places)


def test_every_row_has_a_rowid_of_its_own_that_stays() -> None:
    rows = audit_targets(HOST)
    ids = [row[ROWID] for row in rows]
    assert len(set(ids)) == len(ids)
    assert ids == [row[ROWID] for row in audit_targets(HOST)]


def test_control_bytes_of_a_path_are_escaped() -> None:
    file = File("/etc/docker/daemon.json", b'{"data-root": "/d\\u001b[2J"}')
    _, row = of(Services(found=NOWHERE | {OWN: Found(OWN)}, daemon_json=file), "1.2.0", "1.2.4")
    assert row["path"] == "/d\\x1b[2J"

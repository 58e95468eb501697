"""Units that audit: enabled by links, and running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.audit_files import AuditDaemon
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import JudgedHost
from tests.fixtures.requirements import NOTHING, judge, outcome, requirement
from tests.fixtures.requirements import host as bare_host

ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
UNIT = File(f"{USR}/auditd.service", b"[Service]\nExecStart=/sbin/auditd\n[Install]\nWantedBy=multi-user.target\n")
WANTED = {f"{ETC}/multi-user.target.wants/auditd.service": f"{USR}/auditd.service"}

BOTH = {"name": "auditd.service", "enabled": True, "active": True}
ENABLED = {"name": "auditd.service", "enabled": True}
RUNS = AuditDaemon(running=True)


PROGRAM = {
    "/": Entry("dir"),
    "/sbin": Entry("link", target="usr/sbin"),
    "/usr": Entry("dir"),
    "/usr/sbin": Entry("dir"),
    "/usr/sbin/auditd": Entry("file", mode=0o755),
}


def host(seen: Mapping[str, Entry] = PROGRAM, **known: Any) -> JudgedHost:
    """Make a host that has the program of auditd, unless told otherwise."""
    return bare_host(seen=seen, **known)


def units(links: Mapping[str, str] = WANTED, *files: File) -> Units:
    return Units((UNIT, *files), links)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (units(), ("pass", "met")),
        (units({}), ("fail", "not_enabled")),
        (units({f"{USR}/multi-user.target.wants/auditd.service": "../auditd.service"}), ("pass", "met")),
        (units({**WANTED, f"{ETC}/auditd.service": "/dev/null"}), ("fail", "masked")),
        (units({f"{ETC}/multi-user.target.wants/auditd.service": "/dev/null"}), ("fail", "not_enabled")),
        (units({f"{ETC}/rescue.target.wants/auditd.service": "x"}), ("unknown", "unclear")),
        (
            units(WANTED, File(f"{USR}/auditd.service.d/a.conf", b"[Unit]\nConditionPathExists=/x\n")),
            ("unknown", "unclear"),
        ),
        (units(WANTED, File(f"{ETC}/auditd.service", b"")), ("fail", "masked")),
        (Units(), ("fail", "no_unit")),
        (Units(error="/etc/systemd/system: Permission denied"), ("unknown", "unclear")),
        (None, ("unknown", "unclear")),
        # A preset decides once, and is no link.
        (units({}, File(f"{USR}-preset/90-default.preset", b"enable auditd.service\n")), ("fail", "not_enabled")),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_a_unit_is_enabled_by_its_links(found: Units | None, expected: tuple[str, str], source: str) -> None:
    assert outcome(judge(requirement("service", **ENABLED), host(units=found), source)) == expected


@pytest.mark.parametrize(
    ("daemon", "expected"),
    [
        (RUNS, ("pass", "met")),
        (AuditDaemon(running=False), ("fail", "not_running")),
        (AuditDaemon(error="the processes of others can't be seen"), ("unknown", "unreadable")),
        (None, ("pass", "met")),  # an image runs nothing: only whether it is enabled counts
    ],
)
def test_now_its_daemon_runs_too(daemon: AuditDaemon | None, expected: tuple[str, str]) -> None:
    on = host(units=units(), facts=HostFacts(services=daemon))
    assert outcome(judge(requirement("service", **BOTH), on)) == expected


def test_a_daemon_that_runs_does_not_make_its_unit_enabled() -> None:
    on = host(units=units({}), facts=HostFacts(services=RUNS))
    judged = judge(requirement("service", **BOTH), on)
    assert (outcome(judged), judged.evidence) == (("fail", "not_enabled"), "auditd.service is not enabled; auditd runs")


def test_a_next_boot_without_audit_starts_nothing() -> None:
    unit = File(f"{ETC}/auditd.service.d/a.conf", b"[Unit]\nConditionKernelCommandLine=!audit=0\n")
    on = host(units=units(WANTED, unit), cmdline=b"audit=0\n", facts=HostFacts(services=RUNS))
    judged = judge(requirement("service", **BOTH), on, "boot")
    assert outcome(judged) == ("fail", "not_started")
    assert judged.evidence == (
        "auditd.service is enabled; auditd.service is skipped, as ConditionKernelCommandLine=!audit=0 does not hold"
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (units({}), "Run `systemctl --now enable auditd.service`."),
        (
            units({**WANTED, f"{ETC}/auditd.service": "/dev/null"}),
            "Run `systemctl unmask auditd.service`, then `systemctl --now enable auditd.service`.",
        ),
        (Units(), "Install the package of auditd."),
    ],
)
def test_the_remedy_is_for_what_is_missing(found: Units, told: str) -> None:
    assert judge(requirement("service", **ENABLED), host(units=found)).remedy.text == told


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "sshd.service", "enabled": True},
        {"name": "auditd.service"},
        {"name": "audit-rules.service", "active": True},
    ],
)
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("service", **fields)


def drop_in(text: bytes) -> Units:
    return units(WANTED, File(f"{ETC}/auditd.service.d/a.conf", b"[Service]\n" + text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"ExecStart=\nExecStart=/bin/true\n", ("fail", "not_started")),
        (b"ExecStart=\n", ("fail", "not_started")),
        (b"ExecStart=\nExecStart=/usr/sbin/auditd -s nochange\n", ("pass", "met")),
        (b"ExecStart=\nExecStart=-/usr/sbin/auditd\n", ("pass", "met")),
        (b"ExecStart=/bin/true\n", ("unknown", "unclear")),  # two of them, which systemd may refuse
        (b"ExecStart=\nExecStart=/bin/sh -c 'exec auditd'\n", ("unknown", "unclear")),
        (b"ExecStart=\nExecStart=/opt/auditd\n", ("unknown", "unreadable")),
        (b"ExecCondition=/bin/false\n", ("unknown", "unclear")),
        (b"ExecStartPre=/bin/true\n", ("pass", "met")),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
@pytest.mark.parametrize("wanted", [ENABLED, BOTH])
def test_a_unit_that_is_enabled_starts_auditd(
    text: bytes, expected: tuple[str, str], source: str, wanted: dict[str, Any]
) -> None:
    assert outcome(judge(requirement("service", **wanted), host(units=drop_in(text)), source)) == expected


LOADER = "audit-rules.service"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("/usr/sbin/augenrules --load", ("pass", "met")),
        ("-/usr/sbin/auditctl -R /etc/audit/audit.rules", ("pass", "met")),
        ("/bin/true", ("unknown", "unclear")),
        ("/usr/sbin/augenrules --check", ("unknown", "unclear")),
        ("/usr/local/sbin/load-rules", ("unknown", "unclear")),
        ("/bin/sh -c 'augenrules --load'", ("unknown", "unclear")),
    ],
)
def test_a_unit_that_is_enabled_to_load_rules_loads_them(start: str, expected: tuple[str, str]) -> None:
    file = File(f"{USR}/{LOADER}", f"[Service]\nExecStart={start}\n[Install]\nWantedBy=multi-user.target\n".encode())
    link = {f"{ETC}/multi-user.target.wants/{LOADER}": file.path}
    asked = requirement("service", name=LOADER, enabled=True)
    assert outcome(judge(asked, host(units=Units((file,), link)), "boot")) == expected


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({**PROGRAM, "/usr/sbin/auditd": Entry("missing")}, ("fail", "not_started")),
        ({**PROGRAM, "/sbin": Entry("missing")}, ("fail", "not_started")),
        ({**PROGRAM, "/usr/sbin/auditd": Entry("file", mode=0o644)}, ("fail", "not_started")),
        ({**PROGRAM, "/usr/sbin/auditd": Entry("dir", mode=0o755)}, ("fail", "not_started")),
        ({**PROGRAM, "/usr/sbin/auditd": Entry("file")}, ("unknown", "unreadable")),
        (NOTHING, ("unknown", "unreadable")),
    ],
)
def test_the_daemon_of_a_unit_is_there(seen: Mapping[str, Entry], expected: tuple[str, str]) -> None:
    assert outcome(judge(requirement("service", **ENABLED), host(seen, units=units()))) == expected


def test_the_program_is_looked_at_where_distributions_have_it() -> None:
    assert {"/sbin/auditd", "/usr/sbin/auditd"} <= {*requirement("service", **ENABLED).paths(HostFacts())}

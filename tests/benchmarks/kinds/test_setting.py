"""Options of auditd.conf, as auditd itself reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Entry, Version
from auditrules.benchmarks.audit_files import AuditDaemon, AuditFiles
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from tests.fixtures.requirements import CONF, host, judge, outcome, requirement

# What auditd wants to start at all.
SPACE = b"space_left = 75\nadmin_space_left = 50\n"

KEEP = {"option": "max_log_file_action", "values": ["keep_logs"]}
LOW = {"option": "space_left_action", "values": ["email", "exec", "single", "halt"]}
FULL = {"option": "disk_full_action", "values": ["halt", "single"]}
MAIL = {"option": "action_mail_acct", "values": ["root"]}
SIZE = {"option": "max_log_file", "test": "set"}
PERCENT = {"option": "space_left", "test": "min_percent", "min": 25}
FREQ = {"option": "freq", "test": "range", "min": 1, "max": 100}
GROUP = {"option": "log_group", "values": ["adm", "root"]}


def said(asked: dict[str, Any], conf: bytes, **others: Any) -> tuple[str, str]:
    return outcome(judge(requirement("setting", **asked), host(conf=conf, **others)))


@pytest.mark.parametrize(
    ("asked", "conf", "expected"),
    [
        (KEEP, b"max_log_file_action = keep_logs\n", ("pass", "met")),
        (KEEP, b"MAX_LOG_FILE_ACTION = KEEP_LOGS\n", ("pass", "met")),
        (KEEP, b"   max_log_file_action    =    keep_logs   \n", ("pass", "met")),
        (KEEP, b"max_log_file_action = ROTATE\n", ("fail", "wrong_value")),
        (KEEP, b"#max_log_file_action = keep_logs\n", ("fail", "not_set")),
        (KEEP, b"# max_log_file_action = keep_logs\n", ("fail", "not_set")),
        (KEEP, b"max_log_file_action = keep_logs\nmax_log_file_action = rotate\n", ("fail", "wrong_value")),
        (KEEP, b"max_log_file_action = rotate\nmax_log_file_action = keep_logs\n", ("pass", "met")),
        (KEEP, b"", ("fail", "not_set")),
        (LOW, b"space_left_action = email\n", ("pass", "met")),
        (LOW, b"space_left_action = syslog\n", ("fail", "wrong_value")),
        # What unanchored patterns of peers take for it.
        (LOW, b"admin_space_left_action = halt\n", ("fail", "not_set")),
        (LOW, b"#space_left_action = email\n", ("fail", "not_set")),
        (LOW, b"admin_space_left_action = halt\nspace_left_action = ignore\n", ("fail", "wrong_value")),
        # auditd complains of a word too many here, and takes the first.
        (LOW, b"space_left_action = email # by day\n", ("pass", "met")),
        (FULL, b"", ("fail", "not_set")),
        (MAIL, b"action_mail_acct = root\n", ("pass", "met")),
        (MAIL, b"action_mail_acct = Root\n", ("fail", "wrong_value")),
        (MAIL, b"", ("pass", "met")),
        (SIZE, b"max_log_file = 8\n", ("pass", "met")),
        (SIZE, b"", ("fail", "not_set")),
        (PERCENT, b"space_left = 25%\n", ("pass", "met")),
        (PERCENT, b"space_left = 24%\n", ("fail", "wrong_value")),
        (PERCENT, b"", ("unknown", "size_unknown")),
        (FREQ, b"freq = 50\n", ("pass", "met")),
        (FREQ, b"freq = 101\n", ("fail", "wrong_value")),
        (FREQ, b"", ("fail", "not_set")),
        (GROUP, b"log_group = adm\n", ("pass", "met")),
        (GROUP, b"log_group = 0\n", ("pass", "met")),
        (GROUP, b"log_group = 4\n", ("pass", "met")),
        (GROUP, b"log_group = users\n", ("fail", "wrong_value")),
        (GROUP, b"", ("pass", "met")),
        ({"option": "write_logs", "values": ["yes"]}, b"", ("pass", "met")),
        ({"option": "write_logs", "values": ["yes"]}, b"log_format = nolog\n", ("fail", "wrong_value")),
        ({"option": "log_format", "values": ["enriched"]}, b"log_format = RAW\n", ("fail", "wrong_value")),
    ],
)
def test_values(asked: dict[str, Any], conf: bytes, expected: tuple[str, str]) -> None:
    assert said(asked, SPACE + conf, groups={"root": 0, "adm": 4, "users": 100}) == expected


# Lines for which auditd does not start.
@pytest.mark.parametrize(
    ("conf", "why"),
    [
        (b"max_log_file = 50M\n", "expected a number from 0 to 18446744073709551615 as max_log_file, found '50M'"),
        (b"max_log_file = -1\n", "expected a number from 0 to"),
        (b"space_left = 100%\n", "or a percentage as space_left, found '100%'"),
        (b"max_log_file_action=keep_logs\n", "expected NAME = VALUE with a space on either side of the sign"),
        (b"max_log_file_action\t=\tkeep_logs\n", "expected NAME = VALUE"),
        (b"max_log_file_action = keep_logs # always\n", "expected one word as max_log_file_action"),
        (b"max_log_file_action = keep_logs\r\n", "found 'keep_logs\\x0d'"),
        (b"max_log_file_action = exec /bin/x\n", "expected one word as max_log_file_action"),
        (b"max_log_file_action =\n", "expected a value of max_log_file_action"),
        (b"disk_full_action = email\n", "expected one of ignore, syslog, rotate, exec, suspend, single, halt"),
        (b"disk_error_action = rotate\n", "expected one of"),
        (b"disk_full_action = exec bin/x\n", "expected an absolute path after exec"),
        (b"tcp_client_ports = any\n", "expected one number, or two with a dash between"),
        (b"num_logs = 1000\n", "expected a number from 0 to 999"),
        (b"keep_logs = yes\n", "no version of auditd knows the option 'keep_logs'"),
        (b"action_mail_acct = a\n", "expected an account or address"),
        (b"action_mail_acct = root@localhost\n", "expected an account or address"),
        (b"flush = incremental\n", "expected freq to be more than 0 with flush = incremental"),
        (b"space_left = 50\nadmin_space_left = 75\n", "expected space_left to be larger than admin_space_left"),
        (b"\x1b[1m = x\n", "no version of auditd knows the option '\\x1b[1m'"),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_one_line_that_auditd_refuses_is_enough(conf: bytes, why: str, source: str) -> None:
    judged = judge(
        requirement("setting", **KEEP), host(conf=SPACE + b"max_log_file_action = keep_logs\n" + conf), source
    )
    assert outcome(judged) == ("fail", "refused")
    assert judged.evidence.startswith(f"{CONF}: auditd refuses the file: ")
    assert why in judged.evidence
    assert judged.evidence.isprintable()


# What depends on the version of audit: 3.0 enriches by default, 4.0.4 does not halt while there is space.
@pytest.mark.parametrize(
    ("asked", "conf", "version", "expected"),
    [
        ({"option": "log_format", "values": ["enriched"]}, b"", (3, 0, 0), ("pass", "met")),
        ({"option": "log_format", "values": ["enriched"]}, b"", (2, 8, 5), ("fail", "not_set")),
        (LOW, b"space_left_action = halt\n", (4, 0, 3), ("pass", "met")),
        (LOW, b"space_left_action = halt\n", (4, 0, 4), ("fail", "refused")),
        (LOW, b"space_left_action = halt\n", None, ("unknown", "version_unknown")),
        (LOW, b"space_left_action = email\n", None, ("pass", "met")),
        (MAIL, b"report_interval = 1h\n", None, ("pass", "met")),
        (MAIL, b"report_interval = 1h\n", (4, 0, 5), ("pass", "met")),
        (MAIL, b"report_interval = 1h\n", (4, 0, 4), ("fail", "refused")),
        (MAIL, b"q_depth = 2000\n", (2, 8, 5), ("fail", "refused")),
        (KEEP, b"max_log_file_action = keep_logs" + b" " * 200 + b"\n", (3, 0, 0), ("pass", "met")),
    ],
)
def test_versions(asked: dict[str, Any], conf: bytes, version: Version | None, expected: tuple[str, str]) -> None:
    assert said(asked, SPACE + conf, version=version) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [(300 << 20, ("pass", "met")), (301 << 20, ("fail", "wrong_value")), (None, ("unknown", "size_unknown"))],
)
def test_megabytes_are_a_part_of_the_file_system(size: int | None, expected: tuple[str, str]) -> None:
    assert said(PERCENT, SPACE, facts=HostFacts(files=AuditFiles(log_volume=size))) == expected


def test_without_a_file_nothing_is_set() -> None:
    judged = judge(requirement("setting", **MAIL), host())
    assert (outcome(judged), judged.evidence) == (("fail", "no_file"), f"{CONF}: there is no such file")


def test_a_file_that_can_not_be_read_is_unknown() -> None:
    judged = judge(requirement("setting", **MAIL), host(conf=File(CONF, error="Permission denied")))
    assert (outcome(judged), judged.evidence) == (("unknown", "unreadable"), f"{CONF}: Permission denied")


def test_auditd_does_not_follow_a_link() -> None:
    seen = {"/etc": Entry("dir"), "/etc/audit": Entry("dir"), CONF: Entry("link", "x.conf")}
    assert said(MAIL, SPACE, seen=seen) == ("fail", "refused")


def test_auditd_refuses_a_file_that_others_may_write() -> None:
    file = File(CONF, SPACE, mode=0o646, uid=0)
    judged = judge(requirement("setting", **MAIL), host(conf=file))
    assert judged.evidence == f"{CONF}: auditd refuses the file: others may write it (mode 0646)"


def test_evidence_names_the_value_and_only_its_twin_the_line() -> None:
    judged = judge(requirement("setting", **KEEP), host(conf=SPACE + b"\nmax_log_file_action = rotate\n"))
    assert judged.evidence == f"{CONF}: max_log_file_action = rotate"
    assert judged.evidence_lines == f"{CONF}:4: max_log_file_action = rotate"


# Who saves the file changes no evidence, which a differential query sees.
@pytest.mark.parametrize(
    ("started", "changed", "source", "told"),
    [(10, 20, "kernel", True), (20, 10, "kernel", False), (10, 20, "boot", False), (None, 20, "kernel", False)],
)
def test_an_auditd_that_may_have_the_old_file_is_told(
    started: float | None, changed: float, source: str, told: bool
) -> None:
    daemon = AuditDaemon(running=True, started=started)
    on = host(conf=File(CONF, SPACE, changed=changed), facts=HostFacts(services=daemon))
    judged = judge(requirement("setting", **MAIL), on, source)
    assert judged.evidence == f"{CONF}: action_mail_acct is not set, and auditd's default is root"
    remark = "; auditd was started before the file was last changed, and may have the old one"
    assert judged.evidence_lines == (judged.evidence + remark if told else "")


def test_a_default_is_said_to_be_one() -> None:
    judged = judge(requirement("setting", **MAIL), host(conf=SPACE))
    assert judged.evidence == f"{CONF}: action_mail_acct is not set, and auditd's default is root"


def test_the_remedy_names_the_values() -> None:
    judged = judge(requirement("setting", **FULL), host(conf=SPACE))
    assert judged.remedy.first == f"Set `disk_full_action = halt` in {CONF}, or to single."
    assert judged.remedy.text == "Let auditd read it: `systemctl kill -s HUP auditd.service`, or the next boot."


@pytest.mark.parametrize(
    "fields",
    [
        {"option": "max_log_size", "test": "set"},
        {"option": "max_log_file_action", "values": ["keep"]},
        {"option": "max_log_file_action", "values": ["keep_logs"], "test": "set"},
        {"option": "max_log_file_action"},
        {"option": "max_log_file_action", "test": "range", "min": 1},
        {"option": "max_log_file", "file": "/etc/other.conf", "test": "set"},
        {"option": "max_log_file", "test": "most"},
        {"option": "max_log_file", "test": "set", "value": "8"},
    ],
)
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("setting", **fields)


@given(
    st.one_of(st.binary(), st.binary().map(lambda value: SPACE + b"disk_full_action = " + value)),
    st.sampled_from([KEEP, LOW, FULL, MAIL, SIZE, PERCENT, FREQ, GROUP]),
)
def test_law_any_bytes_are_judged(conf: bytes, asked: dict[str, Any]) -> None:
    judged = judge(requirement("setting", **asked), host(conf=conf))
    assert judged.evidence.isprintable()
    if asked is FULL and judged.status.value == "pass":
        assert b"halt" in conf.lower() or b"single" in conf.lower()


# What auditd looks into besides the file: programs of `exec`, and the group of the logs

PROGRAM = "/usr/local/sbin/low"
ABOVE = dict.fromkeys(("/", "/usr", "/usr/local", "/usr/local/sbin"), Entry("dir"))
ROOTS = HostFacts(files=AuditFiles())


def program(**entry: Any) -> dict[str, Entry]:
    return {**ABOVE, PROGRAM: Entry(**{"type": "file", "mode": 0o750, "uid": 0, **entry})}


@pytest.mark.parametrize("option", ["space_left_action", "admin_space_left_action", "disk_full_action"])
@pytest.mark.parametrize(
    ("seen", "facts", "expected"),
    [
        (program(), ROOTS, ("pass", "met")),
        (program(mode=0o755), ROOTS, ("pass", "met")),
        (program(type="missing"), ROOTS, ("fail", "refused")),
        (program(type="dir"), ROOTS, ("fail", "refused")),
        (program(uid=1000), ROOTS, ("fail", "refused")),
        (program(mode=0o700), ROOTS, ("fail", "refused")),
        (program(mode=0o770), ROOTS, ("fail", "refused")),
        (program(mode=0o757), ROOTS, ("fail", "refused")),
        (
            program(mode=0o751),
            ROOTS,
            ("unknown", "unclear"),
        ),  # before 0755 was named, others' rights to read did not count
        (program(mode=None), ROOTS, ("unknown", "unclear")),
        (program(uid=None), ROOTS, ("unknown", "unclear")),
        (program(), HostFacts(files=AuditFiles(owners=False)), ("unknown", "unclear")),
        ({}, ROOTS, ("unknown", "unclear")),
        ({}, HostFacts(), ("unknown", "unclear")),
    ],
)
def test_auditd_refuses_a_program_that_is_not_as_it_wants(
    option: str, seen: dict[str, Entry], facts: HostFacts, expected: tuple[str, str]
) -> None:
    conf = SPACE + f"{option} = EXEC {PROGRAM}\n".encode()
    assert said({"option": option, "values": ["exec"]}, conf, seen=seen, facts=facts) == expected
    assert said({"option": "space_left", "test": "set"}, conf, seen=seen, facts=facts) == expected


def test_the_first_line_that_is_refused_is_named() -> None:
    conf = SPACE + f"disk_error_action = exec {PROGRAM}\nlog_group = nobodies\n".encode()
    found = judge(requirement("setting", **SIZE), host(conf=conf, seen=program(type="missing"), facts=ROOTS, groups={}))
    assert (outcome(found), found.evidence_lines) == (
        ("fail", "refused"),
        f"{CONF}:3: auditd refuses the file: expected a program that is there as disk_error_action, found {PROGRAM}",
    )


def test_the_programs_that_auditd_may_run_are_looked_at() -> None:
    facts = HostFacts(files=AuditFiles(run_by_auditd=(PROGRAM,)))
    assert list(requirement("setting", **SIZE).paths(facts)) == [CONF, PROGRAM]


@pytest.mark.parametrize(
    ("group", "groups", "daemon", "expected"),
    [
        ("adm", {"adm": 4}, None, ("pass", "met")),
        ("nosuchgroup", {"adm": 4}, None, ("fail", "refused")),
        ("nosuchgroup", {"adm": 4}, AuditDaemon(running=True), ("unknown", "unclear")),
        ("adm", None, None, ("unknown", "unclear")),
        ("4", {}, None, ("pass", "met")),  # a number is not looked up
    ],
)
def test_auditd_refuses_a_group_that_there_is_not(
    group: str, groups: dict[str, int] | None, daemon: AuditDaemon | None, expected: tuple[str, str]
) -> None:
    conf = SPACE + f"log_group = {group}\nmax_log_file = 8\n".encode()
    assert said(SIZE, conf, groups=groups, facts=HostFacts(services=daemon)) == expected

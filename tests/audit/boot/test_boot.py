from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.boot.augenrules import HEADER, LineOrigin
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.startup import Loader
from auditrules.audit.model.collected import File, Kernel, Sources, Units
from tests.audit.boot.hosts import (
    AUDITD3,
    AUDITD40,
    AUDITD41,
    BY_AUDITCTL,
    ETC,
    NORMAL,
    RULE,
    RULES4,
    SPLIT,
    USR,
    WANTS,
    booted,
    host,
    rules,
)


def test_auditd_loads_what_augenrules_makes_of_rules_d() -> None:
    said = booted(host(audit_rules=b"-w /old\n"))
    assert (said.loader, said.reason) == (Loader.AUGENRULES, "auditd.service runs /sbin/augenrules --load")
    assert (said.assumed, said.enabled) == (False, 1)
    assert said.content == HEADER + b"\n\n\n\n" + RULE + b"\n"
    assert said.merged is not None
    assert said.merged.at(5).origins == (LineOrigin("a.rules", 1),)
    assert rules(said) == [NORMAL]


def test_a_drop_in_turns_augenrules_into_auditctl() -> None:
    files = {f"{USR}/auditd.service": AUDITD3, f"{ETC}/auditd.service.d/x.conf": BY_AUDITCTL}
    said = booted(host(files, {"a.rules": b"-w /new\n"}, audit_rules=RULE))
    assert (said.loader, said.reason) == (
        Loader.AUDITCTL,
        "auditd.service runs /sbin/auditctl -R /etc/audit/audit.rules",
    )
    assert (said.content, said.merged, rules(said)) == (RULE, None, [NORMAL])


def test_augenrules_before_auditctl_is_augenrules_all_the_same() -> None:
    post = BY_AUDITCTL.replace("ExecStartPost=\n", "ExecStartPost=\nExecStartPost=/sbin/augenrules\n")
    files = {f"{USR}/auditd.service": AUDITD3, f"{ETC}/auditd.service.d/x.conf": post}
    said = booted(host(files, audit_rules=b"-w /old\n"))
    assert rules(said) == [NORMAL]
    assert said.merged is not None


def test_a_check_writes_nothing() -> None:
    post = BY_AUDITCTL.replace("ExecStartPost=\n", "ExecStartPost=\nExecStartPost=/sbin/augenrules --check\n")
    files = {f"{USR}/auditd.service": AUDITD3, f"{ETC}/auditd.service.d/x.conf": post}
    said = booted(host(files, {"a.rules": b"-w /new\n"}, audit_rules=RULE))
    assert (rules(said), said.merged) == ([NORMAL], None)


def test_what_augenrules_writes_and_nobody_loads_does_not_count() -> None:
    files = {f"{USR}/auditd.service": AUDITD3.replace(" --load", "")}
    said = booted(host(files))
    assert (said.loader, said.content, said.merged, rules(said)) == (Loader.NONE, None, None, [])


def test_a_missing_audit_rules_loads_nothing() -> None:
    files = {f"{USR}/auditd.service": AUDITD3, f"{ETC}/auditd.service.d/x.conf": BY_AUDITCTL}
    said = booted(host(files))
    assert (said.loader, said.content, rules(said), said.enabled) == (Loader.AUDITCTL, None, [], 1)


def test_without_rules_d_augenrules_loads_the_old_file() -> None:
    assert rules(booted(host(rules_d=None, audit_rules=RULE))) == [NORMAL]


def test_an_empty_rules_d_replaces_the_old_file() -> None:
    assert rules(booted(host(rules_d={}, audit_rules=RULE))) == []


def test_the_load_stops_where_auditctl_does() -> None:
    said = booted(host(rules_d={"a.rules": RULE + RULE + b"-w /b\n"}))
    assert said.loaded is not None
    assert (rules(said), said.loaded.stopped_at) == ([NORMAL], 6)
    assert said.loaded.refused == ((6, "the rule is loaded already"),)


CYCLE = {
    f"{USR}/auditd.service": AUDITD40 + "[Unit]\nBefore=audit-rules.service\n",
    f"{USR}/audit-rules.service": RULES4,
}
TWICE = AUDITD3 + "ExecStartPost=/sbin/auditctl -R /etc/audit/more.rules\n"
RULES_UNKNOWN: dict[str, tuple[Sources, str]] = {
    "rules.d cannot be read": (
        host(rules_d={"a.rules": RULE, "b.rules": "Permission denied"}),
        "/etc/audit/rules.d/b.rules: Permission denied",
    ),
    "the old file cannot be read": (
        host(rules_d=None, audit_rules="Permission denied"),
        "/etc/audit/audit.rules: Permission denied",
    ),
    "the awk decides": (
        host(rules_d={"a.rules": b"\t# c\n" + RULE}, awk="/usr/bin/goawk"),
        "what augenrules makes of /etc/audit/rules.d depends on the awk that it runs: goawk",
    ),
    "no awk": (
        host(rules_d={"a.rules": b"\t# c\n" + RULE}, awk=""),
        "what augenrules makes of /etc/audit/rules.d depends on the awk that it runs: none was found",
    ),
    "another file": (
        host({f"{USR}/auditd.service": TWICE}),
        "boot loads rules from /etc/audit/more.rules, which is not looked at",
    ),
    "a circle": (host(CYCLE), "the units that load rules wait for each other"),
}


@pytest.mark.parametrize(("sources", "reason"), RULES_UNKNOWN.values(), ids=RULES_UNKNOWN)
def test_the_rules_are_not_known_with(sources: Sources, reason: str) -> None:
    assert booted(sources) == Boot(Loader.AUGENRULES, reason)


def test_a_listing_error_of_rules_d_leaves_the_rules_unknown() -> None:
    sources = Sources(
        Kernel("none"),
        rules_d_error="Permission denied",
        units=Units((File(f"{USR}/auditd.service", AUDITD3.encode()),), {f"{WANTS}/auditd.service": "x"}),
    )
    assert booted(sources) == Boot(Loader.AUGENRULES, "/etc/audit/rules.d: Permission denied")


def test_an_awk_that_is_not_known_need_not_matter() -> None:
    assert rules(booted(host(awk=""))) == [NORMAL]


def test_the_awk_decides_what_a_comment_is() -> None:
    indented = {"a.rules": b"\t# c\n" + RULE}
    assert rules(booted(host(rules_d=indented, awk="/usr/bin/gawk-5.2.1"))) == [NORMAL]
    assert rules(booted(host(rules_d=indented, awk="/usr/bin/mawk"))) == []


def test_a_folder_in_place_of_a_rules_file_adds_nothing() -> None:
    assert rules(booted(host(rules_d={"a.rules": RULE, "b.rules": "dir", "c.rules": "missing"}))) == [NORMAL]


@pytest.mark.parametrize("auditd", [AUDITD40, AUDITD41], ids=["4.0", "4.1"])
def test_auditd_brings_the_rules_of_audit_4_with_it(auditd: str) -> None:
    said = booted(host({**SPLIT, f"{USR}/auditd.service": auditd}))
    assert (said.reason, rules(said), said.enabled) == ("audit-rules.service runs /sbin/augenrules --load", [NORMAL], 1)


def test_a_link_brings_the_rules_with_auditd_unless_that_is_masked() -> None:
    files = {**SPLIT, f"{USR}/auditd.service": "[Service]\nExecStart=/sbin/auditd\n"}
    links = {f"{ETC}/auditd.service.wants/audit-rules.service": f"{USR}/audit-rules.service"}
    assert rules(booted(host(files, links=links))) == [NORMAL]
    said = booted(host(files, links={**links, f"{ETC}/auditd.service": "/dev/null"}))
    assert said.reason == "auditd.service is masked; audit-rules.service is not enabled"


def test_rules_without_auditd_are_loaded_and_auditing_is_not_known() -> None:
    files = {**SPLIT, f"{USR}/auditd.service": AUDITD41}
    said = booted(host(files, enabled=("audit-rules.service",)))
    assert (rules(said), said.enabled) == ([NORMAL], None)


# What the rules say, with auditd before and after them.
ORDERS = ((b"-e 0\n", AUDITD40, 1), (b"-e 0\n", AUDITD41, 0), (b"-e 2\n", AUDITD40, 2), (b"-e 2\n", AUDITD41, 2))


@pytest.mark.parametrize(("line", "auditd", "enabled"), ORDERS)
def test_auditd_and_the_rules_set_enabled_in_the_order_of_their_units(line: bytes, auditd: str, enabled: int) -> None:
    files = {**SPLIT, f"{USR}/auditd.service": auditd}
    assert booted(host(files, {"a.rules": RULE + line})).enabled == enabled


def test_units_in_no_certain_order_leave_open_what_hangs_on_it() -> None:
    files = {**SPLIT, f"{USR}/auditd.service": AUDITD41.replace("Before=audit-rules.service\n", "")}
    said = booted(host(files, {"a.rules": RULE + b"-e 0\n"}))
    assert (rules(said), said.enabled) == ([NORMAL], None)
    assert booted(host(files)).enabled == 1


def test_units_that_load_different_rules_in_no_certain_order_leave_them_open() -> None:
    files = {
        f"{USR}/auditd.service": "[Service]\nExecStart=/sbin/auditd\nExecStartPost=/sbin/augenrules\n",
        f"{USR}/audit-rules.service": "[Service]\nExecStart=/sbin/auditctl -R /etc/audit/audit.rules\n",
    }
    said = booted(host(files, enabled=("auditd.service", "audit-rules.service"), audit_rules=b"-w /old\n"))
    assert said == Boot(Loader.AUDITCTL, "units that load rules start in no certain order, and the rules depend on it")


def test_rules_that_change_between_two_loads_are_not_known() -> None:
    post = "ExecStartPost=/sbin/auditctl -R /etc/audit/audit.rules\nExecStartPost=/sbin/augenrules --load\n"
    files = {f"{USR}/auditd.service": f"[Service]\nExecStart=/sbin/auditd\n{post}"}
    said = booted(host(files, audit_rules=b"-w /old\n"))
    reason = "boot loads rules from /etc/audit/audit.rules more than once, and it changes in between"
    assert said == Boot(Loader.AUGENRULES, reason)


def test_a_failing_load_keeps_auditd_of_audit_4_0_from_starting() -> None:
    said = booted(host({**SPLIT, f"{USR}/auditd.service": AUDITD40}, {"a.rules": RULE + RULE}))
    assert (rules(said), said.enabled) == ([NORMAL], None)
    assert said.reason == (
        "audit-rules.service runs /sbin/augenrules --load; auditd.service does not start, as audit-rules.service fails"
    )


def test_a_failure_that_is_not_waited_for_stops_nothing() -> None:
    files = {**SPLIT, f"{USR}/auditd.service": AUDITD40.replace("After=audit-rules.service\n", "")}
    said = booted(host(files, {"a.rules": RULE + RULE}))
    assert (said.enabled, said.reason) == (1, "audit-rules.service runs /sbin/augenrules --load")


# The command of audit-rules.service, rules.d, audit.rules, and `enabled`, which is auditd's if that starts.
FAILURES: dict[str, tuple[str, Mapping[str, bytes | str] | None, bytes | None, int | None]] = {
    "it does not matter": ("-/sbin/augenrules --load", {"a.rules": RULE + RULE}, None, 1),
    "no rules.d, and the old rules are fine": ("/sbin/augenrules --load", None, RULE, None),
    "no audit.rules": ("/sbin/auditctl -R /etc/audit/audit.rules", None, None, None),
    "an audit.rules": ("/sbin/auditctl -R /etc/audit/audit.rules", None, RULE, 1),
}


@pytest.mark.parametrize(("command", "rules_d", "audit_rules", "enabled"), FAILURES.values(), ids=FAILURES)
def test_auditd_of_audit_4_0_starts_if_the_command_does_not_fail(
    command: str, rules_d: Mapping[str, bytes | str] | None, audit_rules: bytes | None, enabled: int | None
) -> None:
    service = f"[Service]\nExecStart={command}\n"
    files = {f"{USR}/audit-rules.service": service, f"{USR}/auditd.service": AUDITD40}
    assert booted(host(files, rules_d, audit_rules=audit_rules)).enabled == enabled


@pytest.mark.parametrize("first", [b"-i\n", b"-c\n"])
def test_errors_that_are_passed_over_fail_the_load_below_a_c_only(first: bytes) -> None:
    files = {**SPLIT, f"{USR}/auditd.service": AUDITD40}
    said = booted(host(files, {"a.rules": first + RULE + RULE}))
    assert said.enabled == (1 if first == b"-i\n" else None)


def test_auditd_of_audit_4_1_starts_whatever_the_rules_are() -> None:
    said = booted(host({**SPLIT, f"{USR}/auditd.service": AUDITD41}, {"a.rules": RULE + RULE}))
    assert (rules(said), said.enabled) == ([NORMAL], 1)


def test_an_auditd_that_gathers_other_hosts_records_does_not_enable_auditing() -> None:
    assert booted(host(conf="local_events = no\n")).enabled is None


def test_the_rules_come_after_auditd_and_have_the_last_word() -> None:
    assert [booted(host(rules_d={"a.rules": RULE + b"-e %d\n" % value})).enabled for value in (0, 1, 2)] == [0, 1, 2]


def test_a_control_that_the_load_does_not_reach_sets_nothing() -> None:
    assert booted(host(rules_d={"a.rules": RULE + RULE + b"-e 2\n"})).enabled == 1


@pytest.mark.parametrize(("cmdline", "enabled"), [("audit=0", 0), ("audit=1", 1), ("quiet", None), (None, None)])
def test_the_command_line_sets_enabled_where_auditd_does_not_start(cmdline: str | None, enabled: int | None) -> None:
    assert booted(host(enabled=(), cmdline=cmdline)).enabled == enabled

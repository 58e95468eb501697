from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.augenrules import HEADER, LineOrigin
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.startup import Loader
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Sources, Units
from tests.audit.file_trees import facts

ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
CONDITION = "ConditionKernelCommandLine=!audit=0\n"

# auditd.service of audit 2.3 to 3.1; of audit 4.0, which waits for the rules; and of audit 4.1, which comes first.
AUDITD3 = f"[Unit]\n{CONDITION}[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/augenrules --load\n"
AUDITD40 = (
    f"[Unit]\n{CONDITION}Requires=audit-rules.service\nAfter=audit-rules.service\n[Service]\nExecStart=/sbin/auditd\n"
)
AUDITD41 = (
    f"[Unit]\n{CONDITION}Wants=audit-rules.service\nBefore=audit-rules.service\n[Service]\nExecStart=/sbin/auditd\n"
)
RULES4 = f"[Unit]\n{CONDITION}[Service]\nType=oneshot\nExecStart=/sbin/augenrules --load\n"

BY_AUDITCTL = "[Service]\nExecStartPost=\nExecStartPost=/sbin/auditctl -R /etc/audit/audit.rules\n"
RULE = b"-w /etc/docker -p wa -k docker\n"
NORMAL = "-a always,exit -S all -F path=/etc/docker -F perm=wa -F key=docker"


def booted(sources: Sources) -> Boot:
    return HostAudit(sources).boot


def host(
    files: Mapping[str, str] = {f"{USR}/auditd.service": AUDITD3},
    rules_d: Mapping[str, bytes | str] | None = {"a.rules": RULE},
    *,
    enabled: tuple[str, ...] = ("auditd.service",),
    links: Mapping[str, str] = {},
    audit_rules: bytes | str | None = None,
    cmdline: str | None = "quiet",
    awk: str = "/usr/bin/mawk",
    script: bool = True,
    conf: str = "",
) -> Sources:
    """Make a host. A text in place of a file's bytes is why they could not be read."""
    own = {f"{WANTS}/{name}": f"{USR}/{name}" for name in enabled}
    kinds = {name: str(content) for name, content in (rules_d or {}).items() if content in ("dir", "missing")}
    found = {"/etc/audit": "dir", "/etc/audit/rules.d": "missing" if rules_d is None else "dir"}
    found |= {f"/etc/audit/rules.d/{name}": kind for name, kind in kinds.items()}
    return Sources(
        Kernel("none"),
        rules_d=tuple(file(f"/etc/audit/rules.d/{name}", content) for name, content in (rules_d or {}).items()),
        audit_rules=None if audit_rules is None else file("/etc/audit/audit.rules", audit_rules),
        auditd_conf=file("/etc/audit/auditd.conf", conf.encode()),
        cmdline=None if cmdline is None else file("/proc/cmdline", cmdline.encode()),
        facts=replace(facts(found), mounts=None),
        units=Units(
            tuple(file(path, content.encode()) for path, content in files.items()), {**own, **links}, script, awk
        ),
    )


def file(path: str, content: bytes | str) -> File:
    return File(path, content) if isinstance(content, bytes) else File(path, error=content)


def rules(said: Boot) -> list[str]:
    assert said.loaded is not None
    return [render(rule, "x86_64") for rule in said.loaded.rules]


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


NOTHING: dict[str, tuple[Sources, str]] = {
    "disabled": (host(enabled=()), "auditd.service is not enabled"),
    "masked": (host(links={f"{ETC}/auditd.service": "/dev/null"}), "auditd.service is masked"),
    "masked, and wanted by who knows what": (
        host(
            enabled=(),
            links={f"{ETC}/auditd.service": "/dev/null", f"{ETC}/my.target.wants/auditd.service": "auditd.service"},
        ),
        "auditd.service is masked",
    ),
    "masked for one boot": (host(cmdline="systemd.mask=auditd.service"), "auditd.service is masked"),
    "audit=0": (host(cmdline="quiet audit=0"), "the kernel's command line switches audit off"),
    "audit=off": (host(cmdline="audit=1 audit=OFF"), "the kernel's command line switches audit off"),
    "a condition": (
        host({f"{USR}/auditd.service": "[Unit]\nConditionKernelCommandLine=audit\n" + AUDITD3}),
        "auditd.service is skipped, as ConditionKernelCommandLine=audit does not hold",
    ),
    "no command": (
        host({f"{USR}/auditd.service": "[Service]\nExecStart=/sbin/auditd\n"}),
        "auditd.service starts, and loads no rules",
    ),
    "rules masked, auditd needs them": (
        host(
            {f"{USR}/auditd.service": AUDITD40, f"{USR}/audit-rules.service": RULES4},
            links={f"{ETC}/audit-rules.service": "/dev/null"},
        ),
        "auditd.service needs audit-rules.service, which is masked; audit-rules.service is masked",
    ),
    "rules gone, auditd needs them": (
        host({f"{USR}/auditd.service": AUDITD40}),
        "auditd.service needs audit-rules.service, which is missing",
    ),
    "rules masked, auditd wants them": (
        host(
            {f"{USR}/auditd.service": AUDITD41, f"{USR}/audit-rules.service": RULES4},
            links={f"{ETC}/audit-rules.service": "/dev/null"},
        ),
        "auditd.service starts, and loads no rules; audit-rules.service is masked",
    ),
    "nothing at all": (
        host({}, None, enabled=(), script=False),
        "nothing was found that could load rules, and no rules",
    ),
}


@pytest.mark.parametrize(("sources", "reason"), NOTHING.values(), ids=NOTHING)
def test_nothing_is_loaded_with(sources: Sources, reason: str) -> None:
    said = booted(sources)
    assert (said.loader, said.reason, said.content, rules(said)) == (Loader.NONE, reason, None, [])


OTHER_SHELL = "[Service]\nExecStartPost=/bin/sh -c '/sbin/augenrules --load'\n"
UNKNOWN: dict[str, tuple[Sources, str]] = {
    "nobody looked": (Sources(Kernel("none")), "the units of systemd were not looked at"),
    "a folder cannot be listed": (
        Sources(Kernel("none"), units=Units(error="/etc/systemd/system: Permission denied")),
        "/etc/systemd/system: Permission denied",
    ),
    "no unit and no script": (host({}, enabled=(), script=False), "none of the units that load rules was found"),
    "rules without a script": (
        host({}, None, enabled=(), script=False, audit_rules=RULE),
        "none of the units that load rules was found",
    ),
    "a script without a folder": (host({}, None, enabled=()), "none of the units that load rules was found"),
    "a shell": (
        host({f"{USR}/auditd.service": OTHER_SHELL}),
        "auditd.service: what /bin/sh -c /sbin/augenrules --load does is not known",
    ),
    "a rule by itself": (
        host({f"{USR}/auditd.service": "[Service]\nExecStartPost=/sbin/auditctl -a never,task\n"}),
        "auditd.service: what /sbin/auditctl -a never,task does is not known",
    ),
    "another program decides": (
        host({f"{USR}/auditd.service": "[Service]\nExecCondition=/bin/x\n"}),
        "auditd.service: whether its ExecCondition= succeeds is not known",
    ),
    "a condition": (
        host({f"{USR}/auditd.service": "[Unit]\nConditionPathExists=/x\n"}),
        "auditd.service: whether ConditionPathExists=/x holds is not known",
    ),
    "another target": (
        host(enabled=(), links={f"{ETC}/my.target.wants/auditd.service": f"{USR}/auditd.service"}),
        "auditd.service is wanted by my.target, and whether boot gets there is not known",
    ),
    "another default": (
        host(links={f"{ETC}/default.target": f"{USR}/my.target"}),
        "auditd.service is wanted by multi-user.target, and whether boot gets there is not known",
    ),
}


@pytest.mark.parametrize(("sources", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_the_loader_is_not_known_with(sources: Sources, reason: str) -> None:
    assert booted(sources) == Boot(Loader.UNKNOWN, reason)


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


def test_without_a_unit_augenrules_is_assumed() -> None:
    said = booted(host({}, enabled=()))
    assert (said.loader, said.assumed, rules(said), said.enabled) == (Loader.AUGENRULES, True, [NORMAL], None)
    assert said.reason == "none of the units that load rules was found, but augenrules and its folder are there"


@pytest.mark.parametrize("folder", ["sysinit.target.wants", "multi-user.target.requires", "default.target.wants"])
def test_a_unit_is_started_by_a_link_in(folder: str) -> None:
    links = {f"{ETC}/{folder}/auditd.service": f"{USR}/auditd.service"}
    assert booted(host(enabled=(), links=links)).loader is Loader.AUGENRULES


def test_a_unit_of_the_default_target_is_started() -> None:
    links = {f"{ETC}/default.target": "my.target", f"{ETC}/my.target.wants/auditd.service": f"{USR}/auditd.service"}
    assert booted(host(enabled=(), links=links)).loader is Loader.AUGENRULES


SPLIT = {f"{USR}/audit-rules.service": RULES4}


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


# auditd's command line, and `enabled` with rules that say nothing of it.
STARTUPS = (
    ("/sbin/auditd", 1),
    ("/sbin/auditd -s enable", 1),
    ("/sbin/auditd -s disable", 0),
    ("/sbin/auditd -s dis", 0),
    ("/sbin/auditd -n -c /etc/audit -s nochange", None),
    ("/sbin/auditd -s disable -s enable", 1),
    ("/sbin/auditd -s maybe", None),
    ("/sbin/auditd $EXTRAOPTIONS", None),
)


@pytest.mark.parametrize(("command", "enabled"), STARTUPS)
def test_auditd_sets_enabled_as_its_options_say(command: str, enabled: int | None) -> None:
    said = booted(host({f"{USR}/auditd.service": AUDITD3.replace("/sbin/auditd", command)}))
    assert (rules(said), said.enabled) == ([NORMAL], enabled)


def test_an_auditd_that_gathers_other_hosts_records_does_not_enable_auditing() -> None:
    assert booted(host(conf="local_events = no\n")).enabled is None


def test_the_rules_come_after_auditd_and_have_the_last_word() -> None:
    assert [booted(host(rules_d={"a.rules": RULE + b"-e %d\n" % value})).enabled for value in (0, 1, 2)] == [0, 1, 2]


def test_a_control_that_the_load_does_not_reach_sets_nothing() -> None:
    assert booted(host(rules_d={"a.rules": RULE + RULE + b"-e 2\n"})).enabled == 1


@pytest.mark.parametrize(("cmdline", "enabled"), [("audit=0", 0), ("audit=1", 1), ("quiet", None), (None, None)])
def test_the_command_line_sets_enabled_where_auditd_does_not_start(cmdline: str | None, enabled: int | None) -> None:
    assert booted(host(enabled=(), cmdline=cmdline)).enabled == enabled

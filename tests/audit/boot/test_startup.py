"""What loads the rules at boot, by the units that are there, enabled, masked or skipped."""

from __future__ import annotations

import pytest

from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.startup import Loader
from auditrules.audit.model.collected import Kernel, Sources, Units
from tests.audit.boot.hosts import AUDITD3, AUDITD40, AUDITD41, ETC, NORMAL, RULE, RULES4, USR, booted, host, rules

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

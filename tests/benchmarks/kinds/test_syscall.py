"""System calls that a benchmark asks for: by the rules of the kernel and of boot, with remedies that meet them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost
from tests.audit.coverage.asked_cases import FAMILIES, SPELLINGS, Family
from tests.audit.file_trees import facts
from tests.fixtures.audited import FACTS, TREE, audited
from tests.fixtures.requirements import judge, outcome, requirement

CHMOD = {
    "syscalls": ["chmod", "fchmodat"],
    "arches": ["b64", "b32"],
    "fields": ["auid>=UID_MIN", "auid!=unset"],
    "key": "perm_mod",
}
RULES = [
    f"-a always,exit -F arch={arch} -S chmod,fchmodat -F auid>=1000 -F auid!=unset -k perm" for arch in ("b64", "b32")
]


def chmod(on: JudgedHost, source: str = "kernel", **more: object) -> Judged:
    return judge(requirement("syscall", **{**CHMOD, **more}), on, source)


def test_the_benchmark_s_own_rules_pass() -> None:
    found = chmod(audited(RULES))
    assert outcome(found) == ("pass", "covered")
    assert (found.subject, found.required, found.who, found.missing) == (
        "chmod,fchmodat",
        "b64, b32",
        "login users",
        "",
    )
    assert found.evidence_lines == "; ".join(
        f"-a always,exit -F arch={arch} -S chmod,fchmodat -F auid>=1000 -F auid!=-1 -F key=perm in "
        f"/etc/audit/rules.d/a.rules:{line}, /etc/audit/audit.rules:{line + 2}"
        for arch, line in (("b64", 1), ("b32", 2))
    )


# rules of the kernel, then status, reason, what is missing
KERNELS: tuple[tuple[str, list[str], str, str, str], ...] = (
    ("none", [], "fail", "no_rule", "chmod, fchmodat (b64); chmod, fchmodat (b32)"),
    ("one arch", RULES[:1], "fail", "no_rule", "chmod, fchmodat (b32)"),
    ("one call", ["-a always,exit -F arch=b64 -S chmod", *RULES[1:]], "fail", "no_rule", "fchmodat (b64)"),
    (
        "others",
        [line.replace("1000", "1001") for line in RULES],
        "fail",
        "conditional",
        "chmod, fchmodat (b64); chmod, fchmodat (b32)",
    ),
    ("broader", ["-a always,exit -S all"], "pass", "covered", ""),
    ("a never rule", ["-a never,exit -S chmod", *RULES], "fail", "suppressed", "chmod (b64)"),
    ("never of tasks", ["-a never,task", *RULES], "fail", "task_never", "chmod, fchmodat (b64); chmod, fchmodat (b32)"),
)


@pytest.mark.parametrize(
    ("rules", "status", "reason", "missing"), [case[1:] for case in KERNELS], ids=[case[0] for case in KERNELS]
)
def test_what_is_missed_is_told(rules: list[str], status: str, reason: str, missing: str) -> None:
    found = chmod(audited(rules))
    assert (*outcome(found), found.missing) == (status, reason, missing)


def test_now_and_the_next_boot_are_judged_apart() -> None:
    on = audited(RULES, [])
    assert outcome(chmod(on)) == ("pass", "covered")
    assert outcome(chmod(on, "boot")) == ("fail", "not_loaded_at_boot")
    on = audited([], RULES)
    assert outcome(chmod(on)) == ("fail", "no_rule")
    assert outcome(chmod(on, "boot")) == ("pass", "covered")


def test_auditing_that_is_off_records_nothing() -> None:
    assert outcome(chmod(audited(RULES, enabled=0))) == ("fail", "disabled")


def test_rules_that_are_not_known_are_unknown() -> None:
    found = chmod(audited(RULES, known=False))
    assert outcome(found) == ("unknown", "unreadable")
    assert found.evidence == "nobody asked"


def test_uid_min_is_the_host_s() -> None:
    on = audited(RULES, facts=HostFacts(login=LoginDefs(500)))
    assert outcome(chmod(on)) == ("fail", "conditional")
    assert "-F auid>=500 -F auid!=unset" in chmod(on).remedy.lines[0]


@pytest.mark.parametrize("login", [None, LoginDefs(error="/etc/login.defs: Permission denied")])
def test_without_uid_min_it_is_unknown(login: LoginDefs | None) -> None:
    found = chmod(audited(RULES, facts=HostFacts(login=login)))
    assert outcome(found) == ("unknown", "uid_min_unknown")


def test_uid_min_is_asked_for_only_where_it_matters() -> None:
    assert requirement("syscall", **CHMOD).needs == {Fact.LOGIN}
    assert requirement("syscall", syscalls=["chmod"], fields=["auid>=1000"]).needs == frozenset()


def test_calls_that_no_kernel_serves_are_not_asked_for_and_are_named() -> None:
    asked = requirement("syscall", syscalls=["delete_module", "create_module", "query_module"], arches=["b64"])
    found = judge(asked, audited(["-a always,exit -F arch=b64 -S delete_module"]))
    assert outcome(found) == ("pass", "covered")
    assert found.evidence.endswith(
        "not asked for: no kernel since Linux 2.6 serves create_module; no kernel since Linux 2.6 serves query_module"
    )
    assert judge(asked, audited()).remedy.lines == ("-a always,exit -F arch=b64 -S delete_module",)


def test_where_no_call_can_be_made_it_does_not_apply() -> None:
    found = judge(requirement("syscall", syscalls=["query_module"], arches=["b64"]), audited())
    assert outcome(found) == ("not_applicable", "no_such_call")


def test_on_aarch64_only_its_calls_are_asked_for() -> None:
    arm = replace(FACTS, machine="aarch64")
    rules = ["-a always,exit -F arch=b64 -S fchmodat"]
    asked = requirement("syscall", syscalls=["chmod", "fchmodat"], arches=["b64"])
    found = judge(asked, audited(rules, on=arm))
    assert outcome(found) == ("pass", "covered")
    assert "aarch64 has no system call chmod" in found.evidence
    assert judge(asked, audited(on=arm)).remedy.lines == ("-a always,exit -F arch=b64 -S fchmodat",)


def test_what_is_missed_of_an_arch_that_is_not_asked_for_is_told() -> None:
    found = chmod(audited(RULES[:1]), arches=["b64"])
    assert outcome(found) == ("pass", "covered")
    assert found.evidence.endswith("; not asked for, and not always recorded: chmod, fchmodat (b32)")


def test_a_call_that_auditctl_has_no_name_for_is_written_as_its_number() -> None:
    on = audited(on=replace(FACTS, kernel=replace(FACTS.kernel, release="6.12")))
    asked = requirement("syscall", syscalls=["chmod", "fchmodat2"], arches=["b64"], key="k")
    assert judge(asked, on).remedy.lines == ("-a always,exit -F arch=b64 -S chmod,452 -k k",)


def test_a_never_rule_in_the_way_is_told() -> None:
    found = chmod(audited(["-a never,exit -F dir=/etc/docker", *RULES]))
    assert (found.reason, found.evidence.endswith("except dir=/etc/docker")) == ("conditional", True)
    assert found.remedy.repair.startswith("A never rule comes first")


def test_calls_on_one_file_ask_for_that_file() -> None:
    asked = requirement("syscall", syscalls=["openat"], fields=["path=/etc/docker/daemon.json", "a2&03"])
    assert list(asked.paths(HostFacts())) == ["/etc/docker/daemon.json"]
    assert outcome(judge(asked, audited(["-w /etc/docker -p w"]))) == ("fail", "conditional")
    assert outcome(judge(asked, audited(["-w /etc/docker -p rw"]))) == ("pass", "covered")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_remedy_meets_what_is_asked(family: str) -> None:
    for arch, calls in FAMILIES[family].arches.items():
        of = FAMILIES[family]
        asked = requirement(
            "syscall", syscalls=list(calls), arches=[arch], fields=list(of.fields), compare=list(of.compare), key="k"
        )
        lines = judge(asked, audited()).remedy.lines
        assert outcome(judge(asked, audited(lines))) == ("pass", "covered")


def passes(family: Family, lines: list[str]) -> bool:
    return all(
        judge(
            requirement(
                "syscall",
                syscalls=list(calls),
                arches=[arch],
                fields=list(family.fields),
                compare=list(family.compare),
            ),
            audited(lines, on=facts(TREE)),
        ).status.value
        == "pass"
        for arch, calls in family.arches.items()
    )


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_spelling_decides_nothing(spelling: str) -> None:
    lines, expected = SPELLINGS[spelling]
    assert passes(FAMILIES["mode"], lines(FAMILIES["mode"])) is expected


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({"syscalls": ["chmood"]}, "syscalls: expected a system call, found"),
    ({"syscalls": []}, "syscalls: expected a list of at least one text"),
    ({"syscalls": ["chmod"], "arches": ["b16"]}, "arches: expected a list out of b64, b32"),
    ({"syscalls": ["chmod"], "fields": ["colour=1"]}, "fields: expected a field that auditctl knows"),
    ({"syscalls": ["chmod"], "fields": ["dir=/etc"]}, "fields: expected a condition on who calls"),
    ({"syscalls": ["chmod"], "compare": ["uid!=obj_uid"]}, "compare: expected a condition on who calls"),
    ({"syscalls": ["chmod"], "colour": "red"}, "colour: expected only the keys"),
)


@pytest.mark.parametrize(("fields", "message"), WRONG)
def test_what_is_no_requirement_is_told(fields: dict[str, object], message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        requirement("syscall", **fields)

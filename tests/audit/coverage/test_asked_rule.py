"""What is asked of system calls and of paths: which rules record it, whatever their spelling, and which do not."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.coverage.answer import Coverage, Reason
from auditrules.audit.coverage.asked_answer import AskedAnswer, calls_text, evaluate_asked_rule
from auditrules.audit.coverage.asked_rule import (
    AskedRule,
    AskedRuleError,
    CallOfArch,
    asked_conditions,
    asked_rule,
)
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.call_coverage import CallAnswer, evaluate_call
from auditrules.audit.coverage.decision import ON, Auditing, CoverageStatus
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.result_cache import ResultCache
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from tests.audit.coverage.asked_cases import (
    FAMILIES,
    PATHS,
    Family,
    PathAsked,
    cases,
    path_cases,
)
from tests.audit.file_trees import facts, looked_at, rules_of

HOST = facts()
FILE_SYSTEM = FileSystem(HOST)
RECORDED = CoverageStatus.RECORDED


def answers(asked: AskedRule, lines: list[str], auditing: Auditing = ON) -> dict[CallOfArch, CallAnswer]:
    """The answer for each call that the machine has."""
    host = AuditedHost(rules_of(lines, HOST), FILE_SYSTEM, auditing, asked=asked.conditions)
    calls = asked.calls(HOST.machine)
    return {call: evaluate_call(call.syscall, call.arch, host) for call, why in calls if not why}


def of_family(family: Family, lines: list[str], auditing: Auditing = ON) -> list[CallAnswer]:
    return [
        each
        for arch, calls in family.arches.items()
        for each in answers(asked_rule(calls, [arch], family.fields, family.compare), lines, auditing).values()
    ]


@pytest.mark.parametrize(
    ("family", "lines", "passes"),
    [pytest.param(name, lines, passes, id=f"{name}-{spelling}") for name, spelling, lines, passes in cases()],
)
def test_what_a_benchmark_asks_is_recorded_by_rules_that_say_it_in_any_way(
    family: str, lines: list[str], passes: bool
) -> None:
    found = {answer.status for answer in of_family(FAMILIES[family], lines)}
    assert (found == {RECORDED}) is passes, found
    assert CoverageStatus.UNKNOWN not in found


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_recorded_while_auditing_is_off(family: str) -> None:
    found = of_family(FAMILIES[family], FAMILIES[family].lines(), Auditing(0))
    assert {(answer.status, answer.reason) for answer in found} == {(CoverageStatus.UNRECORDED, Reason.DISABLED)}


def of_path(asked: PathAsked, lines: list[str], auditing: Auditing = ON) -> list[Coverage]:
    """The coverage of a path by the programs of each arch."""
    rules, seen = rules_of(lines, HOST), FileSystem(looked_at(HOST, [asked.path]))
    conditions = asked_conditions(asked.fields)
    return [
        evaluate_path(asked.path, AuditedHost(rules, seen, auditing, compat=arch == "b32", asked=conditions))
        for arch in asked.arches
    ]


@pytest.mark.parametrize(
    ("path", "lines", "passes"),
    [pytest.param(name, lines, passes, id=f"{name}-{spelling}") for name, spelling, lines, passes in path_cases()],
)
def test_what_a_benchmark_asks_of_a_path_is_recorded_by_rules_that_say_it_in_any_way(
    path: str, lines: list[str], passes: bool
) -> None:
    asked = PATHS[path]
    found = of_path(asked, lines)
    assert all(set(asked.letters) <= set(each.with_status(RECORDED)) for each in found) is passes
    assert not any(set(asked.letters) & set(each.with_status(CoverageStatus.UNKNOWN)) for each in found)


CHMOD = asked_rule(["chmod"], ["b64"], ["auid>=1000", "auid!=unset"])
BY_USERS = "-a always,exit -F arch=b64 -S chmod -F auid>=1000 -F auid!=unset"
# what is asked for, rules, and what is said: the status, the reason, which calls escape
ESCAPES: tuple[tuple[str, list[str], str, str, tuple[str, ...]], ...] = (
    ("none", [BY_USERS], "recorded", "covered", ()),
    ("no rule", [], "unrecorded", "no_rule", ()),
    ("another call", ["-a always,exit -F arch=b64 -S chown"], "unrecorded", "no_rule", ()),
    ("later users", [f"{BY_USERS} -F auid>=60000"], "conditional", "conditional", ("auid>=60000 only",)),
    (
        "but one user",
        ["-a never,exit -S all -F auid=1001", BY_USERS],
        "conditional",
        "conditional",
        ("except auid=1001",),
    ),
    ("a directory", [f"{BY_USERS} -F dir=/etc"], "conditional", "conditional", ("dir=/etc only",)),
    (
        "but a directory",
        ["-a never,exit -F dir=/etc/docker", BY_USERS],
        "conditional",
        "conditional",
        ("except dir=/etc/docker",),
    ),
    (
        "but a file, of some",
        ["-a never,exit -F path=/etc/docker/daemon.json -F uid=5", BY_USERS],
        "conditional",
        "conditional",
        ("except path=/etc/docker/daemon.json and uid=5",),
    ),
    ("a file behind", [BY_USERS, "-a never,exit -F path=/etc/docker/daemon.json"], "recorded", "covered", ()),
    (
        "a file that is recorded before",
        ["-w /etc/docker -p wa", "-a never,exit -F path=/etc/docker/daemon.json", BY_USERS],
        "recorded",
        "covered",
        (),
    ),
    (
        "a directory of which a part is recorded before",
        ["-w /etc/docker -p wa", "-a never,exit -F dir=/etc", BY_USERS],
        "conditional",
        "conditional",
        ("except dir=/etc",),
    ),
    ("a file of other calls", ["-a never,exit -S chown -F path=/usr/bin/dockerd", BY_USERS], "recorded", "covered", ()),
    (
        "a file of other letters",
        ["-a never,exit -F path=/usr/bin/dockerd -F perm=x", BY_USERS],
        "recorded",
        "covered",
        (),
    ),
    ("a link, which chmod follows", ["-a never,exit -F path=/opt/dockerd", BY_USERS], "recorded", "covered", ()),
    ("root's files", [f"{BY_USERS} -F obj_uid=0"], "conditional", "conditional", ("obj_uid=0 only",)),
    (
        "but root's files",
        ["-a never,exit -S all -F obj_uid=0", BY_USERS],
        "conditional",
        "conditional",
        ("except obj_uid=0",),
    ),
    (
        "files of all, but no file",  # of a path that leads nowhere no owner is known
        [f"{BY_USERS} -F obj_uid=0", f"{BY_USERS} -F obj_uid!=0"],
        "conditional",
        "conditional",
        ("obj_uid=0 only", "obj_uid!=0 only"),
    ),
    ("a never rule", ["-a never,exit -S chmod", BY_USERS], "unrecorded", "suppressed", ()),
    ("a never rule on others", ["-a never,exit -S chmod -F auid<1000", BY_USERS], "recorded", "covered", ()),
    ("the task list", ["-a never,task", BY_USERS], "unrecorded", "task_never", ()),
    (
        "the task list, of some",
        ["-a never,task -F uid=5", BY_USERS],
        "conditional",
        "conditional",
        ("except uid=5 at the fork",),
    ),
    ("the exclude list", ["-a always,exclude -F msgtype=SYSCALL", BY_USERS], "unrecorded", "excluded", ()),
    (
        "the exclude list, of some",
        ["-a never,exclude -F auid=1001", BY_USERS],
        "conditional",
        "conditional",
        ("except auid=1001",),
    ),
    ("the exclude list, of others", ["-a never,exclude -F auid=1", BY_USERS], "recorded", "covered", ()),
)


@pytest.mark.parametrize(
    ("lines", "status", "reason", "conditions"), [case[1:] for case in ESCAPES], ids=[case[0] for case in ESCAPES]
)
def test_the_calls_that_escape_are_told(
    lines: list[str], status: str, reason: str, conditions: tuple[str, ...]
) -> None:
    (found,) = answers(CHMOD, lines).values()
    assert (found.status.value, found.reason.value, found.conditions) == (status, reason, conditions)


def test_a_never_rule_on_a_file_touches_no_call_that_uses_none() -> None:
    lines = ["-a never,exit -F dir=/etc", "-a always,exit -S adjtimex"]
    (found,) = answers(asked_rule(["adjtimex"], ["b64"]), lines).values()
    assert found.status is RECORDED


def test_the_rules_that_decide_come_in_their_order_with_a_never_rule_among_them() -> None:
    lines = ["-w /usr/bin -p x", "-a never,exit -F dir=/etc/docker", BY_USERS, "-a always,exit -S all"]
    (found,) = answers(CHMOD, lines).values()
    assert [each.order for each in found.deciding] == [1, 2]


def test_an_open_is_asked_for_in_each_way() -> None:
    lines = ["-a always,exit -F arch=b64 -S openat -F perm=w"]
    (found,) = answers(asked_rule(["openat"], ["b64"]), lines).values()
    assert (found.status, found.conditions) == (CoverageStatus.CONDITIONAL, ("except opened for reading",))


def test_a_rule_on_a_file_records_the_ways_to_open_it_that_its_letters_say() -> None:
    (found,) = answers(asked_rule(["openat"], ["b64"]), ["-w /etc/docker/daemon.json -p w"]).values()
    assert (found.status, found.conditions) == (CoverageStatus.CONDITIONAL, ("path=/etc/docker/daemon.json only",))


def test_a_result_that_no_call_can_have_is_told() -> None:
    (found,) = answers(asked_rule(["chmod"], ["b64"], ["success=1", "exit=-EACCES"]), [BY_USERS]).values()
    assert (found.status, found.nothing_asked) == (CoverageStatus.UNKNOWN, True)


# names, arches, machine: which calls are not asked for, and why
UNASKED = (
    (
        ["create_module", "delete_module"],
        "x86_64",
        "create_module",
        "b64",
        "no kernel since Linux 2.6 serves create_module",
    ),
    (["umount", "umount2"], "x86_64", "umount", "b64", "x86_64 has no system call umount"),
    (["stime"], "x86_64", "stime", "b64", "x86_64 has no system call stime"),
    (["chmod", "fchmodat"], "aarch64", "chmod", "b64", "aarch64 has no system call chmod"),
    (["chmod"], "riscv64", "chmod", "b32", "riscv64 runs no b32 programs"),
    (["chmod"], "i686", "chmod", "b64", "i686 runs no b64 programs"),
)


@pytest.mark.parametrize(("names", "machine", "name", "arch", "why"), UNASKED)
def test_calls_that_nobody_can_make_are_not_asked_for(
    names: list[str], machine: str, name: str, arch: str, why: str
) -> None:
    told = dict(asked_rule(names).calls(machine))
    assert told[CallOfArch(name, arch)] == why


@pytest.mark.parametrize(
    ("release", "why"),
    [
        ("6.1.0-56-cloud-amd64", "Linux 6.1.0-56-cloud-amd64 has no system call fchmodat2"),
        ("6.6.0", ""),
        ("5.14.0-427.el9.x86_64", ""),  # its makers take newer calls into it
        ("", ""),
    ],
)
def test_calls_that_the_kernel_is_too_old_for_are_not_asked_for(release: str, why: str) -> None:
    told = dict(asked_rule(["chmod", "fchmodat2"], ["b64"]).calls("x86_64", release))
    assert told == {CallOfArch("chmod", "b64"): "", CallOfArch("fchmodat2", "b64"): why}


def test_all_calls_are_those_of_the_machine() -> None:
    asked = asked_rule(["all"], ["b64"])
    names = {call.syscall for call, why in asked.calls("x86_64") if not why}
    assert {"chmod", "pread64", "fchmodat2"} <= names
    assert not names & {"create_module", "umount"}


@pytest.mark.parametrize(
    ("lines", "passes"),
    [
        (["-a always,exit -S all"], True),
        (["-a always,exit -S all -F auid>=1000"], True),
        (["-a always,exit -S all -F auid>=1001"], False),
        (["-a never,exit -S getpid", "-a always,exit -S all"], False),
    ],
)
def test_all_calls_can_be_asked_for(lines: list[str], passes: bool) -> None:
    found = answers(asked_rule(["all"], ["b64"], ["auid>=1000", "auid!=unset"]), lines)
    assert ({answer.status for answer in found.values()} == {RECORDED}) is passes


WRONG: tuple[tuple[list[str], list[str], list[str], list[str], str], ...] = (
    ([], ["b64"], [], [], "expected system calls, found none"),
    (["chmood"], ["b64"], [], [], "expected a system call, found 'chmood'"),
    (["all", "chmod"], ["b64"], [], [], "expected a system call, found 'all'"),
    (["chmod"], ["b16"], [], [], "expected b64, b32 or both, found 'b16'"),
    (["chmod"], [], [], [], "expected b64, b32 or both, found 'nothing'"),
    (
        ["chmod"],
        ["b64"],
        ["auid=>5"],
        [],
        "expected a user's number, unset, or the name of a user of this host, found '>5'",
    ),
    (["chmod"], ["b64"], ["colour=1"], [], "expected a field that auditctl knows, found 'colour'"),
    (["chmod"], ["b64"], ["uid=1 -S all"], [], "expected a condition of -F, found 'uid=1 -S all'"),
    (
        ["chmod"],
        ["b64"],
        ["dir=/etc"],
        [],
        "expected a condition on who calls or how the call ends, found 'dir=/etc'",
    ),
    (["chmod"], ["b64"], ["key=x"], [], "expected a condition on who calls or how the call ends, found 'key=x'"),
    (["chmod"], ["b64"], ["arch=b64"], [], "expected arch before -S, and not after a watch, found 'arch=b64'"),
    (
        ["chmod"],
        ["b64"],
        [],
        ["uid!=obj_uid"],
        "expected a condition on who calls or how the call ends, found 'uid!=obj_uid'",
    ),
    (["chmod"], ["b64"], [], ["uid>euid"], ""),
)


@pytest.mark.parametrize(("names", "arches", "fields", "compare", "expected"), WRONG)
def test_what_is_no_rule_is_told(
    names: list[str], arches: list[str], fields: list[str], compare: list[str], expected: str
) -> None:
    with pytest.raises(AskedRuleError) as caught:
        asked_rule(names, arches, fields, compare)
    assert str(caught.value) == expected or not expected


def by_source(asked: AskedRule, lines: list[str], on: Facts = HOST) -> AskedAnswer:
    source = RuleSource("kernel", on.machine, rules_of(lines, on))
    return evaluate_asked_rule(asked, source, FileSystem(looked_at(on, asked.paths)))


# what is asked for of openat on one file, rules, and the status
ON_ONE_FILE = (
    ("its watch", ["-w /etc/docker/daemon.json -p rw"], "recorded"),
    ("its watch for writing", ["-w /etc/docker/daemon.json -p w"], "conditional"),
    ("the directory", ["-w /etc -p rw"], "recorded"),
    ("another file", ["-w /etc/docker/certs -p rw"], "unrecorded"),
    ("the call", ["-a always,exit -S openat"], "recorded"),
    ("a never rule on another file", ["-a never,exit -F dir=/usr", "-a always,exit -S openat"], "recorded"),
    ("a never rule", ["-a never,exit -F dir=/etc", "-a always,exit -S openat"], "unrecorded"),
)


@pytest.mark.parametrize(("lines", "status"), [case[1:] for case in ON_ONE_FILE], ids=[case[0] for case in ON_ONE_FILE])
def test_calls_can_be_asked_for_on_one_file(lines: list[str], status: str) -> None:
    asked = asked_rule(["openat"], ["b64"], ["path=/etc/docker/daemon.json", "auid>=1000"])
    assert by_source(asked, lines).status().value == status


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["-a always,exit -S setuid"], "recorded"),
        (["-a always,exit -S setuid -F exe=/usr/bin/dockerd"], "recorded"),
        (["-a always,exit -S setuid -F exe=/bin/dockerd"], "recorded"),
        (["-a always,exit -S setuid -F exe=/usr/bin/containerd"], "unrecorded"),
        (["-a never,exit -S setuid -F exe=/usr/bin/containerd", "-a always,exit -S setuid"], "recorded"),
    ],
)
def test_calls_can_be_asked_for_of_one_program(lines: list[str], status: str) -> None:
    assert by_source(asked_rule(["setuid"], ["b64"], ["exe=/usr/bin/dockerd"]), lines).status().value == status


def test_the_calls_of_a_program_that_is_not_there_are_not_asked_for() -> None:
    found = by_source(asked_rule(["setuid"], ["b64"], ["exe=/usr/bin/new"]), [])
    assert dict(found.impossible) == {CallOfArch("setuid", "b64"): "there is no program /usr/bin/new"}


@pytest.mark.parametrize(
    ("lsm", "lines", "status"),
    [
        (("selinux",), ["-a always,exit -S execve -F subj_type=crond_t"], "recorded"),
        (("selinux",), ["-a always,exit -S execve"], "recorded"),
        (("selinux",), ["-a always,exit -S execve -F subj_type=sshd_t"], "unknown"),
        (("selinux",), ["-a always,exit -S execve -F subj_type=crond_t -F auid>=60000"], "conditional"),
        (("selinux",), [], "unrecorded"),
    ],
)
def test_calls_can_be_asked_for_of_a_security_label(lsm: tuple[str, ...], lines: list[str], status: str) -> None:
    asked = asked_rule(["execve"], ["b64"], ["subj_type=crond_t", "auid>=1000", "auid!=unset"])
    assert by_source(asked, lines, facts(lsm=lsm)).status().value == status


# name: rules, an arch, and what is asked of it
APART: dict[str, tuple[list[str], str, tuple[str, ...]]] = {
    "no rule": ([], "b32", ()),
    "masks and users": (
        ["-a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000", "-a never,exit -F arch=b64 -S fchmod,chown"],
        "b64",
        ("auid>=1000", "auid!=unset"),
    ),
    "letters": (["-a always,exit -F perm=wa", "-a always,exit -F arch=b64 -S all -F success=0"], "b64", ()),
    "letters of 32-bit programs": (["-a always,exit -F perm=ra -F uid=0"], "b32", ("uid=0",)),
    "ways to open": (["-a always,exit -F arch=b64 -S openat -F perm=r", "-a always,exit -S openat2,open"], "b64", ()),
    "owners": (["-a always,exit -F arch=b64 -S all -F obj_uid=0", "-a always,exit -S rename,execve"], "b64", ()),
    "results": (["-a always,exit -F arch=b64 -S openat,truncate -F exit=-EACCES"], "b64", ("exit=-EACCES",)),
    "addresses": (["-a never,exit -F arch=b64 -S all -F saddr_fam=2", "-a always,exit -S all"], "b64", ()),
    "places": (["-w /etc/passwd -p wa", "-a always,exit -F dir=/etc -F perm=x", "-a always,exit -S rmdir"], "b64", ()),
    "a place left out": (["-a never,exit -F path=/etc/passwd -S all", "-a always,exit -S all"], "b64", ()),
    "never at the fork": (["-a never,task -F uid=5", "-a always,exit -F arch=b32 -S all"], "b32", ("uid!=5",)),
}


@pytest.mark.parametrize("name", APART)
def test_calls_that_are_judged_together_come_to_what_each_comes_to_alone(name: str) -> None:
    lines, arch, fields = APART[name]
    source = RuleSource("kernel", HOST.machine, rules_of(lines, HOST))
    asked = asked_rule(["all"], [arch], fields)
    known: ResultCache[CallAnswer] = ResultCache(1000)
    assert (
        evaluate_asked_rule(asked, source, FILE_SYSTEM, known).calls
        == evaluate_asked_rule(asked, source, FILE_SYSTEM).calls
    )


def test_where_no_task_has_a_label_no_call_can_meet_what_is_asked() -> None:
    asked = asked_rule(["execve"], ["b64"], ["subj_type=crond_t"])
    found = by_source(asked, ["-a always,exit -S execve"], facts(lsm=("yama",)))
    assert dict(found.impossible) == {CallOfArch("execve", "b64"): "no such call can meet what is asked"}


def test_an_answer_names_rules_files_and_what_escapes() -> None:
    rule = f"{BY_USERS} -F auid>=60000"
    (text,) = (render(each.rule) for each in rules_of([rule], HOST).resolved)
    source = RuleSource("kernel", "x86_64", rules_of([rule], HOST), file_lines={text: ["/etc/audit/rules.d/a.rules:3"]})
    found = evaluate_asked_rule(
        asked_rule(["chmod", "chown"], ["b64"], ["auid>=1000", "auid!=-1"]), source, FILE_SYSTEM
    )
    assert found.evidence(lines=True) == f"{text} in /etc/audit/rules.d/a.rules:3; auid>=60000 only"
    assert calls_text(found.with_status(CoverageStatus.CONDITIONAL, CoverageStatus.UNRECORDED)) == "chmod, chown (b64)"
    assert (found.status(), found.reason()) == (CoverageStatus.CONDITIONAL, Reason.CONDITIONAL)


IDS = ("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "pid", "ppid", "sessionid", "pers")


def tangled(*, before_all: bool = False) -> list[str]:
    """Rules that tell apart more subjects than can be tried."""
    conditions = [f"{name}{sign}{value}" for name in IDS for sign in ("!=", "<") for value in (3, 70, 900, 1500)]
    pairs = zip(conditions, reversed(conditions), strict=True)
    rules = [f"-a always,exit -S chmod -F {one} -F {other}" for one, other in pairs if one != other]
    return [*rules[:40], *(["-a never,exit -S chmod"] if before_all else [])]


# hostile rule sets: what is said of chmod by login users, and why
HOSTILE: tuple[tuple[str, list[str], str, str], ...] = (
    ("all caught by the last rule", [*tangled(), BY_USERS], "recorded", "covered"),
    ("none caught for certain", tangled(before_all=True), "unknown", "too_many_conditions"),
    (
        "many users left out",
        [*(f"-a never,exit -S all -F auid={1000 + number}" for number in range(400)), BY_USERS],
        "conditional",
        "conditional",
    ),
    (
        "many files left out",
        [*(f"-a never,exit -S all -F path=/usr/bin/f{number}" for number in range(400)), BY_USERS],
        "conditional",
        "conditional",
    ),
    (
        "many files of which each is recorded before",
        [
            "-w /usr/bin -p a",
            *(f"-a never,exit -S all -F path=/usr/bin/f{number}" for number in range(400)),
            BY_USERS,
        ],
        "unknown",
        "too_many_conditions",
    ),
    (
        "many owners",
        [*(f"-a never,exit -S chmod -F obj_uid={number} -F obj_gid={number}" for number in range(5, 400, 5)), BY_USERS],
        "unknown",
        "too_many_conditions",
    ),
)


@pytest.mark.parametrize(
    ("lines", "status", "reason"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_hostile_rules_are_judged_with_bounded_work(lines: list[str], status: str, reason: str) -> None:
    (found,) = answers(CHMOD, lines).values()
    assert (found.status.value, found.reason.value) == (status, reason)


def test_more_subjects_than_can_be_tried_are_unknown() -> None:
    # Each of these ids is below 7 or not, and one rule catches each of the 2**12 cases of it but one.
    rules = [f"-a always,exit -S chmod -F {name}{sign}{value}" for value in (7,) for name in IDS for sign in ("<",)]
    rest = "".join(f" -F {name}>={number + 9}" for number, name in enumerate(IDS))
    found = answers(CHMOD, [*rules, f"-a always,exit -S chmod{rest}", *tangled()])
    assert {each.status for each in found.values()} <= {CoverageStatus.UNKNOWN, CoverageStatus.CONDITIONAL}


def test_a_never_rule_on_a_family_of_addresses_may_silence_a_call_that_has_one() -> None:
    rules = ["-a never,exit -F arch=b64 -S connect -F saddr_fam=2", "-a always,exit -F arch=b64 -S connect,chmod"]
    found = answers(asked_rule(["connect", "chmod"], ["b64"]), rules)
    assert [each.status for each in found.values()] == [CoverageStatus.UNKNOWN, RECORDED]

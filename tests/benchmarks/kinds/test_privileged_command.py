"""Every privileged program is recorded when a user runs it, by rules of whatever form; and what nobody knows."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import Kernel, Netlink, Sources
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.inventory_evidence import MOST_JUDGED, MOST_NAMED, SUBJECT
from auditrules.benchmarks.kinds.privileged_command import MOST_LINES, rule_line
from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.benchmarks.requirement import Fact, Judged, JudgedHost
from tests.audit.file_trees import facts, looked_at
from tests.fixtures.requirements import judge, outcome, requirement

SU, MOUNT, WALL, PING, GAME = "/usr/bin/su", "/usr/bin/mount", "/usr/bin/wall", "/usr/bin/ping", "/opt/game"
SETUID, SETGID, CAPABILITIES = Privilege.SETUID, Privilege.SETGID, Privilege.CAPABILITIES
PROGRAMS = (
    PrivilegedProgram(PING, (CAPABILITIES,)),
    PrivilegedProgram(WALL, (SETGID,), gid=5),
    PrivilegedProgram(GAME, (SETUID,), uid=1001, mount="/opt"),
    PrivilegedProgram(SU, (SETUID,)),
)
BEGAN = 1_790_000_000
FOUND = PrivilegedPrograms(SearchState.COMPLETE, PROGRAMS, began=BEGAN, entries=1234)
USERS = "-F auid>=1000 -F auid!=unset"
EVERY_EXECVE = f"-a always,exit -F arch=b64 -S execve {USERS}"
EACH = tuple(f"-a always,exit -F path={each.path} -F perm=x {USERS} -k privileged" for each in PROGRAMS)
REQUIREMENT = requirement(
    "privileged_command",
    of="local_file_systems",
    permissions="x",
    fields=["auid>=UID_MIN", "auid!=unset"],
    key="privileged",
)
TREE = (*(each.path for each in PROGRAMS), "/usr/bin/other", "/lib64/ld-linux-x86-64.so.2")


def told(
    *lines: str,
    found: PrivilegedPrograms | None = FOUND,
    login: LoginDefs | None = LoginDefs(1000),  # noqa: B008 - a value
    enabled: int = 1,
    gone: Sequence[str] = (),
    modes: Mapping[str, int] | None = None,
    more: Sequence[str] = (),
) -> Judged:
    """Judge the host with these rules in its kernel."""
    tree = facts({path: "file" for path in (*TREE, *more) if path not in gone})
    sources = Sources(_kernel(tree, lines, enabled), facts=tree)
    paths = REQUIREMENT.paths(HostFacts(login=login, privileged=found))
    seen = {path: _with_mode(path, entry, modes or {}) for path, entry in looked_at(tree, paths).files.items()}
    return judge(REQUIREMENT, JudgedHost(HostAudit(sources), HostFacts(login=login, privileged=found), seen))


def _kernel(tree: Facts, lines: Sequence[str], enabled: int) -> Kernel:
    rules = load_rules("".join(f"{line}\n" for line in lines).encode(), looked_at(tree, TREE)).rules
    status = struct.pack("=10I", 0, enabled, 1, 7, 0, 64, 0, 0, 0, 0)
    return Kernel("netlink", netlink=Netlink(tuple(map(encode, rules)), status))


def _with_mode(path: str, entry: Entry, modes: Mapping[str, int]) -> Entry:
    if entry.type != "file":
        return entry
    return replace(entry, mode=modes.get(path, 0o4755 if path != PING else 0o755))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (EACH, ("pass", "covered")),
        ((EVERY_EXECVE,), ("pass", "covered")),
        (tuple(line.replace(" -k privileged", "") for line in reversed(EACH)), ("pass", "covered")),
        (tuple(f"-w {each.path} -p rwxa -k other" for each in PROGRAMS), ("pass", "covered")),
        (("-a always,exit -F dir=/usr -F perm=x", "-w /opt -p x"), ("pass", "covered")),
        ((EVERY_EXECVE.replace(">=1000", ">=500"),), ("pass", "covered")),
        (("-a always,exit -F arch=b64 -S execve",), ("pass", "covered")),
        ((), ("fail", "no_rule")),
        (EACH[:3], ("fail", "no_rule")),
        (("-w /usr/bin/other -p x",), ("fail", "no_rule")),
        ((EVERY_EXECVE.replace("b64", "b32"),), ("fail", "no_rule")),
        ((EVERY_EXECVE.replace(">=1000", ">=60000"),), ("fail", "conditional")),
        ((f"{EVERY_EXECVE} -F uid!=0",), ("fail", "conditional")),
        ((f"{EVERY_EXECVE} -F success=0",), ("fail", "conditional")),
        ((f"-a never,exit -F path={SU} -F perm=x", EVERY_EXECVE), ("fail", "suppressed")),
        (("-a never,task", EVERY_EXECVE), ("fail", "task_never")),
        (tuple(line.replace("perm=x", "perm=wa") for line in EACH), ("fail", "permissions_missing")),
    ],
)  # fmt: skip
def test_the_kernel_decides_whatever_the_form_of_the_rules(lines: tuple[str, ...], found: tuple[str, str]) -> None:
    assert outcome(told(*lines)) == found


def test_rules_that_do_not_count_record_nothing() -> None:
    assert outcome(told(*EACH, enabled=0)) == ("fail", "disabled")


def test_what_is_missed_is_told_the_worst_first() -> None:
    judged = told()
    assert judged.missing == f"{SU}, {GAME}, {WALL}, {PING}"
    assert judged.evidence.startswith(
        f"not recorded for login users: {SU} (setuid root), {GAME} (setuid 1001), {WALL} (setgid 5), "
        f"{PING} (capabilities); {SU}: no rule records it"
    )
    assert (judged.subject, judged.required, judged.who, judged.origin) == (SUBJECT, "x", "login users", "inventory")


def test_the_remedy_is_the_benchmarks_own_line_for_each_that_is_missed() -> None:
    assert told(EACH[3]).remedy.lines == (EACH[2], EACH[1], EACH[0])
    assert set(told().remedy.lines) == set(EACH)
    assert outcome(told(*told().remedy.lines)) == ("pass", "covered")


def test_the_remedy_has_the_hosts_own_number() -> None:
    (line, *_) = told(login=LoginDefs(500)).remedy.lines
    assert "-F auid>=500 -F auid!=unset" in line
    assert outcome(told(*EACH, login=LoginDefs(500))) == ("fail", "conditional")


def test_evidence_tells_how_old_the_inventory_is() -> None:
    """In the evidence of a differential query it is told so that it does not change with each search."""
    judged = told(*EACH)
    assert judged.evidence.endswith("searched at most an hour ago")
    assert "searched from 2026-09-21 14:13:20 UTC on, 1234 names" in judged.evidence_lines
    later = told(*EACH, found=replace(FOUND, began=BEGAN + 60, entries=1300))
    assert later.evidence == judged.evidence
    assert later.evidence_lines != judged.evidence_lines


def test_what_was_left_out_is_told() -> None:
    found = replace(FOUND, left_out=(("/net", "a network file system or FUSE (nfs4)"), ("/home\n", "nosuid")))
    assert told(*EACH, found=found).evidence_lines.endswith(
        r"left out: /net (a network file system or FUSE (nfs4)), /home\x0a (nosuid)"
    )


@pytest.mark.parametrize(
    ("found", "reason", "evidence"),
    [
        (
            PrivilegedPrograms(SearchState.RUNNING, PROGRAMS, BEGAN, 5000, "/usr/share"),
            "inventory_running",
            "the search for privileged programs goes on: 5000 names so far, now in /usr/share",
        ),
        (
            PrivilegedPrograms(SearchState.LIMIT, PROGRAMS, BEGAN, 5000, "/srv", "more than 5000 names"),
            "inventory_limit",
            "the search for privileged programs ended in /srv: more than 5000 names",
        ),
        (
            PrivilegedPrograms(
                SearchState.UNREADABLE, PROGRAMS, BEGAN, 9, unread=("/root\x1b: Permission denied",), unread_count=3
            ),
            "inventory_unreadable",
            r"the search for privileged programs could not look everywhere: /root\x1b: Permission denied, and 2 more",
        ),
        (
            PrivilegedPrograms(SearchState.FAILED, problem="No such file or directory: /proc"),
            "inventory_unreadable",
            "privileged programs were not searched for: No such file or directory: /proc",
        ),
        (None, "inventory_unreadable", "privileged programs were not searched for: no file of that host was read"),
    ],
)
def test_without_the_whole_inventory_nothing_passes(
    found: PrivilegedPrograms | None, reason: str, evidence: str
) -> None:
    judged = told(EVERY_EXECVE, found=found)
    assert outcome(judged) == ("unknown", reason)
    assert judged.evidence.startswith(evidence)
    assert judged.remedy.text


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (SearchState.LIMIT, ("fail", "no_rule")),
        (SearchState.UNREADABLE, ("fail", "no_rule")),
        (SearchState.RUNNING, ("unknown", "inventory_running")),
    ],
)
def test_a_program_that_is_missed_fails_even_if_others_may_be_hidden(
    state: SearchState, found: tuple[str, str]
) -> None:
    """But while a search goes on its result is waited for: it would be another one each time."""
    assert outcome(told(*EACH[:3], found=replace(FOUND, state=state))) == found


@pytest.mark.parametrize("login", [None, LoginDefs(error="/etc/login.defs: expected UID_MIN from 0 on, found -1")])
def test_where_nobody_knows_who_logs_in_nothing_passes(login: LoginDefs | None) -> None:
    assert outcome(told(*EACH, login=login)) == ("unknown", "uid_min_unknown")


def test_rules_that_could_not_be_read_are_unknown() -> None:
    on = JudgedHost(
        HostAudit(Sources(Kernel("none"), facts=facts(dict.fromkeys(TREE, "file")))),
        HostFacts(login=LoginDefs(1000), privileged=FOUND),
        {},
    )
    assert outcome(judge(REQUIREMENT, on)) == ("unknown", "unreadable")


def test_without_a_privileged_program_it_does_not_apply() -> None:
    judged = told(found=replace(FOUND, programs=()))
    assert outcome(judged) == ("not_applicable", "no_programs")
    assert judged.evidence.startswith(f"no {SUBJECT} on local file systems")


def test_what_has_changed_since_the_search_does_not_count() -> None:
    assert SU not in told(gone=[SU]).missing
    assert SU not in told(modes={SU: 0o755}).missing
    assert SU in told(modes={SU: 0o2755}).missing
    assert PING in told(modes={PING: 0o755}).missing  # a look at the mode says nothing of capabilities


def test_a_benchmark_may_ask_for_the_root_file_system_only() -> None:
    only = requirement("privileged_command", of="root_file_system", fields=["auid>=1000", "auid!=unset"], key="p")
    assert list(only.paths(HostFacts(privileged=FOUND))) == [SU, WALL, PING]
    assert only.needs == {Fact.PRIVILEGED}


def test_login_defs_is_read_only_where_it_matters() -> None:
    assert REQUIREMENT.needs == {Fact.PRIVILEGED, Fact.LOGIN}


def test_thousands_of_programs_are_bounded() -> None:
    many = tuple(PrivilegedProgram(f"/opt/x{number:05}", (SETUID,)) for number in range(10_000))
    found = replace(FOUND, programs=many)
    judged = list(REQUIREMENT.paths(HostFacts(privileged=found)))
    assert len(judged) == MOST_JUDGED
    missed = told(found=found, more=judged)
    assert missed.missing.endswith(f"and {MOST_JUDGED - MOST_NAMED} more")
    assert len(missed.remedy.lines) == MOST_LINES
    assert missed.remedy.text.startswith(f"{MOST_JUDGED - MOST_LINES} more programs need such a line")
    recorded = told(EVERY_EXECVE, found=found, more=judged)
    assert outcome(recorded) == ("unknown", "inventory_limit")
    assert f"10000 {SUBJECT} were found, of which {MOST_JUDGED} are judged" in recorded.evidence


@pytest.mark.parametrize("path", ["/opt/a\nb", "/opt/a\x1b[1m", "/opt/caf\udce9"])
def test_hostile_names_are_escaped(path: str) -> None:
    judged = told(found=replace(FOUND, programs=(PrivilegedProgram(path, (SETUID,)),)), more=[path])
    assert all(text.isprintable() for text in (judged.missing, judged.evidence, judged.evidence_lines))


def test_a_name_that_no_rules_file_can_express_is_told() -> None:
    programs = (PrivilegedProgram("/opt/a\nb", (SETUID,)), PrivilegedProgram(SU, (SETUID,)))
    judged = told(found=replace(FOUND, programs=programs), more=["/opt/a\nb"])
    assert judged.remedy.lines == (EACH[3],)
    assert judged.remedy.text == r"No line of a rules file can name /opt/a\x0ab: give them other names."


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/usr/bin/su", "-a always,exit -F path=/usr/bin/su -F perm=x -F auid>=1000 -k k"),
        ("/opt/a b", r"-a always,exit -F path=/opt/a\ b -F perm=x -F auid>=1000 -k k"),
        ("/opt/a\\b", r"-a always,exit -F path=/opt/a\\b -F perm=x -F auid>=1000 -k k"),
        ("/opt/a\tb", None),
        ("/opt/a\nb", None),
        ("/opt/" + "x" * 5000, None),
    ],
)
def test_the_line_of_a_program(path: str, line: str | None) -> None:
    assert rule_line(path, ("auid>=1000",), "k") == line


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"of": "everywhere"}, "of"),
        ({"permissions": "wa"}, "permissions"),
        ({"fields": ["auid>1000; rm"]}, "fields"),
        ({"fields": ["auid>=NOBODY_KNOWS"]}, "fields"),
        ({"fields": ["path=/etc"]}, "fields"),
        ({"arches": ["b16"]}, "arches"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_no_such_requirement_is_an_error(fields: dict[str, object], key: str) -> None:
    with pytest.raises(BenchmarkError) as error:
        requirement("privileged_command", **fields)
    assert error.value.key == key

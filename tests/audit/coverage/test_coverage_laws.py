"""Laws of coverage, for any rules and any access: what a further rule can and can't change, and what facts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.access_coverage import evaluate_access
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.decision import ON, CoverageStatus
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import OPERATIONS, Operation
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import FilterList
from tests.audit.file_trees import DOCKER, facts, rules_of
from tests.laws import law

for_all = law(2, derandomize=True)

HOST = facts()
FILE_SYSTEM = FileSystem(HOST)
FILES = sorted(path for path, kind in DOCKER.items() if kind != "missing")
WATCHED = st.sampled_from([*FILES, "/usr/bin", "/etc/docker", "/etc", "/usr/bin/new", "/var/lib/docker"])
DIRECTORIES = st.sampled_from(["/usr", "/usr/bin", "/etc/docker", "/etc", "/var/lib/docker/overlay2", "/bin/"])
LETTERS = st.sampled_from(["r", "w", "x", "a", "wa", "rx", "wxa", "rwxa"])
CALLS = st.sampled_from(["all", "execve", "execve,execveat", "open,openat", "unlink,rename", "chmod,fchmodat,chown"])
SUBJECTS = st.sampled_from(
    [
        *("-F auid=1000", "-F auid>=1000", "-F auid!=unset", "-F auid=unset", "-F uid=0", "-F uid!=0", "-F euid=0"),
        *("-F gid=998", "-F success=1", "-F success=0", "-F exit=-EACCES", "-F exit>=0", "-F exe=/usr/bin/dockerd"),
        *("-F exe!=/usr/bin/containerd", "-C auid!=uid", "-C uid=euid", "-F obj_uid=0", "-F pid=1", "-F filetype=file"),
    ]
)


def one_exe(condition: str) -> str:
    """What may stand in a rule once: the kernel takes one program."""
    return "exe" if "exe" in condition else condition


def exits(actions: st.SearchStrategy[str], *, inodes: bool = True) -> st.SearchStrategy[str]:
    """Rules of the exit list; `inodes` says whether some are kept with the inode of a path."""
    watches = st.builds("-a {},exit -F path={} -F perm={}".format, actions, WATCHED, LETTERS)
    trees = st.builds("-a {},exit -F dir={} -F perm={}".format, actions, DIRECTORIES, LETTERS)
    calls = st.builds("-a {},exit -F arch=b64 -S {}".format, actions, CALLS)
    plain = st.one_of(watches, trees, calls) if inodes else st.one_of(trees, calls)
    # Of two rules one has no further condition: otherwise hardly any access of any example left a record.
    none: st.SearchStrategy[list[str]] = st.just([])
    more = none | st.lists(SUBJECTS, max_size=2, unique_by=one_exe)
    return st.builds(lambda rule, conditions: " ".join([rule, *conditions]), plain, more)


ALWAYS, NEVER = st.just("always"), st.just("never")
ANY = exits(st.sampled_from(["always", "never"]))
TASKS = st.sampled_from(
    ["-a never,task", "-a never,task -F uid=0", "-a never,task -F auid>=1000", "-a never,task -F uid!=0"]
)
EXCLUDES = st.sampled_from(
    [
        *("-a always,exclude -F msgtype=SYSCALL", "-a never,exclude -F auid=1000", "-a never,exclude -F msgtype=PATH"),
        *("-a never,exclude -F uid=0", "-a never,exclude -F exe=/usr/bin/dockerd", "-a never,exclude -F msgtype>=1300"),
    ]
)
FILE_SYSTEMS = st.sampled_from(["-a never,filesystem -F fstype=0xef53", "-a never,filesystem -F fstype=tracefs"])
OTHERS = st.one_of(TASKS, EXCLUDES, FILE_SYSTEMS)
RULES = st.lists(st.one_of(exits(ALWAYS), ANY, ANY, OTHERS), min_size=1, max_size=5, unique=True)

CALLS_HERE = sorted(set(OPERATIONS) - {"truncate64", "chown32"})  # the last two are 32-bit machines'
ID = st.sampled_from([0, 33, 1000, 1001])


@st.composite
def subjects(draw: st.DrawFn) -> Credentials:
    uid, gid = draw(ID), draw(st.sampled_from([0, 998]))
    auid = draw(st.sampled_from([0, 1000, 1001, UNSET]))
    return Credentials(
        *(auid, uid, draw(ID), uid, uid, gid, gid, gid, gid),
        groups=frozenset(draw(st.sets(st.sampled_from([0, 998]), max_size=1))),
        pid=4243,
        ppid=4242,
        sessionid=UNSET,
        pers=0,
        exe=draw(st.sampled_from([FILE_SYSTEM.identity(FILE_SYSTEM.at(path)) for path in FILES])),
    )


@st.composite
def accesses(draw: st.DrawFn) -> Access:
    """Accesses of which everything is known, but for those that take a directory's name away."""
    operation: Operation = OPERATIONS[draw(st.sampled_from(CALLS_HERE))]
    path, other = draw(st.sampled_from([*FILES, "/usr/bin/new"])), draw(st.sampled_from(FILES))
    access = AuditNamesCollector(FILE_SYSTEM).access(operation, "x86_64", path, other)
    assert access is not None
    succeeded = draw(st.booleans())
    who = draw(subjects())
    return replace(
        access,
        subject=who,
        forker=who,
        succeeded=succeeded,
        result=0 if succeeded else -13,
        arguments=(0, 0, 0, 0),
    )


def recorded(lines: Sequence[str], access: Access) -> bool:
    """The answer, which is yes or no where everything is known."""
    found = decide(rules_of(lines, HOST), access, ON).recorded
    assert found is not Truth.MAYBE
    return found is Truth.YES


def loadable(lines: Sequence[str], further: str) -> None:
    """Leave out what the kernel would refuse as being there already."""
    assume(further not in lines)


@for_all
@given(RULES, exits(ALWAYS), accesses())
def test_an_always_rule_at_the_end_loses_no_record(rules: list[str], further: str, access: Access) -> None:
    loadable(rules, further)
    assert recorded([*rules, further], access) or not recorded(rules, access)


@for_all
@given(RULES, exits(NEVER, inodes=False), accesses())
def test_a_never_rule_at_the_end_loses_no_record_unless_it_is_on_an_inode(
    rules: list[str], further: str, access: Access
) -> None:
    loadable(rules, further)
    assert recorded([*rules, further], access) or not recorded(rules, access)


@for_all
@given(RULES, exits(NEVER), accesses())
def test_a_never_rule_at_the_end_loses_no_record_of_an_access_to_one_inode(
    rules: list[str], further: str, access: Access
) -> None:
    loadable(rules, further)
    assume(len({name.identity for name in access.names}) <= 1)
    assert recorded([*rules, further], access) or not recorded(rules, access)


@for_all
@given(RULES, st.one_of(TASKS, EXCLUDES), accesses())
def test_a_rule_of_the_task_or_exclude_list_adds_no_record(rules: list[str], further: str, access: Access) -> None:
    loadable(rules, further)
    assert recorded(rules, access) or not recorded([*rules, further], access)


@for_all
@given(st.lists(exits(ALWAYS), max_size=5, unique=True), FILE_SYSTEMS, accesses())
def test_a_rule_of_the_filesystem_list_adds_no_record_where_no_rule_is_never(
    rules: list[str], further: str, access: Access
) -> None:
    assume(not any("filetype" in rule or "obj_" in rule for rule in rules))  # of which fewer names may hold more
    assert recorded(rules, access) or not recorded([*rules, further], access)


def test_a_file_system_left_out_takes_a_never_rule_s_path_out_of_its_sight() -> None:
    access = AuditNamesCollector(FILE_SYSTEM).access(OPERATIONS["execve"], "x86_64", "/usr/bin/dockerd")
    assert access is not None
    made = replace(access, subject=Credentials(), succeeded=True, result=0)
    rules = ["-a never,exit -F path=/usr/bin/dockerd", "-a always,exit -F arch=b64 -S execve"]
    assert not recorded(rules, made)
    assert recorded([*rules, "-a never,filesystem -F fstype=0xef53"], made)


@for_all
@given(RULES, accesses())
def test_always_on_the_task_list_records_whatever_exit_rules_say(rules: list[str], access: Access) -> None:
    assume(not any(",task" in rule or ",exclude" in rule for rule in rules))
    assert recorded(["-a always,task", *rules], access)


SPELLINGS = (
    ("-w {path} -p {letters}", "-a always,exit -F path={path} -F perm={letters}"),
    ("-w {path} -p {letters}", "-a exit,always -S all -F path={path} -F perm={letters}"),
    ("-w {path} -p {letters} -k k", "-a always,exit -F path={path} -F perm={letters} -F key=k"),
    ("-a never,exit -S execve,open", "-a exit,never -S 59 -S 2"),
)


@for_all
@given(RULES, st.sampled_from(SPELLINGS), st.sampled_from(FILES), LETTERS, accesses())
def test_the_answer_hangs_on_the_normal_form(
    rules: list[str], spellings: tuple[str, str], path: str, letters: str, access: Access
) -> None:
    one, other = (each.format(path=path, letters=letters) for each in spellings)
    assume(rules_of([one], HOST).resolved[0].rule == rules_of([other], HOST).resolved[0].rule)
    assume(one not in rules and other not in rules)
    assert decide(rules_of([*rules, one], HOST), access, ON) == decide(rules_of([*rules, other], HOST), access, ON)


KNOWN = tuple(each for each in Credentials.__dataclass_fields__)


@for_all
@given(RULES, accesses(), st.sets(st.sampled_from(KNOWN)), st.booleans())
def test_more_facts_only_move_maybe_to_yes_or_no(
    rules: list[str], access: Access, unknown: set[str], ends_unknown: bool
) -> None:
    less = replace(access, subject=replace(access.subject, **dict.fromkeys(unknown)), forker=Credentials())
    if ends_unknown:
        less = replace(less, succeeded=None, result=None)
    vague = decide(rules_of(rules, HOST), less, ON).recorded
    assert vague in (Truth.MAYBE, decide(rules_of(rules, HOST), access, ON).recorded)


@for_all
@given(RULES, accesses(), st.sets(st.sampled_from(KNOWN)))
def test_a_verdict_holds_for_whoever_makes_the_access(rules: list[str], access: Access, known: set[str]) -> None:
    who = {name: getattr(access.subject, name) for name in known}
    moves = any(name.removed or name.made for name in access.names)
    anybody = replace(
        access,
        subject=Credentials(**who),
        forker=Credentials(),
        arguments=(None, None, None, None),
        succeeded=access.succeeded if moves else None,
        result=None,
    )
    found, _ = evaluate_access(rules_of(rules, HOST), anybody, ON)
    if found in (CoverageStatus.RECORDED, CoverageStatus.UNRECORDED):
        assert recorded(rules, access) is (found is CoverageStatus.RECORDED)


@for_all
@given(RULES, accesses(), st.sets(st.sampled_from(sorted(HOST.files)), max_size=4))
def test_a_file_that_nobody_looked_at_only_moves_yes_and_no_to_maybe(
    rules: list[str], access: Access, unseen: set[str]
) -> None:
    loaded = rules_of(rules, HOST)
    blind = FileSystem(replace(HOST, files={path: entry for path, entry in HOST.files.items() if path not in unseen}))
    vague = decide(
        RuleSet([each.rule for each in loaded.resolved], RuleResolver(blind, fresh=True)), access, ON
    ).recorded
    assert vague in (Truth.MAYBE, decide(loaded, access, ON).recorded)


SEARCH = settings(max_examples=5_000, database=None, derandomize=True, phases=[Phase.generate])


@pytest.mark.parametrize("answer", [True, False])
def test_the_strategies_reach_both_answers(answer: bool) -> None:
    assert find(st.tuples(RULES, accesses()), lambda drawn: recorded(*drawn) == answer, settings=SEARCH)


@pytest.mark.parametrize("name", [FilterList.EXIT, FilterList.TASK, FilterList.EXCLUDE, FilterList.FILESYSTEM])
def test_the_strategies_reach_every_list(name: FilterList) -> None:
    assert find(
        RULES, lambda rules: name in {each.rule.list for each in rules_of(rules, HOST).resolved}, settings=SEARCH
    )

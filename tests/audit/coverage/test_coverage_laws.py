"""Laws of coverage, for any rules and any access: what a further rule can and can't change, and what facts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.access_coverage import evaluate_access
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.decision import ON, CoverageStatus
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import FilterList
from tests.audit.coverage.random_rules import (
    ALWAYS,
    EXCLUDES,
    FILE_SYSTEM,
    FILE_SYSTEMS,
    FILES,
    HOST,
    LETTERS,
    NEVER,
    RULES,
    TASKS,
    accesses,
    exits,
)
from tests.audit.file_trees import rules_of
from tests.laws import law

for_all = law(2, derandomize=True)


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

"""Laws of the language, for any text and any rule."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.audit.auditctl.listing import listed, listed_as_watch
from auditrules.audit.auditctl.normal_form import field_text, render
from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.auditctl.parse_listing import is_watch_form, parse_listed_line
from auditrules.audit.auditctl.rules_file import LINE_BYTES, lines, split
from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot import version_sort
from auditrules.audit.boot.auditd_conf import settings as auditd_settings
from auditrules.audit.boot.load import load_rules
from auditrules.audit.boot.version_sort import version_sorted
from auditrules.audit.constants.syscall_classes import without_classes
from auditrules.audit.kernel.interpret import interpret_answer
from auditrules.audit.model.collected import File, Kernel, Run
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Facts, Version
from auditrules.audit.model.rule import PATH_OR_DIR, Action, Field, Rule, Verb, same
from auditrules.audit.model.text import encode
from tests.audit.strategies import BYTES, HOST, LINES, PATHS, RULES, TEXT, WORDS
from tests.laws import law

for_all = law(1.5, derandomize=True)

VERSIONS: st.SearchStrategy[Version] = st.sampled_from([(2, 8, 5), (3, 0, 9), (3, 1, 5), (4, 0, 5), (4, 2, 1)])
MACHINES = st.sampled_from(["x86_64", "aarch64", "ppc64le", "s390x", "armv7l", "i686", "toaster"])


def facts_of(version: Version, machine: str = "x86_64") -> Facts:
    return replace(HOST, version=version, machine=machine)


@for_all
@given(RULES)
def test_a_rule_is_its_normal_text(rule: Rule) -> None:
    line = parse_line(render(rule, HOST.machine), HOST)
    assert line is not None
    assert line.controls == ()
    assert line.verb is Verb.APPEND
    assert line.rule == rule


@for_all
@given(RULES, RULES)
def test_two_rules_have_one_normal_text_only_where_they_are_equal(one: Rule, other: Rule) -> None:
    assert (render(one, HOST.machine) == render(other, HOST.machine)) is (one == other)


def arches(rule: Rule) -> set[int | str]:
    return {field.value for field in rule.fields if isinstance(field, Field) and field.name == "arch"}


def is_native(rule: Rule) -> bool:
    """Whether a listing, which has b64 and b32 only, tells every arch of the rule."""
    return arches(rule) <= {0xC000003E, 0x40000003}


def is_plain(rule: Rule) -> bool:
    texts = [field.value for field in rule.fields if isinstance(field, Field) and isinstance(field.value, str)]
    return all(" " not in text for text in texts)


def undecided(rule: Rule) -> Rule:
    fields = tuple(
        replace(field, name=PATH_OR_DIR) if isinstance(field, Field) and field.name in ("path", "dir") else field
        for field in rule.fields
    )
    return replace(rule, fields=fields)


@for_all
@given(RULES.filter(is_native), VERSIONS)
def test_a_listed_line_is_read_as_a_rule_that_lists_the_same_or_not_at_all(rule: Rule, version: Version) -> None:
    line = listed(rule, version, HOST.machine)
    with suppress(RuleSyntaxError):
        assert listed(parse_listed_line(line, facts_of(version)), version, HOST.machine) == line


@for_all
@given(RULES.filter(lambda rule: is_plain(rule) and not arches(rule)), VERSIONS, MACHINES)
def test_a_listed_line_is_read_on_every_machine(rule: Rule, version: Version, machine: str) -> None:
    line = listed(rule, version, machine)
    assert listed(parse_listed_line(line, facts_of(version, machine)), version, machine) == line


@for_all
@given(RULES.filter(lambda rule: is_plain(rule) and is_native(rule)))
def test_a_rule_without_spaces_is_read_back_from_its_listing(rule: Rule) -> None:
    line = listed(rule, (4, 2, 1), HOST.machine)
    read = parse_listed_line(line, facts_of((4, 2, 1)))
    if is_watch_form(line):
        assert read == replace(undecided(rule), action=Action.ALWAYS)
    else:
        assert read == rule


@for_all
@given(LINES, VERSIONS, MACHINES)
def test_any_line_is_read_or_is_a_syntax_error(line: str, version: Version, machine: str) -> None:
    with suppress(RuleSyntaxError):
        read = parse_line(line, facts_of(version, machine))
        if read is not None and read.rule is not None:
            assert render(read.rule, machine).startswith("-a ")
            assert listed(read.rule, version, machine).startswith(("-a ", "-w ", " -p "))
            assert all(field_text(condition, machine) for condition in read.rule.fields)


@for_all
@given(LINES)
def test_an_error_points_into_its_line(line: str) -> None:
    error = error_of(line)
    if error is not None:
        start, end = error.span
        assert 0 <= start <= end <= len(line)
        assert str(error).startswith(f"expected {error.expected}\n")


def error_of(line: str) -> RuleSyntaxError | None:
    try:
        parse_line(line, HOST)
    except RuleSyntaxError as error:
        return error
    return None


@for_all
@given(LINES)
def test_a_rule_that_is_read_is_already_as_the_kernel_stores_it(line: str) -> None:
    with suppress(RuleSyntaxError):
        read = parse_line(line, HOST)
        if read is not None and read.rule is not None:
            assert without_classes(read.rule.syscalls, HOST.machine) == read.rule.syscalls


LISTED_HEADS = st.sampled_from(
    [
        *(
            "LIST_RULES: exit,always",
            "LIST_RULES: exclude,never",
            "-a always,exit",
            "-a never,exclude",
            "-a never,io_uring",
        ),
        *("-w /", " -p x", " -p rrrwxa", "-w /x -p ", "-a ", ""),
    ]
)


@for_all
@given(LISTED_HEADS, LINES, VERSIONS, MACHINES)
def test_any_listed_line_is_read_or_is_a_syntax_error(head: str, line: str, version: Version, machine: str) -> None:
    facts = facts_of(version, machine)
    for text in (head + line, f"{head} {line}"):
        with suppress(RuleSyntaxError):
            rule = parse_listed_line(text, facts)
            assert render(rule, machine)
            again = parse_listed_line(listed(rule, version, machine), facts)
            assert again.list is rule.list or listed_as_watch(rule)  # a watch says nothing of its list


@for_all
@given(BYTES, BYTES, st.sampled_from([0, 1, 4, 255, -11]), BYTES, st.sampled_from([0, 4]))
def test_every_answer_of_a_program_has_a_state(
    output: bytes,
    errors: bytes,
    code: int,
    status_output: bytes,
    status_code: int,
) -> None:
    listing = Run(("auditctl", "-l"), code, output, errors)
    status = Run(("auditctl", "-s"), status_code, status_output)
    reading = interpret_answer(Kernel("auditctl", listing=listing, status=status), HOST)
    assert reading.state in AnswerState
    assert reading.state is not AnswerState.NOT_ASKED
    assert (reading.state in (AnswerState.OK, AnswerState.NO_RULES, AnswerState.DISABLED)) is (reading.error == "")


SAVED = st.lists(
    st.one_of(
        BYTES,
        WORDS.map(encode),
        st.sampled_from([b"\n", b"No rules\n", b"enabled 1\n", b"-w /x -p x\n", b"-a always,exit -S ", b"failure 9"]),
    ),
    max_size=6,
).map(b"".join)


@for_all
@given(SAVED)
def test_every_saved_listing_has_a_state(content: bytes) -> None:
    reading = interpret_answer(Kernel("listing", saved=File("/saved", content)), HOST)
    assert reading.state in (AnswerState.OK, AnswerState.NO_RULES, AnswerState.DISABLED, AnswerState.BROKEN_REPLY)
    if reading.state is AnswerState.OK:
        assert reading.lines
        assert all(line.rule is not None for line in reading.lines)
    assert isinstance(reading.status, AuditStatus)


@for_all
@given(st.lists(st.one_of(BYTES, st.just(b"\n"), st.just(b"\0"), st.just(b"x" * LINE_BYTES)), max_size=6).map(b"".join))
def test_lines_lose_nothing_but_newlines_and_what_nul_hides(content: bytes) -> None:
    found = list(lines(content))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    if b"\0" not in content:
        assert b"".join(encode(text) for _, text in found) == content.replace(b"\n", b"")
    else:
        assert encode("".join(text for _, text in found)).replace(b"\0", b"") in shortened(content)
    assert all(len(encode(text)) <= LINE_BYTES and "\n" not in text and "\0" not in text for _, text in found)


def shortened(content: bytes) -> set[bytes]:
    """The content with the tail of each piece from its NUL on taken away."""
    kept = []
    for line in content.split(b"\n"):
        pieces = [line[start : start + LINE_BYTES] for start in range(0, len(line) + 1, LINE_BYTES)]
        kept += [piece.partition(b"\0")[0] for piece in pieces]
    return {b"".join(kept)}


@for_all
@given(TEXT, VERSIONS)
def test_words_stand_where_they_say(line: str, version: Version) -> None:
    found = split(line, version)
    assert all(line[word.start : word.end].strip(" ") for word in found)
    assert [word.start for word in found] == sorted(word.start for word in found)
    for word in found:
        if not {"\\", "\x07", "\x04"} & set(line[word.start : word.end]):
            assert word.text == line[word.start : word.end]


@for_all
@given(PATHS)
def test_a_path_of_any_characters_can_be_watched(path: str) -> None:
    escaped = path.replace("\\", "\\\\").replace(" ", "\\ ")
    line = parse_line(f"-w {escaped} -p x", HOST)
    assert line is not None
    assert line.rule is not None
    watched = line.rule.watched()
    assert watched is not None
    assert watched.value == (path.rstrip("/") if len(path) > 2 else path)


@for_all
@given(RULES)
def test_an_undecided_path_is_the_same_as_either(rule: Rule) -> None:
    assert same(rule, rule)
    assert same(rule, undecided(rule))
    assert same(undecided(rule), rule)


@for_all
@given(st.lists(st.one_of(LINES, st.sampled_from(["-i", "-D", "-e 2", "-w /etc -p x"])), max_size=6), VERSIONS)
def test_every_file_is_loaded_somehow(texts: list[str], version: Version) -> None:
    content = encode("\n".join(texts))
    found = load_rules(content, facts_of(version))
    numbers = [number for number, _ in found.refused]
    assert numbers == sorted(set(numbers))
    if found.stopped_at is not None:
        assert numbers[-1] == found.stopped_at
    assert load_rules(content, facts_of(version)) == found


@for_all
@given(BYTES)
def test_every_line_of_auditd_conf_is_a_setting_a_comment_or_an_error(content: bytes) -> None:
    found = list(auditd_settings(content))
    spoken = [text for text in content.split(b"\n") if text.strip(b" ") and not text.lstrip(b" ").startswith(b"#")]
    assert len(found) == len(spoken)
    assert all(setting.error or (setting.name and setting.value) for setting in found)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=12)


@for_all
@given(st.lists(st.one_of(NAMES, TEXT), max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_files_does_not_hang_on_where_they_stood(names: list[str], random: Random) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    assert version_sorted(shuffled) == version_sorted(names)
    assert sorted(version_sorted(names)) == sorted(names)


@for_all
@given(NAMES, NAMES)
def test_of_two_files_one_comes_first(one: str, other: str) -> None:
    here, there = version_sort.order(one), version_sort.order(other)
    assert [here < there, one == other, there < here].count(True) == 1


@pytest.mark.parametrize(
    ("names", "order"),
    [(("9" * 5000, "1"), ("1", "9" * 5000)), (("1", "0" * 5000 + "1", "2"), ("0" * 5000 + "1", "1", "2"))],
    ids=["nines", "zeros"],
)
def test_a_number_of_any_length_has_a_place(names: tuple[str, ...], order: tuple[str, ...]) -> None:
    assert version_sorted(names) == order

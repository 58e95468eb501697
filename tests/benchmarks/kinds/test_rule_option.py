"""Control lines: now by the kernel's status, after boot by what boot loads."""

from __future__ import annotations

import pytest

from auditrules.benchmarks.fields import BenchmarkError
from tests.fixtures.audited import audited
from tests.fixtures.requirements import judge, outcome, requirement

LOCKED = requirement("rule_option", option="-e", value="2", last=True)
PANIC = requirement("rule_option", option="-f", value="2", rules_file="/etc/audit/rules.d/stig.rules")
GO_ON = requirement("rule_option", option="-c")
LOGINUID = requirement("rule_option", option="--loginuid-immutable")
WATCH = "-w /etc/docker -p wa"
MET, WRONG, NOT_SET = ("pass", "met"), ("fail", "wrong_value"), ("fail", "not_set")


@pytest.mark.parametrize(("enabled", "expected"), [(2, MET), (1, WRONG), (0, NOT_SET)])
def test_the_kernel_tells_whether_rules_are_locked(enabled: int, expected: tuple[str, str]) -> None:
    found = judge(LOCKED, audited(enabled=enabled))
    assert outcome(found) == expected
    assert found.evidence == f"the kernel has enabled {enabled}"


# lines of rules.d, and what comes of `-e 2` after the next boot
LOADED: tuple[tuple[str, list[str], tuple[str, str]], ...] = (
    ("last", [WATCH, "-e 2"], MET),
    ("first, which augenrules puts last", ["-e 2", WATCH], MET),
    ("twice", [WATCH, "-e 2", "-e 2"], MET),
    ("another behind it", [WATCH, "-e 2", "-e 1"], WRONG),
    ("not at all", [WATCH], WRONG),
    ("in a comment", [WATCH, "# -e 2"], WRONG),
    ("below a line that ends the load", ["-w relative", "-e 2"], WRONG),
    ("below such a line, where the load goes on", ["-c", "-w relative", "-e 2"], MET),
)


@pytest.mark.parametrize(("lines", "expected"), [case[1:] for case in LOADED], ids=[case[0] for case in LOADED])
def test_the_lock_after_boot_is_what_the_load_leaves(lines: list[str], expected: tuple[str, str]) -> None:
    assert outcome(judge(LOCKED, audited([], lines), "boot")) == expected


@pytest.mark.parametrize(("failure", "expected"), [(2, MET), (1, WRONG), (0, NOT_SET)])
def test_the_kernel_tells_what_it_does_on_a_failure(failure: int, expected: tuple[str, str]) -> None:
    assert outcome(judge(PANIC, audited(failure=failure))) == expected


@pytest.mark.parametrize(
    ("lines", "expected", "evidence"),
    [
        (["-f 2"], MET, "boot loads -f 2, which leaves failure 2"),
        (["-f 1"], WRONG, "boot loads -f 1, which leaves failure 1"),
        (["-f 2", "-f 0"], NOT_SET, "boot loads -f 0, which leaves failure 0"),
        ([], WRONG, "boot loads no line -f, which leaves failure 1"),
    ],
)
def test_what_boot_makes_of_a_failure(lines: list[str], expected: tuple[str, str], evidence: str) -> None:
    found = judge(PANIC, audited([], lines), "boot")
    assert (outcome(found), found.evidence) == (expected, evidence)


@pytest.mark.parametrize(("immutable", "expected"), [(1, MET), (0, NOT_SET)])
def test_the_kernel_tells_whether_login_uids_stay(immutable: int, expected: tuple[str, str]) -> None:
    assert outcome(judge(LOGINUID, audited(loginuid_immutable=immutable))) == expected


@pytest.mark.parametrize(("lines", "expected"), [(["--loginuid-immutable"], MET), ([WATCH], NOT_SET)])
def test_whether_login_uids_stay_after_boot(lines: list[str], expected: tuple[str, str]) -> None:
    assert outcome(judge(LOGINUID, audited([], lines), "boot")) == expected


@pytest.mark.parametrize("source", ["kernel", "boot"])
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["-c", WATCH], MET),
        ([WATCH], NOT_SET),
        (["-i", WATCH], NOT_SET),
        (["-w relative", "-c"], NOT_SET),  # which the load does not reach
    ],
)
def test_whether_a_load_goes_on_is_read_in_the_files(source: str, lines: list[str], expected: tuple[str, str]) -> None:
    assert outcome(judge(GO_ON, audited([], lines), source)) == expected


def test_what_is_not_known_is_unknown() -> None:
    found = judge(LOCKED, audited(known=False))
    assert outcome(found) == ("unknown", "unreadable")


def test_a_remedy_names_the_line_and_a_file_that_comes_last() -> None:
    remedy = judge(LOCKED, audited()).remedy
    assert (remedy.lines, remedy.rules_file) == (("-e 2",), "/etc/audit/rules.d/99-finalize.rules")
    remedy = judge(PANIC, audited()).remedy
    assert (remedy.lines, remedy.rules_file) == (("-f 2",), "/etc/audit/rules.d/stig.rules")


@pytest.mark.parametrize(
    ("lines", "first"),
    [
        (["-f 1"], "Take the line -f 1 away: the last line -f counts."),
        (["-f 2", "-f 0"], "Take the line -f 0 away: the last line -f counts."),
        ([], ""),
        (["-f 2"], ""),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_a_remedy_tells_of_a_line_that_would_take_its_place(source: str, lines: list[str], first: str) -> None:
    assert judge(PANIC, audited([], lines, failure=1), source).remedy.first == first


@pytest.mark.parametrize("requirement_", [LOCKED, PANIC, GO_ON, LOGINUID], ids=str)
def test_a_remedy_meets_what_is_asked(requirement_: object) -> None:
    lines = judge(requirement_, audited([], []), "boot").remedy.lines  # type: ignore[arg-type]
    assert outcome(judge(requirement_, audited([], lines), "boot")) == MET  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"option": "-D"}, "option: expected one of -e, -f"),
        ({"option": "-e"}, "value: expected a number"),
        ({"option": "-e", "value": "two"}, "value: expected a number"),
        ({"option": "-e", "value": "2", "last": "yes"}, "last: expected true or false"),
    ],
)
def test_what_is_no_requirement_is_told(fields: dict[str, object], message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        requirement("rule_option", **fields)

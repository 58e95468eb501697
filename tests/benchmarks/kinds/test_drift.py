"""Whether kernel and files agree, and which line or rule does not."""

from __future__ import annotations

import pytest

from auditrules.benchmarks.fields import BenchmarkError
from tests.fixtures.audited import HEAD, audited, text
from tests.fixtures.requirements import judge, outcome, requirement

DRIFT = requirement("drift", between=["kernel", "/etc/audit/audit.rules", "/etc/audit/rules.d"])
WATCH, CALL = "-w /etc/docker -p wa -k docker", "-a always,exit -F arch=b64 -S chmod -k perm"
SAME, DIFFERS = ("pass", "same"), ("fail", "differs")

# rules of the kernel, lines of the files, what comes of it now, and what the evidence says
NOW: tuple[tuple[str, list[str], list[str], tuple[str, str], str], ...] = (
    ("nothing anywhere", [], [], SAME, "no difference"),
    ("the same", [WATCH, CALL], [WATCH, CALL], SAME, "no difference"),
    (
        "the same in another spelling",
        [WATCH],
        ["-a exit,always -S all -F dir=/etc/docker -F perm=aw -k docker"],
        SAME,
        "no difference",
    ),
    ("with comments and controls", [WATCH], ["# mine", "-D", "-b 64", WATCH], SAME, "no difference"),
    ("a rule that is not loaded", [], [WATCH], DIFFERS, f"/etc/audit/rules.d/a.rules: {WATCH} is missing"),
    (
        "a rule that is in no file",
        [WATCH, CALL],
        [WATCH],
        DIFFERS,
        f"{CALL.replace('-k ', '-F key=')} is in no file that boot loads",
    ),
    ("another key", [WATCH], [WATCH.replace("-k docker", "-k k")], DIFFERS, "is missing"),
    ("a line that is refused", [], ["-w relative"], DIFFERS, "/etc/audit/rules.d/a.rules: -w relative is rejected"),
    ("a line that is not reached", [], ["-w relative", WATCH], DIFFERS, f"{WATCH} is unreached"),
)


@pytest.mark.parametrize(
    ("loaded", "files", "expected", "told"), [case[1:] for case in NOW], ids=[case[0] for case in NOW]
)
def test_the_kernel_is_compared_with_the_files(
    loaded: list[str], files: list[str], expected: tuple[str, str], told: str
) -> None:
    found = judge(DRIFT, audited(loaded, files))
    assert outcome(found) == expected
    assert told in found.evidence


def test_evidence_has_line_numbers_apart() -> None:
    found = judge(DRIFT, audited([], ["-b 64", WATCH]))
    assert "/etc/audit/rules.d/a.rules:2: " in found.evidence_lines
    assert ":2:" not in found.evidence


def test_audit_rules_must_be_what_augenrules_makes() -> None:
    found = judge(DRIFT, audited([WATCH], audit_rules=text([HEAD, "", WATCH, CALL, ""])))
    assert outcome(found) == DIFFERS
    assert "it is not what augenrules makes of rules.d" in found.evidence


def test_a_kernel_that_is_not_known_is_unknown() -> None:
    found = judge(DRIFT, audited([WATCH], known=False))
    assert (*outcome(found), found.evidence) == ("unknown", "unreadable", "nobody asked")


@pytest.mark.parametrize(("files", "expected"), [([WATCH], SAME), (["-w relative", WATCH], DIFFERS), ([], SAME)])
def test_after_the_next_boot_only_lines_that_are_not_loaded_differ(files: list[str], expected: tuple[str, str]) -> None:
    assert outcome(judge(DRIFT, audited([], files), "boot")) == expected


def test_another_place_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="between: expected a list out of kernel"):
        requirement("drift", between=["kernel", "/etc/passwd"])

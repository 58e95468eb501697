"""Rules files of the lines that controls prescribe: which line stands where, once, and what is left out."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.rules_files import BASE, LOCK, MADE, NEVER, MadeRules, PrescribedLine, made_rules
from tests.audit.file_trees import facts, looked_at

OPEN = "-a always,exit -F arch=b64 -S open -F auid=5 -k k"
OPEN_32 = OPEN.replace("b64", "b32")
WATCH = "-w /etc/passwd -p wa -k identity"
NOTHING = Facts()


def made(*lines: str, known: Facts = NOTHING) -> MadeRules:
    """Each line is what one control wants: A, B, C and so on."""
    wanted = (PrescribedLine(line, "cis", (chr(ord("A") + place),)) for place, line in enumerate(lines))
    return made_rules(wanted, known, " for tests")


def rules(found: MadeRules) -> dict[str, list[str]]:
    """The lines of each file that are no comments."""
    return {
        name: [line for line in text.splitlines() if not line.startswith("#")] for name, text in found.files.items()
    }


PLACES = (
    ("-b 8192", BASE),
    ("-f 2", BASE),
    ("-i", BASE),
    ("--loginuid-immutable", BASE),
    ("-a never,exit -F arch=b64 -S open", NEVER),
    ("-a exit,never -F arch=b64 -S open", NEVER),
    (OPEN, "50-cis.rules"),
    (WATCH, "50-cis.rules"),
    ("-w /etc/never,x -p wa", "50-cis.rules"),
    ("-a always,exit -F path=/etc/x,never -F perm=wa", "50-cis.rules"),
    ("-e 2", LOCK),
)


@pytest.mark.parametrize(("line", "file"), PLACES)
def test_a_line_has_its_file(line: str, file: str) -> None:
    assert PrescribedLine(line, "cis", ()).file == file


def test_files_stand_in_the_order_of_loading_whatever_order_was_asked_for() -> None:
    found = made("-e 2", OPEN, OPEN_32, "-a never,exit -F arch=b64 -S read -F auid=6", "-f 2")
    assert [*rules(found).items()] == [
        (BASE, ["-D", "-f 2"]),
        (NEVER, ["-a never,exit -F arch=b64 -S read -F auid=6"]),
        ("50-cis.rules", [OPEN, OPEN_32]),
        (LOCK, ["-e 2"]),
    ]


def test_each_file_says_who_made_it() -> None:
    assert all(text.startswith(f"{MADE} ") for text in made(WATCH, "-e 2").files.values())


def test_no_line_makes_a_base_that_takes_away_what_was_loaded() -> None:
    assert rules(made()) == {BASE: ["-D"]}


# Lines, and those that stay, each with the controls that it is for.
ONCE: tuple[tuple[list[str], dict[str, tuple[str, ...]]], ...] = (
    ([WATCH, WATCH], {WATCH: ("A", "B")}),
    ([WATCH, "-w /etc/passwd -p wa -k other"], {WATCH: ("A", "B")}),
    ([WATCH, "-w /etc/group -p wa -k identity"], {WATCH: ("A",), "-w /etc/group -p wa -k identity": ("B",)}),
    ([WATCH, "-w /etc/passwd -p w -k identity"], {WATCH: ("A", "B")}),
    (["-f 2", "-f 2"], {"-f 2": ("A", "B")}),
)


@pytest.mark.parametrize(("lines", "left"), ONCE)
def test_a_line_that_decides_nothing_leaves_its_controls_to_the_one_that_does(
    lines: list[str], left: dict[str, tuple[str, ...]]
) -> None:
    found = made(*lines)
    assert {each.line: each.controls for each in found.lines} == left
    assert found.left_out == ()


def test_a_line_that_is_refused_is_left_out_with_why() -> None:
    found = made(WATCH, "-a always,exit -F arch=b64 -S nonsense -k k")
    ((line, why),) = found.left_out
    assert (line.controls, "nonsense" in why) == (("B",), True)
    assert [each.line for each in found.lines] == [WATCH]


def test_a_line_whose_place_is_not_there_is_left_out_only_on_a_host_of_which_that_is_known() -> None:
    line = "-w /nowhere/x -p wa -k k"
    known = looked_at(facts({"/etc/passwd": "file"}), ["/nowhere/x"])
    assert [each.line for each, _ in made(line, WATCH, known=known).left_out] == [line]
    assert made(line, WATCH).left_out == ()


def test_what_lint_says_of_a_prescribed_line_stands_above_it() -> None:
    text = made(OPEN).files["50-cis.rules"]
    assert f"# A\n# auditrules: ignore no-b32-twin: as the benchmark prescribes it\n{OPEN}\n" in text


def test_what_is_made_has_no_finding_left() -> None:
    found = made("-e 2", OPEN, WATCH, "-f 2")
    assert (found.problems, found.remarks) == ((), ())


# What evidence says, and the lines that it names: "-f 2" stands in 10-base.rules, the watch in line 3 of its file.
NAMED: tuple[tuple[str, list[str]], ...] = (
    ("boot loads -f 2, which leaves failure 2", ["-f 2"]),
    ("boot loads -f 21, which leaves failure 21", []),
    (f"{WATCH} in /etc/audit/rules.d/50-cis.rules:3", [WATCH]),
    (f"{WATCH} in 50-cis.rules:3; {OPEN} in 60-other.rules:1", [WATCH]),
    (f"{WATCH} in 50-cis.rules:30", []),
    ("boot loads no line -e, which leaves enabled 0", []),
    ("", []),
)


@pytest.mark.parametrize(("evidence", "lines"), NAMED)
def test_lines_are_found_that_evidence_names(evidence: str, lines: list[str]) -> None:
    assert [each.line for each in made(WATCH, "-f 2", "-e 2").named_in(evidence)] == lines

"""The language against what real programs did, and whether that comparison can fail."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from auditrules.audit.boot.load import load_rules
from tests.truth import compare

# Rows of each file when this was written: a corpus grows, it does not shrink.
AT_LEAST = {
    "augenrules.jsonl": 28,
    "coverage.jsonl": 1043,
    "coverage-kernels.jsonl": 33,
    "coverage-steps.jsonl": 41,
    "files.jsonl": 88,
    "listing-2.8.5.jsonl": 564,
    "listing-3.1.5.jsonl": 564,
    "listing-4.0.5.jsonl": 564,
    "listing-4.2.1.jsonl": 1398,
    "listing.jsonl": 1398,
    "netlink.jsonl": 400,
    "operations.jsonl": 451,
    "scenarios.jsonl": 26,
}


@pytest.mark.parametrize(("pattern", "check"), compare.CHECKS, ids=[pattern for pattern, _ in compare.CHECKS])
def test_the_language_agrees_with_what_programs_did(pattern: str, check: compare.Check) -> None:
    facts = compare.guest(compare.OWN_CORPUS / "guest.json")
    files = sorted(compare.OWN_CORPUS.glob(pattern))
    assert files
    wrong = {
        f"{path.name}:{number}: {case.get('input', case.get('name'))!r:.200}": said
        for path in files
        for number, case in compare.read(path)
        if (said := list(check(case, facts)))
    }
    assert wrong == {}


def test_the_corpus_has_every_row_it_had() -> None:
    files = (path for pattern, _ in compare.CHECKS for path in compare.OWN_CORPUS.glob(pattern))
    rows = {path.name: len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: rows.get(name, 0) >= least for name, least in AT_LEAST.items()} == dict.fromkeys(AT_LEAST, True)


# A line that auditctl refuses ends the load here too, unless the answer hangs on what a line cannot say.
STATE_DECIDES = {
    "--signal HUP",  # no auditd was running
    "--backlog_wait_time 99999999",  # that kernel's limit, which is told here of the most patient kernel
}


@pytest.mark.parametrize("path", sorted(compare.OWN_CORPUS.glob("listing*.jsonl")), ids=lambda path: str(path.name))
def test_what_auditctl_refuses_is_refused(path: Path) -> None:
    facts = compare.guest(compare.OWN_CORPUS / "guest.json")
    wrong = [
        case["input"]
        for _, case in compare.read(path)
        if not case["accepted"]
        and case["input"] not in STATE_DECIDES
        and load_rules(compare.exact(case, "input") + b"\n", compare.facts_of(case, facts)).stopped_at is None
    ]
    assert wrong == []


def test_the_kernel_says_that_an_action_behind_a_watch_holds() -> None:
    cases = [
        case for _, case in compare.read(compare.OWN_CORPUS / "netlink.jsonl") if " -A exit,never" in case["input"]
    ]
    assert [(case["listing"], case["rules"][0]["action"]) for case in cases if case["input"].startswith("-w ")] == [
        (["-w /usr/bin/dockerd -p rwxa"], "never"),
    ]


RIGHT: dict[str, object] = {
    "input": "-w /srv/x -p wa -k k",
    "accepted": True,
    "listing": ["-w /srv/x -p wa -k k"],
    "auditctl": "3.0.9",
}
FILE: dict[str, object] = {
    "name": "two",
    "kind": "file",
    "input": "-w /srv/x -p x\n-w relative\n",
    "listing": ["-w /srv/x -p x"],
    "listing_count": 1,
    "stopped_at": 2,
    "auditctl": "3.0.9",
}


def folder(path: Path, **files: list[dict[str, object]]) -> str:
    for name, rows in files.items():
        lines = [json.dumps(row) + "\n" for row in rows]
        (path / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
    return str(path)


def test_cases_that_agree_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command: dict[str, object] = {"name": "a command", "kind": "command", "cmd": "auditctl -l"}
    assert compare.main([folder(tmp_path, listing=[RIGHT, RIGHT], files=[command, FILE])]) == 0
    assert capsys.readouterr().out == "listing.jsonl: 2 of 2 cases agree\nfiles.jsonl: 1 of 1 cases agree\n"


def test_our_own_corpus_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder(tmp_path, listing=[RIGHT | {"listing": []}])
    monkeypatch.setattr(compare, "OWN_CORPUS", tmp_path)
    assert compare.main([]) == 1


WRONG: list[tuple[str, str, dict[str, object], str]] = [
    (
        "another listing",
        "listing",
        RIGHT | {"listing": ["-w /srv/x -p w -k k"]},
        (
            "listing.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w /srv/x -p wa -k k'\n"
            "    listing ['-w /srv/x -p w -k k']\n"
            "       ours ['-w /srv/x -p wa -k k']\n"
        ),
    ),
    (
        "a line that is accepted",
        "listing",
        RIGHT | {"input": "-w x", "listing": []},
        (
            "listing.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w x'\n"
            "    accepted, but refused here: [\"expected an absolute path, without quotes or variables, found 'x'\"]\n"
        ),
    ),
    (
        "a rule that is refused",
        "listing",
        RIGHT | {"accepted": False, "listing": []},
        (
            "listing.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w /srv/x -p wa -k k'\n"
            "    refused with '', but accepted here\n"
            "    listing []\n"
            "       ours ['-w /srv/x -p wa -k k']\n"
        ),
    ),
    (
        "a listing that does not read back",
        "listing",
        RIGHT | {"listing": ["-w /srv/x"]},
        (
            "listing.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w /srv/x -p wa -k k'\n"
            "    listing ['-w /srv/x']\n"
            "       ours ['-w /srv/x -p wa -k k']\n"
            "    no rule: expected -w PATH -p PERMISSIONS -k KEY, as auditctl -l prints a watch, found '-w /srv/x' "
            "in '-w /srv/x'\n"
        ),
    ),
    (
        "a load that stops elsewhere",
        "files",
        FILE | {"stopped_at": None},
        (
            "files.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w /srv/x -p x\\n-w relative\\n'\n"
            "    stopped at None, here at 2: "
            "((2, \"expected an absolute path, without quotes or variables, found 'relative'\"),)\n"
        ),
    ),
    (
        "another number of rules",
        "files",
        FILE | {"listing_count": 2},
        (
            "files.jsonl: 0 of 1 cases agree\n"
            "  line 1: '-w /srv/x -p x\\n-w relative\\n'\n"
            "    listing of 2 ['-w /srv/x -p x']\n"
            "       ours of 1 ['-w /srv/x -p x']\n"
        ),
    ),
]


@pytest.mark.parametrize(("name", "case", "said"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_case_is_shown_and_fails(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    case: dict[str, object],
    said: str,
) -> None:
    assert compare.main([folder(tmp_path, **{name: [case]})]) == 1
    assert capsys.readouterr().out == said


def test_bytes_that_the_kernel_never_had_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (_, right), *_ = compare.read(compare.OWN_CORPUS / "netlink.jsonl")
    raw = bytearray(base64.b64decode(right["rules"][0]["raw"]))
    raw[4] = 0  # the action: never
    rule = right["rules"][0] | {"raw": base64.b64encode(raw).decode()}
    assert compare.main([folder(tmp_path, netlink=[right])]) == 0
    capsys.readouterr()
    assert compare.main([folder(tmp_path, netlink=[right | {"rules": [rule]}])]) == 1
    assert "the case says always,exit" in capsys.readouterr().out


def test_ten_wrong_cases_are_shown_and_all_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [RIGHT | {"input": f"-w /srv/{number}"} for number in range(12)]
    assert compare.main([folder(tmp_path, listing=[RIGHT, *wrong])]) == 1
    said = capsys.readouterr().out
    assert said.startswith("listing.jsonl: 1 of 13 cases agree\n  line 2: '-w /srv/0'\n")
    assert said.count("  line ") == 10


def test_a_folder_without_cases_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compare.main([str(tmp_path)]) == 2
    expected = " or ".join(pattern for pattern, _ in compare.CHECKS)
    assert capsys.readouterr() == ("", f"{tmp_path}: no case files; expected {expected}\n")

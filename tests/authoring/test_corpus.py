"""A line is refused exactly where a real auditctl refused it: `tests/corpus`, five versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.boot.augenrules import Awk
from auditrules.audit.boot.load import load_rules
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.text import encode
from auditrules.authoring.finding import LintReport, LintTarget
from auditrules.authoring.lint import lint
from auditrules.authoring.reading import RulesInput
from tests.audit.strategies import HOST, LINES
from tests.audit.test_laws import MACHINES, VERSIONS
from tests.authoring.linted import linted
from tests.laws import law
from tests.truth import compare

REFUSALS = frozenset({"refused", "duplicate", "missing-place"})
PARTS = 4  # of the listings, of which `make test` asks one
GUEST = compare.guest(compare.OWN_CORPUS / "guest.json")


def cases(pattern: str) -> Iterator[tuple[str, compare.Case]]:
    for path in sorted(compare.OWN_CORPUS.glob(pattern)):
        for number, case in compare.read(path):
            yield f"{path.name}:{number}", case


def refused(report: LintReport) -> list[int]:
    return sorted({each.place.line for each in report.findings if each.kind.id in REFUSALS})


def of(content: bytes, facts: Facts) -> LintReport:
    return linted(content, facts, version=facts.version, machine=facts.machine)


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=() if part == 0 else pytest.mark.full) for part in range(PARTS)]
)
def test_one_line_is_refused_where_auditctl_refused_it(part: int) -> None:
    wrong = {}
    for name, case in islice(cases("listing*.jsonl"), part, None, PARTS):
        if "state" in case.get("needs", ()):
            continue  # hangs on rules that are loaded already
        report = of(compare.exact(case, "input") + b"\n", compare.facts_of(case, GUEST))
        # A line with -i of its own is refused, and auditctl goes on: so said its message.
        if bool(refused(report)) is (case["accepted"] and "There was an error in line" not in case.get("error", "")):
            wrong[name] = case["input"]
    assert wrong == {}


def test_the_load_of_a_file_stops_where_auditctl_stopped() -> None:
    wrong = {}
    for name, case in cases("files.jsonl"):
        own = compare.facts_of(case, GUEST)
        if compare.CUT.search(case["input"]) or int(case.get("file_mode", "0o640"), 8) & 2 or case.get("file_uid"):
            continue  # the file is not there as a whole, or auditctl does not read it for its mode or owner
        report = of(compare.exact(case, "input"), own)
        (outcome,) = report.outcomes
        stops = [each.place.line for each in report.findings if each.kind.id == "load-stops"]
        lines = outcome.stopped_at and outcome.stopped_at.line
        told = (lines, outcome.loaded, stops)
        if told != (case["stopped_at"], case["listing_count"], [case["stopped_at"]] if case["stopped_at"] else []):
            wrong[name] = (case["name"], told)
    assert wrong == {}


def test_a_folder_loads_as_many_rules_as_augenrules_and_auditctl_did() -> None:
    wrong = {}
    for name, case in cases("augenrules.jsonl"):
        if not case["rules_d_exists"] or case["args"] != ["--load"] or case["audit_rules"] is None:
            continue
        own = compare.facts_of({"auditctl": case["auditd"]}, GUEST)
        files = []
        for file, text in case["files"].items():
            if file.endswith(".rules") and not file.startswith("."):
                missing = compare.IN_RULES_D.get(text.partition(":")[0])
                content = None if missing else encode(text)
                files.append(File(f"/etc/audit/rules.d/{file}", content, str(missing or "")))
        given_ = RulesInput("rules.d", tuple(files), folder=True, awk=Awk(case["awk"]))
        (outcome,) = lint(given_, own, [LintTarget(own.version, own.machine)]).outcomes
        if outcome.loaded != len(compare.shown_listing(case)):
            wrong[name] = (case["name"], outcome.loaded)
    assert wrong == {}


@law(10)
@given(lines=st.lists(LINES, max_size=8), version=VERSIONS, machine=MACHINES)
def test_any_text_is_linted_and_refused_as_it_is_loaded(
    lines: list[str], version: tuple[int, int, int], machine: str
) -> None:
    content = encode("\n".join(lines))
    own = replace(HOST, version=version, machine=machine)
    report = of(content, own)
    loaded = load_rules(content, own, go_on=True)
    if not any(each.kind.id == "utf-16" for each in report.findings):
        assert refused(report) == [number for number, _ in loaded.refused]
    assert all(each.place.line >= 0 and each.targets for each in report.findings)


@pytest.mark.parametrize("text", ["", "\n", "# x", " ", "\0", "\ufeff"])
def test_a_file_without_rules_is_linted(text: str) -> None:
    assert linted(text).outcomes[0].loaded == 0

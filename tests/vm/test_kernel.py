"""The language against the kernel's bytes: lines that the real auditctl loads, read back over netlink and listed."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.load import load_rules
from auditrules.audit.kernel import rule_data
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Rule, same
from tests.truth import compare
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

CORPUS = Path(__file__).parents[1] / "corpus"
SCRIPT = Path(__file__).with_name("in_guest.py")
LINES = 320


@dataclass(frozen=True)
class Loaded:
    """One line: what the kernel holds, what auditctl lists, and what we make of the line."""

    line: bytes
    kernel: tuple[Rule, ...]
    listing: bytes
    ours: tuple[Rule, ...]


def chosen() -> list[bytes]:
    """Lines of every kind that auditctl 3.0.9 accepted as a rule, evenly out of the whole corpus."""
    rows = [json.loads(line) for line in (CORPUS / "listing.jsonl").read_text("utf-8").splitlines()]
    rules = [
        compare.exact(row, "input")
        for row in rows
        if row["accepted"] and row["listing"] and "state" not in row["needs"]
    ]
    return [rules[index * len(rules) // LINES] for index in range(LINES)]


@pytest.fixture(scope="module")
def facts() -> Facts:
    return compare.guest(CORPUS / "guest.json")


@pytest.fixture(scope="module")
def loaded(guest: Guest, facts: Facts) -> list[Loaded]:
    lines = chosen()
    cases = {
        "files": [[path, entry.type, entry.target] for path, entry in facts.files.items() if path.isprintable()],
        "lines": [base64.b64encode(line).decode() for line in lines],
    }
    files: dict[str, bytes | Path] = {"/opt/cases.json": json.dumps(cases).encode(), "/opt/in_guest.py": SCRIPT}
    done = guest.run("python3 /opt/in_guest.py", files, timeout=900)
    assert done.returncode == 0, done.text
    answers = json.loads(done.files_out["said.json"])
    return [
        Loaded(
            line,
            tuple(rule_data.decode(base64.b64decode(rule)) for rule in answer["rules"]),
            base64.b64decode(answer["listing"]),
            load_rules(line + b"\n", facts).rules,
        )
        for line, answer in zip(lines, answers, strict=True)
    ]


def test_enough_lines_were_loaded(loaded: list[Loaded]) -> None:
    assert sum(bool(one.kernel) for one in loaded) >= 300


def test_the_kernel_holds_the_normal_form_of_each_line(loaded: list[Loaded], facts: Facts) -> None:
    wrong = [
        (
            one.line,
            [render(rule, facts.machine) for rule in one.kernel],
            [render(rule, facts.machine) for rule in one.ours],
        )
        for one in loaded
        if len(one.kernel) != len(one.ours) or not all(map(same, one.kernel, one.ours))
    ]
    assert wrong == []


def test_auditctl_lists_each_rule_as_we_render_it(loaded: list[Loaded], facts: Facts) -> None:
    wrong = [(one.line, one.listing, ours) for one in loaded if (ours := shown(one.kernel, facts)) != one.listing]
    assert wrong == []


def shown(rules: tuple[Rule, ...], facts: Facts) -> bytes:
    """What auditctl -l prints for the rules, which is that of 3.0.9."""
    lines = [listed(rule, facts.version, facts.machine) for rule in rules] or ["No rules"]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

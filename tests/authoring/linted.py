"""Rules that are linted, as the tests here write them."""

from __future__ import annotations

from collections.abc import Mapping

from auditrules.audit.boot.augenrules import Awk
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import DEFAULT_MACHINE, DEFAULT_VERSION, Facts, Version
from auditrules.authoring.finding import LintFinding, LintReport, LintTarget
from auditrules.authoring.lint import lint
from auditrules.authoring.reading import RulesInput

NOTHING = Facts()
NAME = "x.rules"


def linted(
    content: bytes | str,
    facts: Facts = NOTHING,
    *,
    version: Version = DEFAULT_VERSION,
    machine: str = DEFAULT_MACHINE,
) -> LintReport:
    """What lint says of one file."""
    read = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    return lint(RulesInput(NAME, (File(NAME, read),)), facts, [LintTarget(version, machine)])


def folder(
    files: Mapping[str, bytes | str], awk: Awk | None = None, *, version: Version = DEFAULT_VERSION
) -> LintReport:
    """What lint says of a folder rules.d."""
    read = tuple(
        File(f"rules.d/{name}", text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
        for name, text in files.items()
    )
    return lint(RulesInput("rules.d", read, folder=True, awk=awk), NOTHING, [LintTarget(version, DEFAULT_MACHINE)])


def found(report: LintReport, *ids: str) -> list[tuple[int, str]]:
    """The line and id of each finding, of some kinds only if they are named."""
    return [(each.place.line, each.kind.id) for each in report.findings if not ids or each.kind.id in ids]


def only(report: LintReport, id_: str) -> LintFinding:
    """The one finding of a kind."""
    (finding,) = (each for each in report.findings if each.kind.id == id_)
    return finding


def marked(finding: LintFinding) -> str:
    """The part of the line that a finding is about."""
    assert finding.span is not None
    return finding.text[slice(*finding.span)]

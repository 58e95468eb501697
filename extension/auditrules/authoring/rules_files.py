"""Makes rules files of the lines that controls prescribe: each line once, in the order in which they must be loaded.

Names follow augenrules' convention: 10- for what holds for all rules, 30- for what is not to be recorded, which must
come before what is, 50- for the rules, 99- for the lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from auditrules import __version__
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.finding import LintFinding, LintSeverity, LintTarget, Place
from auditrules.authoring.lint import lint
from auditrules.authoring.reading import RulesInput
from auditrules.values import dataclass, field, replace

MADE = "# Made by auditrules"  # a file that begins with it may be overwritten
BASE, NEVER, LOCK = "10-base.rules", "30-never.rules", "99-finalize.rules"
_DROPS = frozenset({"duplicate", "redundant", "unreachable"})
_CONTROLS = ("-b", "-f", "-r", "-i", "-c", "-D", "--")
_AS_PRESCRIBED = "as the benchmark prescribes it"


@dataclass(frozen=True, slots=True)
class PrescribedLine:
    """A line of rules, the benchmark that prescribes it first, and the controls that it is for."""

    line: str
    benchmark: str
    controls: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of the file for the line."""
        if self.line.startswith("-e"):
            return LOCK
        if self.line.startswith(_CONTROLS):
            return BASE
        flag, *operands = self.line.split()
        is_never = flag in ("-a", "-A") and any("never" in each.split(",") for each in operands[:1])
        return NEVER if is_never else f"50-{self.benchmark}.rules"


@dataclass(frozen=True)
class MadeRules:
    """Rules files by name, in the order in which they are read, and the lines that were left out with why.

    `problems` are findings that keep the set from being used, `remarks` warnings that come of the host's own files.
    """

    files: Mapping[str, str]
    lines: tuple[PrescribedLine, ...]
    left_out: tuple[tuple[PrescribedLine, str], ...] = ()
    problems: tuple[LintFinding, ...] = ()
    remarks: tuple[LintFinding, ...] = ()

    @property
    def given(self) -> RulesInput:
        """The files as the input of a folder rules.d."""
        return _given(self.files)

    def named_in(self, evidence: str) -> tuple[PrescribedLine, ...]:
        """The lines that evidence names: a rule by its `FILE:LINE`, a control line by its text."""
        named = {word.rpartition("/")[2] for word in re.split(r"[\s,;]+", evidence)}
        rules = {
            line
            for name, text in self.files.items()
            for number, line in enumerate(text.splitlines(), 1)
            if f"{name}:{number}" in named
        }
        return tuple(each for each in self.lines if each.line in rules or _says(evidence, each))


@dataclass
class _Made:
    lines: dict[str, PrescribedLine] = field(default_factory=dict)
    left_out: list[tuple[PrescribedLine, str]] = field(default_factory=list)


def made_rules(prescribed: Iterable[PrescribedLine], facts: Facts, purpose: str) -> MadeRules:
    """Make the files for a host, without lines that the host refuses or that another line makes superfluous.

    A line that decides nothing leaves its controls to the one that decides in its place. What else lint tells of a line
    is what the benchmark prescribes, so a comment leaves it as it is. `purpose` is for the head of each file.
    """
    made = _Made()
    for each in prescribed:
        known = made.lines.get(each.line)
        controls = dict.fromkeys((*(known.controls if known else ()), *each.controls))
        made.lines[each.line] = replace(known or each, controls=tuple(controls))
    targets = [LintTarget(facts.version, facts.machine)]
    while True:
        files = _files(made.lines.values(), purpose)
        findings = lint(_given(files), facts, targets).findings
        if not _drop_line(made, findings):
            break
    anywhere = replace(facts, files={}, mounts=None)
    found = lint(_given(files), anywhere, targets).findings
    files = _files(made.lines.values(), purpose, _prescribed(made, found))
    left, on_host = (
        [each for each in lint(_given(files), known, targets).findings if each.suppressed is None]
        for known in (anywhere, facts)
    )
    errors = [each for each in on_host if each.kind.severity is LintSeverity.ERROR]
    return MadeRules(
        files,
        tuple(made.lines.values()),
        tuple(made.left_out),
        tuple(dict.fromkeys((*left, *errors))),
        tuple(each for each in on_host if each.kind.severity is LintSeverity.WARNING and each not in left),
    )


def _says(evidence: str, line: PrescribedLine) -> bool:
    return line.file in (BASE, LOCK) and re.search(rf"(?<!\S){re.escape(line.line)}(?![^\s,;])", evidence) is not None


def _given(files: Mapping[str, str]) -> RulesInput:
    return RulesInput("rules.d", tuple(File(name, text.encode()) for name, text in files.items()), folder=True)


def _prescribed(made: _Made, findings: Iterable[LintFinding]) -> Mapping[str, Mapping[str, None]]:
    """The ids of the findings on prescribed lines, by the line."""
    found: dict[str, dict[str, None]] = {}
    for each in findings:
        if each.text in made.lines and each.kind.severity is not LintSeverity.ERROR:
            found.setdefault(each.text, {})[each.kind.id] = None
    return found


def _drop_line(made: _Made, findings: Iterable[LintFinding]) -> bool:
    """Leave out the first line that is refused or never decides. False: there is none."""
    for finding in findings:
        line = made.lines.get(finding.text)
        if line is None:
            continue
        if finding.kind.id in _DROPS:
            related = [each for place, _ in finding.related for each in _lines_at(made, place)]
            del made.lines[finding.text]
            for other in related[:1]:
                controls = dict.fromkeys((*other.controls, *line.controls))
                made.lines[other.line] = replace(other, controls=tuple(controls))
            return True
        if finding.kind.id in ("refused", "missing-place"):
            del made.lines[finding.text]
            made.left_out.append((line, finding.message))
            return True
    return False


def _lines_at(made: _Made, place: Place) -> Sequence[PrescribedLine]:
    lines = _files(made.lines.values(), "")[place.path].splitlines()
    found = made.lines.get(lines[place.line - 1])
    return [found] if found else []


def _files(
    lines: Iterable[PrescribedLine], purpose: str, ignored: Mapping[str, Iterable[str]] = MappingProxyType({})
) -> dict[str, str]:
    head = f"{MADE} {__version__}{purpose}\n"
    texts: dict[str, list[str]] = {BASE: [head, "-D\n"]}
    for each in lines:
        text = texts.setdefault(each.file, [head])
        text.append(f"# {', '.join(each.controls)}\n")
        if each.line in ignored:
            text.append(f"# auditrules: ignore {', '.join(ignored[each.line])}: {_AS_PRESCRIBED}\n")
        text.append(f"{each.line}\n")
    return {name: "".join(texts[name]) for name in sorted(texts)}

"""The rules that controls need on a host, and the proof that they meet them: judged as if boot loaded these files.

They are judged alone, and again with the other files of the host's rules.d, or of the folder that they are written to:
augenrules makes one file of all. Of all lines `-f` the last one counts, and a rule that stands twice ends the load.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from auditrules.audit.boot.augenrules import RULES_D
from auditrules.audit.model.collected import File, TriedRulesText
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import BOOT
from auditrules.authoring.reading import RulesInput
from auditrules.authoring.rules_files import NEVER, MadeRules, PrescribedLine, made_rules
from auditrules.authoring.tried_rules import TriedRules
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.requirement import Judged
from auditrules.cli.command import Problem
from auditrules.cli.rules_input import awk_of, rules_input
from auditrules.cli.what_if import WhatIfHost
from auditrules.host import Collector, KeptHost
from auditrules.tables.judging import HostJudge
from auditrules.text import counted
from auditrules.values import replace

# The kinds of requirements that rules meet.
OF_RULES = frozenset({"path", "syscall", "privileged_command", "rule_option", "absent_rule"})
NO_RULES = TriedRulesText(b"\n", ("",))
# A line that another control wants can break these kinds. Only a rule that never records can break the other kinds.
_ONE_VALUE = frozenset({"rule_option", "absent_rule"})
MOST_LINES = 3  # of the lines that are named as breaking a control
MOST_ROUNDS = 3  # of judging and adding lines: a line may be needed only after another one was added


def host_with(host: Collector, machine: str = "", text: TriedRulesText = NO_RULES) -> KeptHost:
    """The host as it would be if boot loaded this text of rules."""
    return KeptHost(WhatIfHost(host, machine=machine, text=text), time.monotonic, math.inf)


def _judged(
    controls: Sequence[BenchmarkControl], host: Collector, machine: str, text: TriedRulesText
) -> Iterator[tuple[BenchmarkControl, list[Judged]]]:
    """Judge the requirements that rules can meet, as if boot loaded this text of rules."""
    found = HostJudge(host_with(host, machine, text), at_boot=True).judge(controls)
    for control in controls:
        yield control, [each for each in found[control.key][BOOT] if each.kind in OF_RULES]


def proved_rules(
    controls: Sequence[BenchmarkControl], host: Collector, facts: Facts
) -> tuple[MadeRules, Mapping[str, str]]:
    """Make the files that the controls need, and judge the controls with these very files.

    Returns the files, and for each requirement that is not met (in words) the lines that break it and the controls that
    want those lines.
    """
    names = {each.key: _name(each) for each in controls}
    benchmarks = ", ".join(dict.fromkeys(f"{each.benchmark} {each.version}" for each in controls))
    prescribed: dict[tuple[str, str], PrescribedLine] = {}
    made = made_rules((), facts, f" for {benchmarks}")
    text = NO_RULES
    for _ in range(MOST_ROUNDS):
        judged = list(_judged(controls, host, facts.machine, text))
        known = len(prescribed)
        for control, found in judged:
            for line in (line for each in found if each.acts for line in each.remedy.lines):
                one = PrescribedLine(line, _short(control), (names[control.key],))
                prescribed.setdefault((line, names[control.key]), one)
        if len(prescribed) == known:
            break
        lines = tuple(prescribed.values())
        wanted = needs(each.line.encode("utf-8", "surrogateescape") for each in lines)
        facts = replace(facts, files={**facts.files, **host.look(wanted.paths)})
        made = made_rules(lines, facts, f" for {benchmarks}")
        text = TriedRules([made.given], facts).text
    else:
        judged = list(_judged(controls, host, facts.machine, text))
    return made, {words: _breaking_lines(made, each) for words, each in _not_met(judged).items()}


def files_beside(folder: str, made: MadeRules, root: str) -> list[File]:
    """Read the files in a folder that augenrules would merge with the files that are made. Raises Problem."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names
    except (FileNotFoundError, NotADirectoryError):  # it will be made, or the error comes when it is written
        return []
    except OSError as error:
        raise Problem(f"cannot read {folder}: {error.strerror}") from error
    if all(name in made.files or name.startswith(".") or not name.endswith(".rules") for name in names):
        return []
    return [each for each in rules_input(folder, root).files if each.path.rpartition("/")[2] not in made.files]


def unmet_with_host_files(
    controls: Sequence[BenchmarkControl], host: Collector, facts: Facts, made: MadeRules, failing: Collection[str]
) -> tuple[list[str], list[str]]:
    """The paths of the host's other files in rules.d, and the result of `unmet_with_files` for them."""
    sources = host.sources()
    if sources.rules_d_error:
        return [RULES_D], [f"what else boot loads is not known: {sources.rules_d_error}"]
    others = [each for each in sources.rules_d if each.path.rpartition("/")[2] not in made.files]
    return [each.path for each in others], unmet_with_files(controls, host, facts, made, failing, others=others)


def unmet_with_files(  # noqa: PLR0913 - controls, host and files
    controls: Sequence[BenchmarkControl],
    host: Collector,
    facts: Facts,
    made: MadeRules,
    failing: Collection[str],
    *,
    others: Sequence[File],
) -> list[str]:
    """Say what is not met if augenrules merges other files with those that are made, or why the load stops.

    `failing` are the requirements that are not met anyway; they are left out.
    """
    if not others:
        return []
    folder = others[0].path.rpartition("/")[0]
    own = (File(f"{folder}/{each.path}", each.content) for each in made.given.files)
    given = RulesInput(folder, (*own, *others), folder=True, awk=awk_of(host.sources()))
    wanted = needs(each.content or b"" for each in given.files)
    tried = TriedRules([given], replace(facts, files={**facts.files, **host.look(wanted.paths)}))
    if tried.loaded.stopped_at is not None:
        return [*tried.problems]
    missed = _not_met(_judged(controls, host, facts.machine, tried.text))
    return [f"{words}: {each.evidence}" for words, each in missed.items() if words not in failing]


def _not_met(judged: Iterable[tuple[BenchmarkControl, Sequence[Judged]]]) -> Mapping[str, Judged]:
    """The requirements that are not met, by their words for people."""
    return {
        f"{_name(control)}: {each.subject}: {each.status.value} ({each.reason})": each
        for control, found in judged
        for each in found
        if each.acts
    }


def _breaking_lines(made: MadeRules, judged: Judged) -> str:
    """Name the lines among those that are made that break a requirement; empty: none is known."""
    lines = [
        each
        for each in made.named_in(judged.evidence_lines or judged.evidence)
        if judged.kind in _ONE_VALUE or each.file == NEVER
    ]
    found = [f"{each.line} ({', '.join(each.controls)})" for each in lines[:MOST_LINES]]
    more = [f"{counted(len(lines) - MOST_LINES, 'line')} more"] if len(lines) > MOST_LINES else []
    return ", ".join((*found, *more))


def _name(control: BenchmarkControl) -> str:
    return f"{control.benchmark} {control.version} {control.id}"


def _short(control: BenchmarkControl) -> str:
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in control.benchmark.lower()).split()
    return "-".join(word for word in words if word not in ("benchmark", "linux", "lts"))

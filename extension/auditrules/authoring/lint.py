"""Runs lint: all checks on rules, for one or several versions of auditctl and machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditrules.audit.auditctl.normal_form import decided
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.authoring.cost import Saving, cost
from auditrules.authoring.file_checks import file_findings, is_utf_16
from auditrules.authoring.finding import LintFinding, LintReport, LintTarget, LoadOutcome
from auditrules.authoring.finding_table import FINDINGS
from auditrules.authoring.impossible import impossible
from auditrules.authoring.load_checks import load_findings
from auditrules.authoring.loaded_rule import LoadedRule
from auditrules.authoring.number_checks import number_findings
from auditrules.authoring.reading import RulesInput, RulesReading, with_names
from auditrules.authoring.rule_checks import rule_findings
from auditrules.authoring.rule_order import moved_on, never_deciding
from auditrules.authoring.rule_shape import RuleShape, shape_of
from auditrules.authoring.suppressions import Suppression, suppressed, suppressions
from auditrules.values import replace

MOST_RELATED = 5  # rules named as the cause of one finding

_RANK = {kind.id: place for place, kind in enumerate(FINDINGS)}


def lint(given: RulesInput, facts: Facts, targets: Sequence[LintTarget]) -> LintReport:
    """Find problems in rules, for each target.

    `facts` are what is known of the host: nothing without one. Where its users and groups are not known, each name is
    taken to be one.
    """
    found: dict[LintFinding, list[LintTarget]] = {}
    outcomes = []
    reading = None
    for target in targets:
        reading = RulesReading(
            given, with_names(replace(facts, version=target.version, machine=target.machine), [given])
        )
        findings, outcome = _of_target(reading, target, facts)
        outcomes.append(outcome)
        for each in findings:
            found.setdefault(each, []).append(target)
    merged = [replace(each, targets=tuple(on)) for each, on in found.items()]
    comments: list[Suppression] = []
    for path, lines in reading.source_lines.items() if reading else ():
        for comment in suppressions(path, lines):
            if isinstance(comment, Suppression):
                comments.append(comment)
            else:
                merged.append(replace(comment, targets=tuple(targets)))
    done = (replace(each, targets=each.targets or tuple(targets)) for each in suppressed(merged, comments))
    order = {file.path: number for number, file in enumerate(given.files)}
    return LintReport(
        given.name,
        tuple(file.path for file in given.files),
        tuple(sorted(done, key=lambda each: _order(each, order))),
        tuple(outcomes),
    )


def _order(finding: LintFinding, files: dict[str, int]) -> tuple[object, ...]:
    place = finding.place
    return files.get(place.path, len(files)), place.path, place.line, _RANK[finding.kind.id], finding.message


def _of_target(reading: RulesReading, target: LintTarget, known: Facts) -> tuple[Iterator[LintFinding], LoadOutcome]:
    rules = tuple(_rules(reading))
    used, saving = cost([each.shape for each in rules], target.machine)
    read = sum(bool(line.parsed and line.parsed.rule) or line.error is not None for line in reading.loaded.lines)
    stopped = reading.loaded.stopped_at
    outcome = LoadOutcome(
        target,
        read,
        len(reading.loaded.rules),
        tuple(reading.place(number) for number, _ in reading.loaded.refused),
        None if stopped is None else reading.place(stopped),
        dict(reading.loaded.values),
        used,
    )
    return _findings(reading, rules, saving, known), outcome


def _rules(reading: RulesReading) -> Iterator[LoadedRule]:
    loaded = reading.in_full
    for rule, number in zip(loaded.rules, loaded.numbers, strict=True):
        settled = decided(rule, reading.facts)
        shape = shape_of(settled)
        why = impossible(shape, reading.facts.machine)
        yield LoadedRule(number, reading.by_number[number].text, settled, shape, why)


def _findings(
    reading: RulesReading, rules: tuple[LoadedRule, ...], saving: Saving, known: Facts
) -> Iterator[LintFinding]:
    files = list(file_findings(reading))
    garbled = {file.path for file in reading.given.files if file.content is not None and is_utf_16(file.content)}
    yield from files
    others = (
        *load_findings(reading),
        *rule_findings(rules, reading),
        *number_findings(reading),
        *_undeciding(reading, rules, known),
        *_costly(reading, rules, saving),
    )
    for each in others:
        if each.place.path not in garbled or each.kind.id == "load-stops":
            yield each


def _undeciding(reading: RulesReading, rules: tuple[LoadedRule, ...], known: Facts) -> Iterator[LintFinding]:
    shapes = list(_comparable(reading, rules, known))
    found, complete = never_deciding(shapes, moved_on(reading.facts))
    for each in found:
        rule = rules[each.index]
        by = [rules[index] for index in each.by]
        others = [other for other in by if other.rule.action is not rule.rule.action]
        first = (others or by)[0]
        place = reading.place(first.number)
        named = ", ".join(str(reading.place(other.number)) for other in by[:MOST_RELATED])
        if others and rule.rule.list.value != "exclude":
            id_, message = "unreachable", f"{first.rule.action.value} of {place} comes first for all that it matches"
        else:
            id_, message = "redundant", f"all that it matches is decided by {named}"
        yield reading.finding(
            id_,
            rule.number,
            message,
            text=rule.text,
            related=tuple((reading.place(other.number), "comes first") for other in by[:MOST_RELATED]),
        )
    if not complete:
        yield reading.finding(
            "redundant",
            rules[-1].number,
            "there are too many rules to compare each with all: the last were not looked at",
        )


def _comparable(reading: RulesReading, rules: tuple[LoadedRule, ...], known: Facts) -> Iterator[RuleShape | None]:
    """The shapes of the rules; None for a rule of which not everything is known.

    That is a rule which names a user whose number is not known, or a file that another rule names otherwise: the two
    take part in what each follows.
    """
    spelled = _spellings(reading.facts, rules)
    names = [
        *({*reading.facts.users.values()} if known.users is None and reading.facts.users else ()),
        *({*reading.facts.groups.values()} if known.groups is None and reading.facts.groups else ()),
    ]
    assumed = {number for number in names if number}
    for each in rules:
        values = (field.value for field in each.rule.fields if hasattr(field, "value")) if assumed else ()
        other = each.shape.place is not None and str(each.shape.place.value) in spelled
        yield None if each.impossible or other or any(value in assumed for value in values) else each.shape


def _spellings(facts: Facts, rules: Iterable[LoadedRule]) -> frozenset[str]:
    """The paths in rules that are different names of one file."""
    if not facts.files:
        return frozenset()
    paths = dict.fromkeys(
        str(each.shape.place.value) for each in rules if each.shape.place and each.shape.place.name != "dir"
    )
    resolver = RuleResolver(FileSystem(facts), fresh=True)
    by_name: dict[object, list[str]] = {}
    for path in paths:
        watch = resolver.watch(path)
        for key in {watch.dentry, watch.identity} - {None}:
            by_name.setdefault(key, []).append(path)
    return frozenset(path for found in by_name.values() if len(found) > 1 for path in found)


def _costly(reading: RulesReading, rules: tuple[LoadedRule, ...], saving: Saving) -> Iterator[LintFinding]:
    for index in saving.always:
        each = rules[index]
        yield reading.finding(
            "asked-always", each.number, "its fields are compared at the end of every system call", text=each.text
        )
    for index, first in saving.merge:
        place = reading.place(rules[first].number)
        yield reading.finding(
            "mergeable",
            rules[index].number,
            f"{place} asks for the same but for the calls",
            text=rules[index].text,
            related=((place, "the rule that could have its calls"),),
        )
    for index, calls in saving.limit:
        each = rules[index]
        yield each.finding(
            reading, "limit-calls", f"{len(calls)} calls are a use of its letters, and it is asked at every one", "perm"
        )

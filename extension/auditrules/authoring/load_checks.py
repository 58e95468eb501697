"""Findings on the load of rules: lines that are refused, where the load stops, and what control lines do."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.auditctl.rules_file import may_lose_words, split
from auditrules.audit.boot.augenrules import Treatment
from auditrules.audit.boot.boot import succeeds
from auditrules.audit.boot.load import IMMUTABLE, LoadedLine, LoadResult
from auditrules.audit.constants import versions
from auditrules.audit.model.c_integers import strtol, word
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.rule import ControlFlag, ParsedLine
from auditrules.authoring.finding import LintFinding, Place
from auditrules.authoring.finding_table import BY_ID
from auditrules.authoring.reading import RulesReading, origins_of
from auditrules.authoring.spelling import meant
from auditrules.text import counted

_RULE_FLAGS = ("-w", "-a", "-A")
LOCKED = "the rules are locked (-e 2)"


def load_findings(reading: RulesReading) -> Iterator[LintFinding]:
    """Yield all findings on the load."""
    for line in reading.in_full.lines:
        if line.result is LoadResult.REJECTED:
            yield _refused(reading, line)
            yield from _words_lost(reading, line)
        elif line.parsed is not None:
            yield from _lost(reading, line, line.parsed)
            yield from _words_lost(reading, line)
    yield from _stop(reading)
    yield from _locked_early(reading)
    yield from _hidden(reading)
    yield from _deleted(reading)
    yield from _controls(reading)


def _refused(reading: RulesReading, line: LoadedLine) -> LintFinding:
    if line.other is not None and line.error is None:
        other = reading.place(line.other)
        return reading.finding(
            "duplicate",
            line.number,
            f"{other} loads the same rule already",
            text=line.text,
            span=_whole(line.text),
            related=((other, "the same rule"),),
        )
    if line.error is not None:
        message = line.reason + meant(line.error, reading.flags(line.text), reading.facts)
        return reading.finding("refused", line.number, message, text=line.text, span=_caret(line.error))
    id_ = "missing-place" if line.absent else "refused"
    return reading.finding(id_, line.number, line.reason, text=line.text, span=_refused_word(reading, line))


def _whole(text: str) -> tuple[int, int]:
    return len(text) - len(text.lstrip(" ")), max(len(text.rstrip(" ")), 1)


def _caret(error: RuleSyntaxError) -> tuple[int, int]:
    start, end = error.span
    return (start, end) if end > start else (len(error.line), len(error.line))


def _refused_word(reading: RulesReading, line: LoadedLine) -> tuple[int, int]:
    """The place of the word that the kernel refuses: the field in its reason, else the whole line."""
    reason = line.reason.replace(",", " ").split()
    fields = line.parsed.rule.fields if line.parsed and line.parsed.rule else ()
    names = [each.name for each in fields if hasattr(each, "name")]
    wanted = [name for name in dict.fromkeys(names) if name in reason or (name == "path|dir" and "path" in reason)]
    if line.absent or not wanted:
        wanted = ["path", "dir", "exe"] if line.absent else wanted
    found = reading.field_place(line.text, *wanted) if wanted else None
    return found or _whole(line.text)


def _lost(reading: RulesReading, line: LoadedLine, parsed: ParsedLine) -> Iterator[LintFinding]:
    """Findings on a line that has the flags of a rule, but loads no rule."""
    if parsed.rule is None:
        flag = next((each for each in reading.flags(line.text) if each.flag in _RULE_FLAGS), None)
        if flag is not None:
            end = flag.operand.end if flag.operand else flag.word.end
            cause = next((each.flag for each in parsed.controls if each.flag in ("-i", "-c", "-l", "-s", "-v")), "")
            why = f"{cause} ends its reading" if cause else "its action is gone, and the line is left out"
            yield reading.finding(
                "rule-lost", line.number, f"no rule is loaded: {why}", text=line.text, span=(flag.word.start, end)
            )


def _words_lost(reading: RulesReading, line: LoadedLine) -> Iterator[LintFinding]:
    if reading.facts.version < versions.WORDS_NOT_LOST and may_lose_words(line.text):
        whole = split(line.text, versions.WORDS_NOT_LOST)
        kept = len(reading.words(line.text))
        if kept < len(whole):
            yield reading.finding(
                "words-lost",
                line.number,
                f"of its {len(whole)} words the last {counted(len(whole) - kept, 'is', 'are')} dropped",
                text=line.text,
                span=(whole[kept].start, whole[-1].end),
            )


def _stop(reading: RulesReading) -> Iterator[LintFinding]:
    loaded = reading.loaded
    if loaded.stopped_at is None:
        return
    below = [line for line in loaded.lines if line.result is LoadResult.UNREACHED]
    at = next(line for line in loaded.lines if line.number == loaded.stopped_at)
    message = _never_read(len(below), sum(bool(line.parsed and line.parsed.rule) for line in below))
    if any(line.parsed and IMMUTABLE in line.parsed.controls for line in below):
        message += ", and the rules are not locked"
    yield reading.finding("load-stops", at.number, message, text=at.text, span=_whole(at.text))


def _never_read(count: int, rules: int) -> str:
    """Say that the lines below the one that ends the load are not read, and how many of them are rules."""
    if not count:
        return "the load ends with an error: no line stands below it yet, and none that is added would be read"
    if count == rules:
        return f"{counted(count, 'rule below it is', 'rules below it are')} never loaded"
    if count == 1:
        return "1 line below it is never read, which is no rule"
    return f"{count} lines below it are never read, {rules or 'none'} of them {'rules' if rules > 1 else 'a rule'}"


def _locked_early(reading: RulesReading) -> Iterator[LintFinding]:
    loaded = reading.loaded
    late = [number for number, reason in loaded.refused if reason == LOCKED]
    lock = next((line for line in loaded.lines if line.parsed and IMMUTABLE in line.parsed.controls), None)
    if late and lock is not None:
        below = sum(line.number > lock.number for line in loaded.lines)
        yield reading.finding(
            "locked-early",
            lock.number,
            f"{counted(below, 'line below it comes', 'lines below it come')} too late",
            text=lock.text,
            span=_whole(lock.text),
            related=((reading.place(late[0]), "the first line that is refused"),),
        )


def _hidden(reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on -i above lines that are refused."""
    loaded = reading.loaded
    if not loaded.refused or not succeeds(loaded):
        return
    line = next((each for each in loaded.lines if each.parsed and ControlFlag("-i") in each.parsed.controls), None)
    if line is None:
        return
    refused = [number for number, _ in loaded.refused if number > line.number]
    locked = any(reason == LOCKED for _, reason in loaded.refused)
    if refused:
        below = counted(len(refused), "line below it is", "lines below it are")
        message = f"{below} refused{', as the rules are locked' if locked else ''}"
        yield reading.finding(
            "errors-ignored",
            line.number,
            message,
            text=line.text,
            span=_whole(line.text),
            related=tuple((reading.place(number), "refused") for number in refused[:5]),
        )


def _deleted(reading: RulesReading) -> Iterator[LintFinding]:
    counts: dict[int, int] = {}
    for line in reading.in_full.lines:
        if line.result is LoadResult.DELETED and line.other is not None:
            counts[line.other] = counts.get(line.other, 0) + 1
    for number, count in counts.items():
        by = reading.by_number[number]
        if by.parsed and any(each.flag == "-D" for each in by.parsed.controls):
            yield reading.finding(
                "late-delete",
                number,
                f"it deletes {counted(count, 'rule that stands', 'rules that stand')} above it",
                text=by.text,
                span=_whole(by.text),
            )


def _controls(reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on values that a later line sets again, in any file, and on the values that count."""
    replaced = set()
    if reading.merged is not None:
        replaced = {
            Place(reading.paths[each.origin.name], each.origin.line)
            for each in reading.merged.became
            if each.treatment is Treatment.REPLACED
        }
    last: dict[str, tuple[Place, str, str]] = {}
    for place, text in origins_of(reading):
        try:
            parsed = reading.parse(text)
        except RuleSyntaxError:
            continue
        for control in parsed.controls if parsed else ():
            before = last.get(control.flag)
            last[control.flag] = (place, text, control.value)
            if before is None:
                continue
            if control.flag == "-b" and _number(control.value) < _number(before[2]):
                yield LintFinding(
                    BY_ID["smaller-backlog"],
                    place,
                    f"{_number(control.value)} takes the place of {_number(before[2])}",
                    text,
                    _whole(text),
                    ((before[0], "the larger one"),),
                )
            if control.flag == "-e" and before[2] == "2" and before[0] in replaced:
                yield LintFinding(
                    BY_ID["lock-replaced"],
                    before[0],
                    f"-e {control.value} in {place} takes its place",
                    before[1],
                    _whole(before[1]),
                    ((place, "the -e that holds"),),
                )
    holds = reading.in_full.values
    for flag, id_, bad, message in (
        ("-e", "auditing-off", holds.get("-e") == "0", "auditing is off once it is loaded"),
        (
            "-r",
            "rate-limit",
            _number(holds.get("-r", "0")) > 0,
            f"records beyond {_number(holds.get('-r', '0'))} a second are dropped",
        ),
    ):
        if bad and flag in last:
            place, text, _ = last[flag]
            yield LintFinding(BY_ID[id_], place, message, text, _whole(text))


def _number(text: str) -> int:
    return word(strtol(text, signed=False))

"""Findings on files: they can't be read, have the wrong encoding, or augenrules ignores them or changes their lines."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.auditctl.rules_file import LINE_BYTES
from auditrules.audit.boot.augenrules import Awk, Treatment, merge
from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode
from auditrules.authoring.finding import LintFinding, Place
from auditrules.authoring.finding_table import BY_ID
from auditrules.authoring.reading import IGNORED_FOLDER, RulesReading, origins_of
from auditrules.text import counted

BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
UTF_16_READ = "the file is in UTF-16, in which auditctl finds no line"
_HALF = 0.3  # of the bytes of a text in UTF-16 are NULs


def is_utf_16(content: bytes) -> bool:
    """Whether bytes are text in UTF-16: they begin with its byte order mark, or about every second one is a NUL."""
    if content.startswith(_WIDE):
        return True
    first = content[:4096]
    halves = first[::2], first[1::2]
    return len(first) > 1 and any(
        not other.strip(b"\0") and one.count(0) <= len(one) * _HALF for one, other in (halves, halves[::-1])
    )


def file_findings(reading: RulesReading) -> Iterator[LintFinding]:
    """Yield all findings on files."""
    for path, why in reading.given.ignored:
        yield LintFinding(BY_ID["ignored-folder" if why == IGNORED_FOLDER else "ignored-file"], Place(path), why)
    for file in reading.given.files:
        if file.content is None:
            yield LintFinding(BY_ID["unreadable-file"], Place(file.path), f"it can't be read: {file.error}")
        else:
            yield from _encoding(file, file.content)
    yield from _no_rules(reading)
    yield from _carriage_returns(reading)
    if reading.merged is not None:
        yield from _of_folder(reading)


def _no_rules(reading: RulesReading) -> Iterator[LintFinding]:
    """The finding on an input without rules and controls; none if a file can't be read, as it may have some."""
    if any(file.content is None or is_utf_16(file.content) for file in reading.given.files):
        return
    if next(origins_of(reading), None) is None:
        given = reading.given
        path = given.name if given.folder else given.files[0].path
        yield LintFinding(BY_ID["no-rules"], Place(path), "it has no rule and no control, only comments if anything")


def _encoding(file: File, content: bytes) -> Iterator[LintFinding]:
    if is_utf_16(content):
        yield LintFinding(BY_ID["utf-16"], Place(file.path, 1), UTF_16_READ)
        return
    if content.startswith(BOM):
        first = decode(content.partition(b"\n")[0])
        yield LintFinding(BY_ID["bom"], Place(file.path, 1), "the file begins with a byte order mark", first, (0, 1))
    number = 0
    for line in content.split(b"\n"):
        number += 1
        if b"\0" in line:
            text = decode(line.partition(b"\0")[0])
            lost = len(line) - len(line.partition(b"\0")[0])
            yield LintFinding(
                BY_ID["nul-byte"],
                Place(file.path, number),
                f"the last {lost} bytes of the line are not read",
                text[:200],
            )
        if len(line) >= LINE_BYTES and not (len(line) == LINE_BYTES and content.endswith(line)):
            yield LintFinding(
                BY_ID["long-line"],
                Place(file.path, number),
                f"of {len(line)} bytes auditctl reads the first {LINE_BYTES} as the line, and the rest as the next one",
            )
            number += len(line) // LINE_BYTES


def _carriage_returns(reading: RulesReading) -> Iterator[LintFinding]:
    """One finding for each file, on the first line that auditctl reads with a carriage return at its end."""
    found: dict[str, list[tuple[int, int, str]]] = {}
    for line in reading.in_full.lines:
        if line.text.endswith("\r"):
            place = reading.place(line.number)
            found.setdefault(place.path, []).append((place.line, line.number, line.text))
    for lines in found.values():
        _, number, text = min(lines)
        ends = counted(len(lines), "line of the file ends", "lines of the file end")
        yield reading.finding(
            "crlf",
            number,
            f"{ends} in a carriage return, which belongs to the last word",
            text=text,
            span=(len(text) - 1, len(text)),
        )


def _of_folder(reading: RulesReading) -> Iterator[LintFinding]:
    merged = reading.merged
    if merged is None:
        return
    for name in merged.lost:
        yield LintFinding(
            BY_ID["ignored-file"],
            Place(reading.paths[name]),
            "augenrules before 4.2 takes the words of its name for several files",
        )
    read = [*dict.fromkeys(each.origin.name for each in merged.became)]
    for name in read[:-1]:
        content = reading.contents[name]
        if isinstance(content, bytes) and not content.endswith(b"\n"):
            path = reading.paths[name]
            number, text = reading.source_lines[path][-1]
            following = reading.paths[read[read.index(name) + 1]]
            swallowed = text.lstrip(" ").startswith("#")
            effect = "the comment takes in the first line of" if swallowed else "it is joined with the first line of"
            yield LintFinding(
                BY_ID["glued-lines"],
                Place(path, number),
                f"{effect} {following}, as no newline stands between",
                text,
                (len(text), len(text)),
                ((Place(following, 1), "this line"),),
            )
    yield from _of_awk(reading)


def _of_awk(reading: RulesReading) -> Iterator[LintFinding]:
    """Findings on lines that one awk changes differently than another, if it is not known which awk runs."""
    if reading.given.awk is not None or reading.merged is None:
        return
    other = merge(reading.contents, Awk.MAWK, reading.facts.version)
    words = {
        Treatment.KEPT: "leaves it among the rules",
        Treatment.DROPPED: "drops it",
        Treatment.HOISTED: "moves it",
        Treatment.REPLACED: "drops it for a later one",
    }
    for one, two in zip(reading.merged.became, other.became, strict=True):
        if one.treatment is not two.treatment:
            path = reading.paths[one.origin.name]
            text = dict(reading.source_lines[path]).get(one.origin.line, "")
            yield LintFinding(
                BY_ID["awk-dependent"],
                Place(path, one.origin.line),
                f"gawk {words[one.treatment]}, mawk {words[two.treatment]}",
                text,
                (0, len(text) - len(text.lstrip())),
            )

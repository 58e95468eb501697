"""Comments with which an author suppresses findings: `# auditrules: ignore ID[, ID]: REASON`.

Such a comment is about the next line that is no comment; `ignore-file` in place of `ignore` about the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditrules.authoring.finding import LintFinding, Place
from auditrules.authoring.finding_table import BY_ID
from auditrules.values import dataclass, replace

_COMMENT = re.compile(r" *#+\s*auditrules:\s*(?P<rest>.*)")
_IGNORE = re.compile(r"(?P<word>ignore(?:-file)?)\s+(?P<ids>[a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\s*:\s*(?P<reason>\S.*)")
_OWN = ("bad-suppression", "unused-suppression")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A comment: its place, the line that it is about (0: the file), the ids of findings, and the reason."""

    at: Place
    text: str
    about: Place
    ids: tuple[str, ...]
    reason: str


def suppressions(path: str, lines: Iterable[tuple[int, str]]) -> Iterator[Suppression | LintFinding]:
    """Read the comments of a file that suppress findings. A comment that is wrong gives a finding."""
    waiting: list[tuple[int, str, tuple[str, ...], str]] = []
    for number, text in lines:
        if not text.lstrip(" ").startswith("#"):
            if text.strip(" "):
                yield from (
                    Suppression(Place(path, at), comment, Place(path, number), ids, reason)
                    for at, comment, ids, reason in waiting
                )
                waiting = []
            continue
        found = _COMMENT.match(text)
        if found is None:
            continue
        match = _IGNORE.fullmatch(found["rest"].rstrip())
        ids = tuple(re.split(r"\s*,\s*", match["ids"])) if match else ()
        unknown = [each for each in ids if each not in BY_ID or each in _OWN]
        if match is None or unknown:
            expected = f"no finding is called {unknown[0]}" if unknown else "expected ignore ID[, ID]: REASON"
            yield LintFinding(BY_ID["bad-suppression"], Place(path, number), expected, text)
        elif match["word"] == "ignore-file":
            yield Suppression(Place(path, number), text, Place(path), ids, match["reason"])
        else:
            waiting.append((number, text, ids, match["reason"]))
    yield from (
        LintFinding(BY_ID["unused-suppression"], Place(path, at), "no line stands below it", comment)
        for at, comment, _, _ in waiting
    )


def suppressed(findings: Iterable[LintFinding], comments: Iterable[Suppression]) -> Iterator[LintFinding]:
    """Add the reasons of comments to the findings that they suppress. A comment without any gives a finding."""
    by_place: dict[tuple[Place, str], Suppression] = {}
    comments = list(comments)
    for comment in comments:
        for id_ in comment.ids:
            by_place.setdefault((comment.about, id_), comment)
    used: set[tuple[Place, str]] = set()
    for finding in findings:
        keys = ((finding.place, finding.kind.id), (Place(finding.place.path), finding.kind.id))
        key = next((each for each in keys if each in by_place), None)
        if key is None:
            yield finding
        else:
            used.add(key)
            yield replace(finding, suppressed=by_place[key].reason)
    for comment in comments:
        unused = [each for each in comment.ids if (comment.about, each) not in used]
        if unused:
            message = f"nothing is found here that is called {' or '.join(unused)}"
            yield LintFinding(BY_ID["unused-suppression"], comment.at, message, comment.text)

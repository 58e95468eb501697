"""Lines of rules files that are parsed once, on a host that is looked at again and again."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.auditctl import parse
from auditrules.audit.auditctl.parse import LineParser, parse_line
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.host_facts import Entry, Facts

FILES: Mapping[str, Entry] = {"/": Entry("dir"), "/etc": Entry("dir"), "/etc/x": Entry("file", ino=1)}
FACTS = Facts(files=FILES)
LINE = "-w /etc/x -p wa"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that are parsed from now on."""
    lines: list[str] = []

    def noting(line: str, *others: object) -> object:
        lines.append(line)
        return parse_line(line, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(parse, "parse_line", noting)
    return lines


@pytest.mark.parametrize(
    ("facts", "times"),
    [
        (Facts(files=dict(FILES)), 1),
        (Facts(files={**FILES, "/etc/y": Entry("file")}), 1),
        (Facts(files={**FILES, "/etc/x": Entry("file", ino=2)}), 1),
        (Facts(files={**FILES, "/etc/x": Entry("dir", ino=1)}), 2),
        (Facts(files={**FILES, "/etc": Entry("link", "/usr")}), 2),
        (Facts(files={path: entry for path, entry in FILES.items() if path != "/etc/x"}), 2),
        (Facts(files=FILES, users={"root": 0}), 2),
        (Facts(files=FILES, version=(2, 8, 5)), 2),
    ],
    ids=[
        "equal facts",
        "another file",
        "a new inode",
        "a directory",
        "a link above",
        "not known",
        "users",
        "a version",
    ],
)
def test_a_line_is_parsed_again_where_what_it_was_made_of_is_other(parsed: list[str], facts: Facts, times: int) -> None:
    earlier = LineParser(FACTS)
    earlier(LINE)
    later = LineParser(facts, earlier)
    assert later(LINE) == parse_line(LINE, facts)
    assert later(LINE) == parse_line(LINE, facts)
    assert parsed == [LINE] * times


def test_a_line_that_is_refused_is_parsed_once(parsed: list[str]) -> None:
    earlier = LineParser(FACTS)
    for parser in (earlier, LineParser(FACTS, earlier)):
        with pytest.raises(RuleSyntaxError, match="an absolute path"):
            parser("-w relative")
    assert parsed == ["-w relative"]


def test_of_a_host_that_nobody_asks_about_two_earlier_lines_are_let_go_of() -> None:
    earlier = LineParser(FACTS)
    earlier(LINE)
    assert LineParser(FACTS, LineParser(FACTS, earlier)).results == {}

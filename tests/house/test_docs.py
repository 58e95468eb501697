"""The parts of the README that are made from code say what the code says."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from auditrules.audit.coverage.answer import LETTERS, Reason
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.reference import OUTSIDE, REFERENCE
from auditrules.benchmarks.targets import Reason as NotJudged
from auditrules.check import COLUMNS, Status
from auditrules.cli import main
from auditrules.packs.fleet import Label, Policy
from auditrules.packs.policies import GENERAL as GENERAL_POLICIES
from auditrules.packs.policies import LABELS
from auditrules.packs.shipped import PACKS
from auditrules.tables import SCHEMAS
from tests.fixtures.hosts import DOCKER, Look, listing

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def part(text: str, name: str) -> str:
    """Give what stands between the markers of a part; the end's marker has the name up to its colon."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name.partition(':')[0]} -->"
    assert text.count(start) == 1, f"README.md: expected one line {start.strip()}, found {text.count(start)}"
    after = text.partition(start)[2]
    assert end in after, f"README.md: expected {end} after {start.strip()}"
    content = after.partition(end)[0]
    assert "<!-- " not in content, f"README.md: expected {end} before the next marker"
    return content


def help_text() -> str:
    out = io.StringIO()
    assert main(["--help"], stdout=out) == 0
    return f"```\n{out.getvalue()}```\n"


MADE: Mapping[str, Callable[[], str]] = {f"columns:{schema.name}": schema.markdown for schema in SCHEMAS}
MAY_BE_THERE: Mapping[str, Callable[[], str]] = {"help": help_text}
PASTED = {"check-pass", "check-unknown"}  # output of a real host

FOUND = re.findall(r"^<!-- ([^/].*) -->$", README, re.MULTILINE)


@pytest.mark.parametrize("name", [*MADE, *(name for name in MAY_BE_THERE if name in FOUND)])
def test_a_part_that_is_made_from_code_is_current(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    expected = {**MADE, **MAY_BE_THERE}[name]()
    assert part(README, name) == expected, f"README.md: the part {name} is not what the code says; paste it anew"


def test_every_marker_is_known_and_closed() -> None:
    assert set(FOUND) <= {*MADE, *MAY_BE_THERE, *PASTED}
    assert README.count("<!-- /") == len(FOUND)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "README.md: expected one line <!-- columns:x -->, found 0"),
        ("<!-- columns:x -->\n" * 2, "README.md: expected one line <!-- columns:x -->, found 2"),
        ("<!-- columns:x -->\n| a |\n", "README.md: expected <!-- /columns --> after <!-- columns:x -->"),
        (
            "<!-- columns:x -->\n| a |\n<!-- columns:y -->\n<!-- /columns -->\n",
            "README.md: expected <!-- /columns --> before the next marker",
        ),
    ],
)
def test_a_missing_marker_is_told(text: str, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        part(text, "columns:x")
    assert str(caught.value).partition("\n")[0] == complaint


@pytest.mark.parametrize("word", [*COLUMNS, *(status.value for status in Status)])
def test_every_column_and_status_of_a_verdict_is_told(word: str) -> None:
    assert f"`{word}`" in README


REASONS = [reason.value for reason in (*Reason, *NotJudged)]


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_a_verdict_is_told(reason: str) -> None:
    assert f"`{reason}`" in README


FIRST, NEWEST, GENERAL = PACKS
NAMES = [query.name for query in GENERAL.queries]
NAMES += [pack.queries[place].name for pack in (FIRST, NEWEST) for place in (0, -3, -1)]  # a range by its ends, and all


@pytest.mark.parametrize("name", [*(pack.name for pack in PACKS), *NAMES])
def test_every_pack_and_query_is_told(name: str) -> None:
    assert f"`{name}`" in README


@pytest.mark.parametrize("reason", [reason.value for reason in Reason])
def test_every_reason_of_coverage_is_told(reason: str) -> None:
    assert f"| `{reason}` |" in README


@pytest.mark.parametrize("letter", LETTERS)
def test_the_calls_of_every_letter_are_told(letter: str) -> None:
    (row,) = (line for line in README.splitlines() if line.startswith(f"| `{letter}` |"))
    _, _, reference, outside, _ = row.split("|")
    assert {OPERATIONS[name].call for name in REFERENCE[letter]} <= set(re.findall(r"\w+", reference))
    assert {OPERATIONS[name].call for name in OUTSIDE[letter]} <= set(re.findall(r"\w+", outside))


# The other pages: each query in them runs on a host, as it stands there; those on reporting ask a lake instead

SQL = re.compile(r"^ *```sql\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
ASKED = [
    pytest.param(sql, id=f"{page.stem}-{number}")
    for page in PAGES
    if page.stem != "reporting"
    for number, sql in enumerate(SQL.findall(page.read_text("utf-8")))
]


@pytest.mark.parametrize("sql", ASKED)
def test_a_query_of_a_page_runs(sql: str) -> None:
    assert Look.at(DOCKER, listing("covered")).rows(sql) is not None


def test_the_page_on_fleet_has_ten_live_queries() -> None:
    assert len([param for param in ASKED if str(param.id).startswith("fleet-")]) >= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_linked_from_the_readme(page: Path) -> None:
    assert f"(docs/{page.name})" in README


ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`((?:\w+/)+\w+\.(?:py|toml))`", (ROOT / "docs/architecture.md").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted({*NAMED}))
def test_a_file_that_the_page_on_the_architecture_names_is_there(name: str) -> None:
    assert (ROOT / "extension/auditrules" / name).is_file() or (ROOT / name).is_file()


@pytest.mark.parametrize("item", [*LABELS, *GENERAL_POLICIES[:2]], ids=lambda item: item.name)
def test_the_page_on_fleet_names_labels_and_the_first_policies(item: Label | Policy) -> None:
    (page,) = (page for page in PAGES if page.stem == "fleet")
    assert item.name in page.read_text("utf-8")

"""The documents say what the code says: what is made from it is current, and queries, commands and links work."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path

import pytest

from auditrules import __version__
from auditrules.audit.coverage.answer import PERMISSIONS, Reason
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.reference import OUTSIDE, REFERENCE
from auditrules.benchmarks.targets import TargetReason as NotJudged
from auditrules.check import COLUMNS, Status
from auditrules.cli import main
from auditrules.cli.entry import parser_for
from auditrules.packs.fleet import Label, Policy
from auditrules.packs.policies import GENERAL as GENERAL_POLICIES
from auditrules.packs.policies import LABELS
from auditrules.packs.shipped import PACKS
from auditrules.plugin.pack import Pack
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.sql.result import Value
from auditrules.tables import SCHEMAS
from tests.fixtures.hosts import DOCKER, Look, listing, saved
from tools.make_docs import filled

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *PAGES]
TEXTS = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in DOCUMENTS}
README, TABLES, OSQUERY = (TEXTS[name] for name in ("README.md", "docs/tables.md", "docs/osquery.md"))


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_the_changelog_tells_of_this_version() -> None:
    assert f"\n## [{__version__}]" in TEXTS["CHANGELOG.md"]


# Parts between markers


def part(text: str, name: str) -> str:
    """Give what stands between the markers of a part; the end's marker has the name up to its colon."""
    start, end = f"<!-- {name} -->\n", f"<!-- /{name.partition(':')[0]} -->"
    assert text.count(start) == 1, f"expected one line {start.strip()}, found {text.count(start)}"
    after = text.partition(start)[2]
    assert end in after, f"expected {end} after {start.strip()}"
    content = after.partition(end)[0]
    assert "<!-- " not in content, f"expected {end} before the next marker"
    return content


MADE: Mapping[str, Callable[[], str]] = {f"columns:{schema.name}": schema.markdown for schema in SCHEMAS}
PASTED = {"check-pass": "README.md", "check-unknown": "docs/operation.md"}  # output of a real host: tests/vm
OF_A_LAKE = {"lake", "given"}  # SQL of engines, which tests/report runs
MARKER = re.compile(r"^<!-- ([^/].*) -->$", re.MULTILINE)


@pytest.mark.parametrize("name", MADE)
def test_a_part_that_is_made_from_code_is_current(name: str) -> None:
    assert part(TABLES, name) == MADE[name](), f"docs/tables.md: the part {name} is not current: run make docs"


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_making_a_part_again_changes_nothing(schema: Schema) -> None:
    assert filled(TABLES, schema) == TABLES, "docs/tables.md is not current: run make docs"


@pytest.mark.parametrize("name", PASTED)
def test_a_part_that_is_pasted_is_in_its_document(name: str) -> None:
    assert part(TEXTS[PASTED[name]], name)


@pytest.mark.parametrize("name", TEXTS)
def test_every_marker_is_known_and_closed(name: str) -> None:
    found = MARKER.findall(TEXTS[name])
    made = {"docs/tables.md": set(MADE), "docs/reporting.md": OF_A_LAKE}.get(name, set())
    assert set(found) <= {*made, *(marker for marker, page in PASTED.items() if page == name)}
    assert TEXTS[name].count("<!-- /") == len(found)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected one line <!-- columns:x -->, found 0"),
        ("<!-- columns:x -->\n" * 2, "expected one line <!-- columns:x -->, found 2"),
        ("<!-- columns:x -->\n| a |\n", "expected <!-- /columns --> after <!-- columns:x -->"),
        (
            "<!-- columns:x -->\n| a |\n<!-- columns:y -->\n<!-- /columns -->\n",
            "expected <!-- /columns --> before the next marker",
        ),
    ],
)
def test_a_missing_marker_is_told(text: str, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        part(text, "columns:x")
    assert str(caught.value).partition("\n")[0] == complaint


# Words of the tables


@pytest.mark.parametrize("word", [*COLUMNS, *(status.value for status in Status)])
def test_every_column_and_status_of_a_verdict_is_told(word: str) -> None:
    assert f"`{word}`" in TABLES


@pytest.mark.parametrize("reason", [reason.value for reason in (*Reason, *NotJudged)])
def test_every_reason_is_told(reason: str) -> None:
    assert f"| `{reason}` |" in TABLES


@pytest.mark.parametrize("status", [status.value for status in Status])
def test_every_status_is_told(status: str) -> None:
    assert f"| `{status}` |" in TABLES


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_the_readme_names_every_table(schema: Schema) -> None:
    assert f"| `{schema.name}` |" in README


@pytest.mark.parametrize("letter", PERMISSIONS)
def test_the_calls_of_every_letter_are_told(letter: str) -> None:
    (row,) = (line for line in TABLES.splitlines() if line.startswith(f"| `{letter}` |"))
    _, _, reference, outside, _ = row.split("|")
    assert {OPERATIONS[name].call for name in REFERENCE[letter]} <= set(re.findall(r"\w+", reference))
    assert {OPERATIONS[name].call for name in OUTSIDE[letter]} <= set(re.findall(r"\w+", outside))


# Packs

FIRST, NEWEST, CIS, STIG, GENERAL = PACKS
NAMES = [query.name for pack in (GENERAL, CIS, STIG) for query in pack.queries]
NAMES += [pack.queries[place].name for pack in (FIRST, NEWEST) for place in (0, -3, -1)]  # a range by its ends, and all


@pytest.mark.parametrize("name", [*(pack.name for pack in PACKS), *NAMES])
def test_every_pack_and_query_is_told(name: str) -> None:
    assert f"`{name}`" in OSQUERY


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_readme_names_every_pack(pack: Pack) -> None:
    assert f"| `{pack.name}` |" in README


# Queries: each runs on a host, as it stands there; those on reporting ask a lake instead


def core(name: str, row: Mapping[str, str]) -> Table:
    """Make a table of osquery's own with one row; a number is a column of numbers."""
    kinds = {key: ColumnType.BIGINT if value.isdecimal() else ColumnType.TEXT for key, value in row.items()}
    schema = Schema(name, f"As osquery's table {name}", tuple(Column(key, kinds[key], key) for key in row), ())
    return Table(schema, lambda _: [{**row, "rowid": "0"}])


CORE = (
    core("os_version", {"name": "Debian GNU/Linux", "version": "12 (bookworm)"}),
    core("docker_info", {"server_version": "27.3.1", "root_dir": "/var/lib/docker"}),
    core("processes", {"pid": "812", "name": "dockerd", "path": "/usr/bin/dockerd"}),
)


def rows(look: Look, sql: str) -> list[dict[str, Value]]:
    """Ask a host that has osquery's tables, too."""
    names = {table.schema.name for table in CORE}
    own = [table for table in look.tables() if table.schema.name not in names]
    with Database([*own, *CORE]) as database:
        result = database.query(sql)
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


SQL = re.compile(r"^ *```sql\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
ASKED = [
    pytest.param(statement, id=f"{Path(name).stem}-{number}-{place}")
    for name, text in TEXTS.items()
    if name != "docs/reporting.md"
    for number, block in enumerate(SQL.findall(text))
    for place, statement in enumerate(filter(str.strip, block.split(";\n")))
]


@pytest.mark.parametrize("sql", ASKED)
def test_a_query_of_a_document_runs(sql: str) -> None:
    assert rows(Look.at(DOCKER, listing("covered")), sql) is not None


def test_the_page_on_fleet_has_ten_live_queries() -> None:
    assert len([param for param in ASKED if str(param.id).startswith("fleet-")]) >= 10


JOINS = SQL.findall(TABLES.partition("\n## Joins to copy\n")[2])
MISSING, RELEASE, DATA, ENGINE, RUNNING, BOOT = JOINS
BARE_KERNEL = saved("-w /usr/bin/dockerd -p r -k docker")  # which reads, and does not write


@pytest.fixture(scope="module")
def lacking() -> Look:
    """A Docker host whose kernel records reading of the daemon, and nothing else."""
    return Look.at(DOCKER).with_listing(BARE_KERNEL)


def test_the_join_of_failing_controls_says_what_each_one_lacks(lacking: Look) -> None:
    found = {(row["subject"], row["missing"]) for row in rows(lacking, MISSING) if row["control"] == "1.1.3"}
    assert found == {("/usr/bin/dockerd", "wxa")}


def test_the_join_with_os_version_has_each_control_of_the_newest_version_once(lacking: Look) -> None:
    found = rows(lacking, RELEASE)
    assert {row["release"] for row in found} == {"12 (bookworm)"}
    assert [row["control"] for row in found][:16] == [f"1.1.{number}" for number in range(3, 19)]
    assert len({(row["benchmark"], row["control"]) for row in found}) == len(found)


def test_the_join_with_docker_info_judges_the_daemons_own_place(lacking: Look) -> None:
    found = {(row["server_version"], row["root_dir"], row["source"], row["reason"]) for row in rows(lacking, DATA)}
    assert ("27.3.1", "/var/lib/docker", "kernel", "no_rule") in found


def test_the_join_with_dockers_version_has_the_failing_controls(lacking: Look) -> None:
    found = rows(lacking, ENGINE)
    assert {row["server_version"] for row in found} == {"27.3.1"}
    assert "1.1.3" in {row["control"] for row in found if row["status"] == "fail"}


def test_the_join_with_processes_finds_the_running_daemon(lacking: Look) -> None:
    found = [(row["pid"], row["control"], row["status"], row["missing"]) for row in rows(lacking, RUNNING)]
    assert found == [(812, "1.1.3", "fail", "wxa")]


def test_the_query_of_the_next_boot_finds_the_control_that_changes() -> None:
    now = Look.at(DOCKER).with_listing(saved("-w /usr/bin/dockerd -p rwxa -k docker")).with_rules()
    assert [(row["control"], row["status"]) for row in rows(now, BOOT) if row["status"] == "pass"] == [
        ("1.1.3", "pass")
    ]


# Commands: each is one that the command line understands

BLOCK = re.compile(r"^ *```(?:console|sh)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
LINES = [
    (name, line.strip())
    for name, text in TEXTS.items()
    for block in BLOCK.findall(text)
    for line in block.replace("\\\n", " ").splitlines()
]
COMMANDS = sorted(
    {(name, line[line.index("auditrules ") :]) for name, line in LINES if re.match(r"([$#] )?auditrules ", line)}
)


@pytest.mark.parametrize(("name", "line"), COMMANDS)
def test_a_command_of_a_document_is_understood(name: str, line: str) -> None:
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    _, *argv = takewhile(lambda word: not set(word) <= set("|&;<>"), words)
    assert callable(parser_for(argv).parse_args(argv).run), name


def test_the_readme_shows_every_command() -> None:
    out = io.StringIO()
    assert main(["--help"], stdout=out) == 0
    commands = re.findall(r"^    (\w+) +\w", out.getvalue().partition("COMMAND\n")[2], re.MULTILINE)
    assert commands
    assert [name for name in commands if f"$ auditrules {name} " not in README] == []


def test_rules_that_are_tried_change_the_answer(tmp_path: Path) -> None:
    (command,) = (line for name, line in COMMANDS if name == "docs/tables.md" and "--rules" in line)
    _, *argv = shlex.split(command)
    (tmp_path / "new.rules").write_text("-w /usr/bin/dockerd -p rwxa\n-w /etc/docker -p rwxa\n")
    argv[argv.index("new.rules")] = str(tmp_path / "new.rules")
    now = argv[: argv.index("--rules")]
    host = ["--root", str(DOCKER), "--format", "json"]
    assert main([*now, *host, "--kernel", str(listing("no-rules"))], stdout=io.StringIO()) == 1
    assert main([*argv, *host], stdout=io.StringIO()) == 0


TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", TEXTS)
def test_every_target_of_make_that_a_document_names_is_there(name: str) -> None:
    named = set(re.findall(r"(?:`|\$ |# )make ([a-z][a-z-]*)", TEXTS[name]))
    assert named <= TARGETS


@pytest.mark.parametrize("target", sorted(TARGETS - {"python"}))
def test_the_page_for_contributors_names_every_target_of_make(target: str) -> None:
    assert re.search(rf"\bmake {target}\b", TEXTS["CONTRIBUTING.md"])


# Links and files

LINK = re.compile(r"\]\((?!https?:)([^)]+)\)")
LINKS = [(name, target) for name, text in TEXTS.items() for target in sorted({*LINK.findall(text)})]


def anchors(text: str) -> set[str]:
    """Give the anchors of a page's headings, as GitHub and GitLab make them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("name", "target"), LINKS)
def test_a_link_leads_to_a_file_and_a_heading(name: str, target: str) -> None:
    file, _, anchor = target.partition("#")
    path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
    assert path.is_file()
    assert not anchor or anchor in anchors(path.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(set(TEXTS) - {"README.md"}))
def test_a_document_is_linked_from_the_readme(name: str) -> None:
    assert f"]({name})" in README


NAMED = re.findall(r"`((?:\w+/)+\w+\.(?:py|toml))`", TEXTS["docs/architecture.md"])


@pytest.mark.parametrize("name", sorted({*NAMED}))
def test_a_file_that_the_page_on_the_architecture_names_is_there(name: str) -> None:
    assert (ROOT / "extension/auditrules" / name).is_file() or (ROOT / name).is_file()


def test_the_walk_from_a_line_to_its_row_is_of_at_most_eight_files_and_comes_to_none_twice() -> None:
    walk = TEXTS["docs/architecture.md"].partition("## Walk 1")[2].partition("\n## ")[0]
    files = re.findall(r"^\d\. `((?:\w+/)+\w+\.py)`", walk, re.MULTILINE)
    assert 0 < len(files) <= 8
    assert len({*files}) == len(files) == len(re.findall(r"^\d", walk, re.MULTILINE))


STEPS = re.findall(r"^\d\. (.*?)(?=^\d\. |^## |\Z)", TEXTS["docs/architecture.md"], re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: re.findall(r"\w+\.py", step)[0])
def test_a_step_of_a_walk_names_functions_of_its_files(step: str) -> None:
    files = [ROOT / "extension/auditrules" / name for name in re.findall(r"`((?:\w+/)+\w+\.py)`", step)]
    source = "".join(file.read_text("utf-8") for file in files)
    names = [name.split(".")[-1] for name in re.findall(r"`([A-Za-z_][\w.]*)`", step) if name not in {"File", "Rule"}]
    assert [name for name in names if not re.search(rf"^ *(def|class) {name}\b|^{name}\b", source, re.MULTILINE)] == []


@pytest.mark.parametrize("item", [*LABELS, *GENERAL_POLICIES[:2]], ids=lambda item: item.name)
def test_the_page_on_fleet_names_labels_and_the_first_policies(item: Label | Policy) -> None:
    assert item.name in TEXTS["docs/fleet.md"]

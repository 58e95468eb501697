"""What is shipped for Fleet: files that Fleet takes as they are."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import apsw
import pytest
import yaml

from auditrules.benchmarks import CIS_DOCKER, Benchmark
from auditrules.packs.files import stem
from auditrules.packs.systems import CIS_LINUX, STIG_LINUX, fleet_name, tag
from auditrules.sql.standins import SCHEMAS as STAND_INS
from auditrules.tables import SCHEMAS
from tests.fixtures.fleet import applied_complaints, complaints, table_complaints

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "packs" / "fleet"
FILES = sorted(path for path in FOLDER.rglob("*.yml"))
GITOPS = [path for path in FILES if path.parent.name in ("labels", "policies", "reports")]
POLICIES = sorted(FOLDER.glob("policies/*.yml"))
APPLIED = sorted(FOLDER.glob("apply/*.yml"))
REPORTS = sorted(FOLDER.glob("reports/*.yml"))
TABLES = sorted(FOLDER.glob("tables/*.yml"))
SHIPPED = [benchmark.version for benchmark in (CIS_DOCKER[0], CIS_DOCKER[-1])]
CIS = [stem(benchmark) for benchmark in CIS_LINUX]
STIGS = [stem(benchmark) for benchmark in STIG_LINUX]

OPENERS = ["audit_rules extension is loaded", "audit rules can be read"]


# The parser in C, where PyYAML was built with it, takes a tenth of the time over files of megabytes.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def read(path: Path) -> Any:
    """Give what a file holds, which no test changes."""
    return yaml.load(path.read_text("utf-8"), LOADER)  # noqa: S506 - both loaders are safe


@cache
def documents(path: Path) -> list[Any]:
    """Give the documents of a file, which no test changes."""
    return list(yaml.load_all(path.read_text("utf-8"), LOADER))


def each(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: f"{path.parent.name}/{path.name}")


@cache
def labels() -> frozenset[str]:
    """Give the names of all labels."""
    return frozenset(label["name"] for label in read(FOLDER / "labels/audit-rules.labels.yml"))


def test_the_files_are_those_of_the_newest_benchmarks_and_the_rest() -> None:
    names = ["audit-rules", *(f"cis-docker-{version}" for version in SHIPPED)]
    assert [path.name for path in POLICIES] == sorted(f"{name}.policies.yml" for name in (*names, *CIS, *STIGS))
    assert [path.name for path in REPORTS] == sorted(
        f"{name}.reports.yml" for name in (*names, "cis-linux", "stig-linux")
    )
    assert [path.name for path in APPLIED] == sorted(f"{name}.policies.yml" for name in (*names, *CIS))
    assert [path.stem for path in TABLES] == sorted(schema.name for schema in SCHEMAS)


@each(GITOPS)
def test_fleet_takes_a_fragment(path: Path) -> None:
    kind = path.parent.name.removesuffix("s").replace("policie", "policy")
    assert complaints(kind, read(path), labels()) == []


@each(APPLIED)
def test_fleetctl_takes_a_document(path: Path) -> None:
    assert applied_complaints(documents(path)) == []


@each(TABLES)
def test_fleet_has_a_place_for_all_of_a_table(path: Path) -> None:
    assert table_complaints(read(path)) == []


@each(FILES)
def test_no_file_holds_a_variable_of_gitops(path: Path) -> None:
    assert "$" not in path.read_text("utf-8")


@each(FILES)
def test_a_file_is_text_that_any_tool_reads(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "\t" not in text
    assert text.endswith("\n")
    assert [line for line in text.split("\n") if line != line.rstrip()] == []


@pytest.mark.parametrize("paths", [POLICIES, REPORTS], ids=["policies", "reports"])
def test_names_are_unique_over_all_files(paths: list[Path]) -> None:
    names = [item["name"] for path in paths for item in read(path)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("version", SHIPPED)
def test_there_is_a_policy_a_report_and_a_document_for_each_control(version: str) -> None:
    (benchmark,) = (each for each in CIS_DOCKER if each.version == version)
    ids = [control.id for control in benchmark.controls]
    policies = read(FOLDER / f"policies/cis-docker-{version}.policies.yml")
    reports = read(FOLDER / f"reports/cis-docker-{version}.reports.yml")
    applied = documents(FOLDER / f"apply/cis-docker-{version}.policies.yml")
    assert [policy["name"].split()[4] for policy in policies] == ids
    assert [report["name"] for report in reports] == [f"CIS Docker {version} - {number} evidence" for number in ids]
    assert [document["spec"]["cis_id"] for document in applied] == ids


@pytest.mark.parametrize("name", ["audit-rules", *(f"cis-docker-{version}" for version in SHIPPED), *CIS])
def test_both_forms_of_a_policy_say_the_same(name: str) -> None:
    gitops = read(FOLDER / f"policies/{name}.policies.yml")
    applied = [document["spec"] for document in documents(FOLDER / f"apply/{name}.policies.yml")]
    same = ("name", "description", "resolution", "platform", "query")
    assert [[item[key] for key in same] for item in gitops] == [[item[key] for key in same] for item in applied]


def test_the_extension_and_the_reading_come_first() -> None:
    policies = read(FOLDER / "policies/audit-rules.policies.yml")
    assert [policy["name"] for policy in policies[:2]] == OPENERS
    assert OPENERS[1] in labels()


@each(POLICIES)
def test_every_policy_but_the_openers_points_to_the_one_on_reading(path: Path) -> None:
    silent = [policy["name"] for policy in read(path) if OPENERS[1] not in policy["description"]]
    assert silent == ([*OPENERS, "osquery leaves auditing to auditd"] if path.name.startswith("audit-rules") else [])


@each(POLICIES)
def test_every_policy_asks_linux_and_says_what_to_do(path: Path) -> None:
    for policy in read(path):
        assert policy["platform"] == "linux"
        assert policy["resolution"].endswith(".")
        assert ("labels_include_all" in policy) == (policy["name"] != OPENERS[0])


@pytest.mark.parametrize("version", SHIPPED)
def test_a_document_carries_the_tags_of_its_benchmark(version: str) -> None:
    for document in documents(FOLDER / f"apply/cis-docker-{version}.policies.yml"):
        tags = document["spec"]["tags"].split(", ")
        assert tags[:2] == ["compliance", "CIS"]
        assert tags[2] in ("CIS_Level1", "CIS_Level2")
        assert tags[3] == f"CIS_Docker_{version.replace('.', '_')}"


@pytest.mark.parametrize("benchmark", CIS_LINUX, ids=stem)
def test_a_document_of_a_system_has_number_name_and_tags_as_fleets_own(benchmark: Benchmark) -> None:
    found = [each["spec"] for each in documents(FOLDER / f"apply/{stem(benchmark)}.policies.yml")]
    assert [spec["cis_id"] for spec in found] == [control.id for control in benchmark.controls]
    for spec in found:
        assert spec["name"].startswith(f"{fleet_name(*benchmark.key)} - {spec['cis_id']} ")
        assert re.fullmatch(rf"compliance, CIS, CIS_Level[12], {tag(benchmark.short_name)}", spec["tags"])


@pytest.mark.parametrize("benchmark", [*CIS_LINUX, *STIG_LINUX], ids=stem)
def test_a_policy_of_a_system_is_for_the_hosts_of_that_system(benchmark: Benchmark) -> None:
    policies = read(FOLDER / f"policies/{stem(benchmark)}.policies.yml")
    assert {len(policy["labels_include_all"]) for policy in policies} == {1 + len(benchmark.systems)}
    assert {label for policy in policies for label in policy["labels_include_all"]} <= labels()


REPLACED = (
    (ROOT / "docs/fleet.md").read_text("utf-8").partition("\n| control | Fleet's policy |")[2].partition("\n\n")[0]
)


def test_the_page_says_which_policy_takes_the_place_of_each_of_fleets() -> None:
    told: list[str] = []
    for row in REPLACED.splitlines()[2:]:
        first, _, last = row.split("|")[1].strip().partition(" to ")
        single = re.findall(r"\d[\d.]*\d", first)
        begin, _, number = single[0].rpartition(".")
        told += [f"{begin}.{each}" for each in range(int(number), int(last.rpartition(".")[2]) + 1)] if last else single
    ours = [spec["spec"]["cis_id"] for spec in documents(FOLDER / "apply/cis-ubuntu-22.04-3.0.0.policies.yml")]
    assert told == ours


@each(REPORTS)
def test_a_report_is_a_daily_snapshot_for_the_log(path: Path) -> None:
    for report in read(path):
        assert (report["interval"], report["logging"], report["automations_enabled"]) == (86400, "snapshot", True)


def test_only_what_is_too_long_for_fleets_page_is_not_kept() -> None:
    dropped = [report["name"] for path in REPORTS for report in read(path) if report["discard_data"]]
    assert dropped == ["audit rules", "CIS Linux evidence", "DISA STIG Linux evidence"]


@each(GITOPS)
def test_every_query_is_sql_of_sqlite_itself(path: Path) -> None:
    connection = apsw.Connection(":memory:")
    for schema in (*SCHEMAS, *STAND_INS):
        connection.execute(schema.ddl().replace(" HIDDEN", ""))
    items = read(path)
    for item in items[:1] if path.name.startswith((*CIS, *STIGS)) else items:  # they differ in names alone
        assert list(connection.execute(f"EXPLAIN {item['query']}")) != [], item["name"]


@each(TABLES)
def test_a_table_has_the_columns_of_its_declaration(path: Path) -> None:
    table = read(path)
    (schema,) = (schema for schema in SCHEMAS if schema.name == path.stem)
    assert table["name"] == schema.name
    assert [(column["name"], column["type"].upper()) for column in table["columns"]] == [
        (column.name, column.type.value) for column in schema.columns
    ]
    assert table["notes"].endswith("It is provided by the extension osquery-audit-rules.")
    for example in schema.examples:
        assert example.sql in table["examples"]

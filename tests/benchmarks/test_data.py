"""The benchmarks that ship keep to the published form, and say what is doubtful in plain words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for

from auditrules.audit.model.collected import File
from auditrules.benchmarks import BENCHMARKS, Benchmark, shipped
from auditrules.benchmarks.data_file import read_requirements
from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.benchmarks.kinds import KINDS, read_requirement
from auditrules.benchmarks.shipped import SHIPPED, ShippedBenchmark
from auditrules.benchmarks.site import site_catalogue

ROOT = Path(__file__).parents[2]
DATA = Path(shipped.__file__).parent / "data"
FORM = json.loads((ROOT / "docs/benchmarks.schema.json").read_text("utf-8"))
DOCUMENT = (ROOT / "docs/benchmarks.md").read_text("utf-8")
FILES = {path.name: json.loads(path.read_text("utf-8")) for path in sorted(DATA.glob("*-*.json"))}

FAMILIES = json.loads((DATA / "families.json").read_text("utf-8"))

every_file = pytest.mark.parametrize("name", FILES)


def controls() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, benchmark in FILES.items():
        for control in benchmark["controls"]:
            yield f"{name} {control['control']}", control


def requirements() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, control in controls():
        for requirement in control["requires"]:
            yield name, requirement


def test_each_file_has_one_row_in_the_table() -> None:
    assert sorted(each.file for each in SHIPPED) == sorted(FILES)


@pytest.mark.parametrize("row", SHIPPED, ids=lambda row: row.file)
def test_a_row_says_what_its_file_says(row: ShippedBenchmark) -> None:
    file = FILES[row.file]
    said = ShippedBenchmark(
        file["short_name"],
        file["benchmark"],
        file["version"],
        tuple(file["systems"]),
        instead_of_none=file.get("instead_of_none", False),
        by_request=file.get("by_request", False),
    )
    assert said == row


@every_file
def test_a_file_keeps_to_the_form(name: str) -> None:
    found = validator_for(FORM).iter_errors(FILES[name])
    assert [f"{error.instance_path}: {error.message}" for error in found] == []


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: each.file)
def test_every_requirement_can_be_read(benchmark: Benchmark) -> None:
    read_requirements(benchmark.controls)


@every_file
def test_no_control_comes_twice(name: str) -> None:
    numbers = Counter(control["control"] for control in FILES[name]["controls"])
    assert [number for number, count in numbers.items() if count > 1] == []


@every_file
def test_a_requirement_stands_on_a_line_of_its_own(name: str) -> None:
    lines = (DATA / name).read_text("utf-8").splitlines()
    written = [json.loads(line.strip().rstrip(",")) for line in lines if line.lstrip().startswith('{"kind"')]
    assert written == [each for control in FILES[name]["controls"] for each in control["requires"]]


def test_each_short_name_is_of_one_benchmark() -> None:
    names = {(each.short_name, each.name, each.systems) for each in SHIPPED}
    assert len(names) == len({each.short_name for each in SHIPPED})


def test_all_versions_of_a_benchmark_stand_together() -> None:
    in_order = [each.short_name for each in SHIPPED]
    seen: list[str] = list(dict.fromkeys(in_order))
    assert in_order == [name for name in seen for _ in range(in_order.count(name))]


def test_notes_are_whole_sentences() -> None:
    notes = {note for _, control in controls() for note in control.get("notes", ())}
    assert [note for note in notes if not note.endswith(".") or re.search(r"None|null|[\[\]]|\('", note)] == []


def test_a_note_tells_where_two_benchmarks_want_the_opposite() -> None:
    opposite = [
        name
        for name, control in controls()
        for requirement in control["requires"]
        if requirement.get("option") == "max_log_file_action"
        and not any("one host can't pass both" in note for note in control["notes"])
    ]
    assert opposite == []


def test_calls_that_no_kernel_has_are_noted() -> None:
    silent = [
        name
        for name, control in controls()
        if any({"create_module", "query_module"} & set(each.get("syscalls", ())) for each in control["requires"])
        and not any("No kernel since 2.6" in note for note in control["notes"])
    ]
    assert silent == []


@pytest.mark.parametrize("family", sorted({control["family"] for _, control in controls()}))
def test_each_family_has_its_prose(family: str) -> None:
    assert list(FAMILIES[family]) == ["description", "rationale", "impact", "default_value"]


def test_no_family_has_prose_for_nobody() -> None:
    assert set(FAMILIES) - {control["family"] for _, control in controls()} == set()


# The loader

# Objects of each kind that have all of its keys together, as many as it takes.
FULL: dict[str, list[dict[str, object]]] = {
    "path": [
        {
            "path": "/usr/bin/dockerd", "permissions": "wxa", "type": "executable", "of": "docker",
            "places": ["/opt/dockerd"], "process": "dockerd", "unit": "docker.service", "option": "data-root",
            "if_applicable": False, "key": "k", "rules_file": "/etc/audit/rules.d/k.rules",
        },
        {
            "path": "/var/log/sudo.log", "permissions": "wa", "path_from": "sudoers logfile",
            "fields": ["auid>=UID_MIN"], "arches": ["b64"],
        },
    ],
    "syscall": [
        {
            "syscalls": ["execve"], "arches": ["b64"], "fields": ["auid!=unset"], "compare": ["euid!=uid"], "key": "k",
            "rules_file": "/etc/audit/rules.d/k.rules",
        },
    ],
    "privileged_command": [
        {
            "of": "root_file_system", "permissions": "x", "fields": ["auid>=UID_MIN"], "arches": ["b64"], "key": "k",
            "rules_file": "/etc/audit/rules.d/k.rules",
        },
    ],
    "setting": [
        {"file": "/etc/audit/auditd.conf", "option": "freq", "test": "range", "min": 1, "max": 100},
        {"file": "/etc/audit/auditd.conf", "option": "space_left_action", "values": ["email"]},
    ],
    "boot_option": [{"option": "audit", "value": "1"}, {"option": "audit_backlog_limit", "min": 8192}],
    "service": [{"name": "auditd.service", "enabled": True, "active": True}],
    "package": [{"names": ["audit"]}],
    "rule_option": [
        {"option": "-e", "value": "2", "last": True, "rules_file": "/etc/audit/rules.d/k.rules"},
    ],
    "file_mode": [
        {
            "of": "log_files", "paths": ["/var/log/audit"], "mode_max": "0640", "owner": ["root"], "group": ["root"],
            "log_group": True,
        },
    ],
    "mount": [{"path": "/var/log/audit", "separate": True}, {"path": "/var/log/audit", "options": ["nodev"]}],
    "integrity": [{"paths": ["/sbin/auditctl"], "attributes": ["p"]}],
    "drift": [{"between": ["kernel", "/etc/audit/audit.rules", "/etc/audit/rules.d"]}],
    "absent_rule": [{"action": "never", "list": "task"}],
}  # fmt: skip


def object_of(kind: str, values: dict[str, object]) -> Fields:
    return Fields({"kind": kind, **values}, "f", key="example", rules_file="/etc/audit/rules.d/example.rules")


@pytest.mark.parametrize("kind", KINDS)
def test_the_reader_of_a_kind_takes_each_key_of_the_form(kind: str) -> None:
    for each in FULL[kind]:
        read_requirement(object_of(kind, each))
    keys = {key for each in FULL[kind] for key in each}
    assert keys == set(FORM["$defs"][f"requires_{kind}"]["properties"]) - {"kind"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_reader_of_a_kind_refuses_a_key_that_the_form_does_not_have(kind: str) -> None:
    for each in FULL[kind]:
        with pytest.raises(BenchmarkError, match="expected only the keys"):
            read_requirement(object_of(kind, {**each, "keys": "k"}))


@every_file
def test_every_requirement_of_a_file_can_be_read(name: str) -> None:
    (benchmark,) = (each for each in BENCHMARKS if each.file == name)
    read_requirements(benchmark.controls)


def test_the_kinds_of_the_form_are_those_that_are_judged() -> None:
    assert set(FORM["$defs"]["control"]["properties"]["requires"]["items"]["properties"]["kind"]["enum"]) == set(KINDS)


# The page


def examples() -> list[Any]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]


def test_the_benchmark_of_the_page_keeps_to_the_form() -> None:
    assert [error.message for error in validator_for(FORM).iter_errors(examples()[0])] == []


def test_the_benchmark_and_the_changes_of_the_page_are_taken() -> None:
    files = [File(f"/{n}.json", json.dumps(each).encode()) for n, each in enumerate(examples()[:2])]
    assert site_catalogue(files).left_out == ()


def test_the_page_has_an_example_of_each_kind() -> None:
    shown = {"control": "1", "family": "example", "title": "Examples", "requires": examples()[-1]}
    assert [error.message for error in validator_for(FORM).iter_errors({**examples()[0], "controls": [shown]})] == []
    kinds = FORM["$defs"]["control"]["properties"]["requires"]["items"]["properties"]["kind"]["enum"]
    assert [each["kind"] for each in examples()[-1]] == kinds


def keys_of(rows: str) -> set[str]:
    """The words in code style at the start of each row of a table."""
    return {word for row in rows.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])}


def section(title: str) -> str:
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_page_names_every_key_of_a_benchmark() -> None:
    table = section("The benchmark").partition("|---")[2].partition("\n")[2]
    assert keys_of(table) == set(FORM["properties"])


def test_the_page_names_every_key_of_a_control() -> None:
    table = section("A control").partition("|---")[2].partition("\n")[2]
    assert keys_of(table) == set(FORM["$defs"]["control"]["properties"])


@pytest.mark.parametrize("kind", [name for name in FORM["$defs"] if name.startswith("requires_")])
def test_the_page_names_every_key_of_a_kind(kind: str) -> None:
    word = kind.removeprefix("requires_")
    (row,) = (line for line in section("A requirement").splitlines() if line.startswith(f"| `{word}` |"))
    named = set(re.findall(r"`(\w+)`", row.split("|")[2]))
    assert set(FORM["$defs"][kind]["properties"]) - named == {"kind"}


@every_file
def test_a_test_of_a_setting_is_of_a_known_form(name: str) -> None:
    strange = [each for at, each in requirements() if at.startswith(name) and each["kind"] == "setting"]
    assert [each for each in strange if ("values" in each) == ("test" in each)] == []

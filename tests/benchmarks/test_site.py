"""A site's own benchmarks and changes: what is taken, and what is left out whole, with file, key and reason."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from auditrules.audit.model.collected import File
from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.catalogue import Catalogue
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.site import site_catalogue

PATH = "/etc/osquery-audit-rules/benchmarks.d/site.json"
WATCH = {"kind": "path", "path": "/etc/passwd", "permissions": "wa"}
CALL = {"kind": "syscall", "syscalls": ["frobnicate"]}
CONTROL = {"control": "A-1", "family": "identity", "title": "Account files", "requires": [WATCH]}
OWN = {"benchmark": "Example Baseline", "version": "2", "short_name": "example", "systems": [], "controls": [CONTROL]}
OFF = {"benchmark": "cis-docker", "version": "1.2.0", "control": "1.2.4", "off": True}
SIGNED = {"reason": "The disk is too small", "owner": "Ann"}
LESS = {
    "benchmark": "cis-docker",
    "control": "1.2.3",
    "where": {"kind": "path"},
    "set": {"permissions": "wa"},
}


def file(value: object, path: str = PATH) -> File:
    return File(path, value if isinstance(value, bytes) else json.dumps(value).encode())


def changes(*found: Mapping[str, object]) -> File:
    return file({"tailoring": [{**each, **SIGNED} for each in found]}, f"{PATH}.tailoring.json")


def control(catalogue: Catalogue, key: tuple[str, str, str]) -> BenchmarkControl:
    (benchmark,) = (each for each in catalogue.benchmarks if each.key == key[:2])
    (found,) = (each for each in benchmark.controls if each.id == key[2])
    return found


def error_of(*files: File) -> str:
    """Why the one file is left out, all that ships standing as it was."""
    found = site_catalogue(files)
    (left_out,) = found.left_out
    assert [each.key for each in found.benchmarks[: len(BENCHMARKS)]] == [each.key for each in BENCHMARKS]
    return left_out.error


def test_a_benchmark_of_the_site_comes_after_those_that_ship() -> None:
    found = site_catalogue([file(OWN)])
    own = found.benchmarks[-1]
    assert (own.key, own.source_path, found.left_out) == (("Example Baseline", "2"), PATH, ())


def test_its_rules_have_its_short_name_as_key_and_file() -> None:
    found = control(site_catalogue([file(OWN)]), ("Example Baseline", "2", "A-1"))
    assert (found.rule_key, found.rules_file) == ("example", "/etc/audit/rules.d/example.rules")


def test_a_control_of_a_family_that_ships_has_its_prose() -> None:
    assert control(site_catalogue([file(OWN)]), ("Example Baseline", "2", "A-1")).rationale


def test_a_newer_version_of_a_benchmark_that_ships_is_the_newest() -> None:
    newer = {**OWN, "benchmark": "CIS Docker Benchmark", "version": "9", "short_name": "cis-docker"}
    found = site_catalogue([file(newer)])
    assert found.is_newest(found.benchmarks[-1])


def of_control(**values: object) -> dict[str, object]:
    return {**OWN, "controls": [{**CONTROL, **values}]}


def of_requirement(**values: object) -> dict[str, object]:
    return of_control(requires=[{**WATCH, **values}])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{", "expected JSON, found Expecting property name"),
        (b"\xff\xfe{}", "expected JSON, found "),
        (b"[]", "expected an object, found []"),
        (b"[" * 100_000, "expected JSON, found "),
        (b'{"version": "1", "version": "2"}', "version: expected each key once in an object, found it twice"),
        (b"{}", "benchmark: expected a text, found nothing"),
        ({**OWN, "version": "1 2"}, "version: expected letters, digits, dots and dashes, found '1 2'"),
        ({**OWN, "short_name": "Example"}, "short_name: expected small letters, digits, dots and dashes"),
        ({**OWN, "systems": ["Debian 12"]}, "systems: expected a list of ids of os-release"),
        ({**OWN, "controls": []}, "controls: expected a list of at least one object, found []"),
        ({**OWN, "controls": [CONTROL, CONTROL]}, "control A-1: control: expected each number once, found it twice"),
        ({**OWN, "control": []}, "control: expected only the keys "),
        ({**OWN, "benchmark": "CIS Docker Benchmark"}, "short_name: expected cis-docker for CIS Docker Benchmark"),
        ({**OWN, "short_name": "cis-docker"}, "short_name: expected cis-docker for CIS Docker Benchmark, and for it"),
        (of_control(title=""), "control A-1: title: expected a text, found ''"),
        (of_control(control="A 1"), "control: expected a number without spaces"),
        (of_control(requires=[]), "control A-1: requires: expected a list of at least one object, found []"),
        (of_control(serious=True), "control A-1: serious: expected only the keys "),
        (of_requirement(kind="watch"), "control A-1: kind: expected one of path, syscall"),
        (of_requirement(path="etc/passwd"), "control A-1: path: expected an absolute path, found 'etc/passwd'"),
        (of_requirement(path="/a\nb"), "control A-1: path: expected a path without control characters"),
        (of_requirement(permissions="aw"), "control A-1: permissions: expected letters out of rwxa"),
        (of_requirement(permission="wa"), "control A-1: permission: expected only the keys "),
        (
            {**OWN, "rules_file": "/etc/audit/x.rules"},
            "rules_file: expected a file such as /etc/audit/rules.d/site.rules",
        ),
        ({**OWN, "rules_file": "/etc/audit/rules.d/x; y.rules"}, "rules_file: expected a file such as "),
        (of_requirement(rules_file="/etc/audit/rules.d/../x.rules"), "rules_file: expected a file such as "),
        (of_requirement(key="-F x"), "control A-1: key: expected a key of letters, digits, dots and dashes"),
        (of_control(requires=[CALL]), "control A-1: syscalls: expected a system call, found ['frobnicate']"),
        (
            of_control(requires=[{"kind": "syscall", "syscalls": ["chmod"], "arches": []}]),
            "control A-1: arches: expected a list of at least one text, found []",
        ),
        (of_requirement(process="dockerd"), "control A-1: process: expected only the keys "),
        (of_requirement(type="folder"), "control A-1: type: expected one of executable, file, dir, socket"),
    ],
)
def test_a_file_that_is_not_as_it_must_be_is_left_out_whole(content: object, error: str) -> None:
    found = error_of(file(content))
    assert found.startswith(PATH)
    assert error in found


def test_a_version_that_there_is_already_is_left_out() -> None:
    newer = {**OWN, "benchmark": "CIS Docker Benchmark", "version": "1.2.0", "short_name": "cis-docker"}
    assert "version: expected a version of CIS Docker Benchmark that no other file has" in error_of(file(newer))


def test_a_file_that_was_not_read_says_why() -> None:
    assert error_of(File(PATH, error="expected root as its owner, found uid 1000")) == (
        f"{PATH}: expected root as its owner, found uid 1000"
    )


def test_a_file_too_long_is_left_out() -> None:
    assert "expected at most 4194304 bytes, found 4194305" in error_of(file(b" " * 4194305))


# Changes


def test_a_control_that_is_switched_off_says_by_whom_and_why() -> None:
    found = control(site_catalogue([changes(OFF)]), ("CIS Docker Benchmark", "1.2.0", "1.2.4"))
    words = f"switched off by Ann: The disk is too small ({PATH}.tailoring.json)"
    assert (found.off, found.changed, found.notes[-1]) == (True, (words,), f"S{words[1:]}.")


def test_a_control_of_another_version_stays() -> None:
    found = control(site_catalogue([changes(OFF)]), ("CIS Docker Benchmark", "1.8.0", "1.1.5"))
    assert (found.off, found.changed) == (False, ())


def test_a_value_is_another() -> None:
    found = control(site_catalogue([changes(LESS)]), ("CIS Docker Benchmark", "1.2.0", "1.2.3"))
    assert [getattr(each, "permissions", "") for each in found.requirements] == ["wa"]
    assert found.changed == (f"changed by Ann: The disk is too small ({PATH}.tailoring.json)",)


def test_a_change_may_be_of_a_benchmark_of_the_site_in_a_later_file() -> None:
    found = site_catalogue([changes({**OFF, "benchmark": "example", "version": "2", "control": "A-1"}), file(OWN)])
    assert control(found, ("Example Baseline", "2", "A-1")).off


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({**OFF, "benchmark": "cis-dokker"}, "benchmark: expected a benchmark that there is, found 'cis-dokker'"),
        ({**OFF, "version": "1.2"}, "version: expected a version of cis-docker, one of 1.2.0, "),
        ({**OFF, "control": "1.2.33"}, "control: expected a control of that benchmark, found '1.2.33'"),
        ({**OFF, "off": False}, "set: expected either off to be true, or values to set, found nothing"),
        ({**OFF, "reason": ""}, "reason: expected a text, found ''"),
        ({**OFF, "owner": "Ann\nBob"}, "owner: expected a text on one line"),
        ({**OFF, "until": "2027"}, "until: expected only the keys "),
        ({**LESS, "where": {}}, "where: expected an object with at least one key, found {}"),
        ({**LESS, "where": {"kind": "setting"}}, "where: expected keys of one of its requirements"),
        ({**LESS, "set": {"permissions": "q"}}, "permissions: expected letters out of rwxa"),
        ({**LESS, "set": {"permission": "w"}}, "permission: expected only the keys "),
    ],
)
def test_a_file_with_a_change_that_is_not_as_it_must_be_changes_nothing(change: dict[str, object], error: str) -> None:
    value = {"tailoring": [{**SIGNED, **change}, {**OFF, **SIGNED}]}
    found = site_catalogue([file(value)])
    (left_out,) = found.left_out
    assert error in left_out.error
    assert not control(found, ("CIS Docker Benchmark", "1.2.0", "1.2.4")).off


def test_of_several_changes_the_line_is_that_of_the_wrong_one() -> None:
    value = {"tailoring": [{**OFF, **SIGNED}, {**OFF, **SIGNED, "control": "9.9"}]}
    text = json.dumps(value, indent=1)
    wrong = next(number for number, line in enumerate(text.splitlines(), 1) if '"9.9"' in line)
    (left_out,) = site_catalogue([File("t.json", text.encode())]).left_out
    assert left_out.error.startswith(f"t.json:{wrong}: control: ")


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"permissions": "aw"}, "permissions"),
        ({"fields": ["auid>=1000", "auid<500"]}, "fields"),
        ({"arches": []}, "arches"),
    ],
)
def test_what_a_change_makes_wrong_is_told_of_the_file_of_the_change(values: dict[str, object], key: str) -> None:
    found = error_of(changes({**LESS, "set": values}))
    assert found.startswith(f"{PATH}.tailoring.json:1, control 1.2.3: {key}: expected ")

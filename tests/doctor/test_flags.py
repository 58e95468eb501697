from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from auditrules.doctor import flags, packs

COMMANDS: tuple[tuple[list[str], dict[str, str]], ...] = (
    ([], {}),
    (["--extensions_timeout=10"], {"extensions_timeout": "10"}),
    (["--extensions_timeout", "10"], {"extensions_timeout": "10"}),
    (["-extensions_timeout=10"], {"extensions_timeout": "10"}),
    (["--extensions_timeout=3", "--extensions_timeout=10"], {"extensions_timeout": "10"}),
    (["--extensions_socket=/a=b"], {"extensions_socket": "/a=b"}),
    (["--extensions_socket"], {"extensions_socket": ""}),
    (["--disable_audit"], {"disable_audit": "true"}),
    (["--disable_audit", "false"], {"disable_audit": "true"}),
    (["--nodisable_audit"], {"disable_audit": "false"}),
    (["--noextensions_socket", "x"], {}),
    (["--", "--disable_audit"], {}),
    (["disable_audit"], {}),
    (["--logger_path", "/x", "--tls_hostname=h", ""], {}),
)


@pytest.mark.parametrize(("arguments", "found"), COMMANDS)
def test_flags_are_read_as_gflags_reads_them(arguments: list[str], found: dict[str, str]) -> None:
    assert flags.flags_of_arguments(arguments) == found


def test_a_flag_file_has_a_flag_a_line() -> None:
    text = "# osquery\n--extensions_timeout=10\n\n  --extensions_require auditrules \n--disable_audit\nother\n"
    assert flags.flags_of_file(text) == {
        "extensions_timeout": "10",
        "extensions_require": "auditrules",
        "disable_audit": "true",
    }


@pytest.mark.parametrize("value", ["1", "t", "true", "True", "y", "YES"])
def test_true_has_many_spellings(value: str) -> None:
    assert flags.is_true(value)


@pytest.mark.parametrize("value", ["0", "f", "false", "no", "", "2"])
def test_all_else_is_not_true(value: str) -> None:
    assert not flags.is_true(value)


def test_the_examples_hold() -> None:
    assert doctest.testmod(flags).failed == 0


PACKS: tuple[tuple[str, list[str]], ...] = (
    ('{"queries": {"a": {"query": "SELECT 1;"}}}', []),
    ('// a comment\n  # another\n{"queries": {"a": {"query": "SELECT 1;", "interval": "60"}}}', []),
    ('{"queries": {}}', ["expected an object with queries, found none"]),
    ("[]", ["expected an object with queries, found none"]),
    ('{"queries": {"a": {}, "b": 1}}', ["query a: it has no SQL", "query b: it has no SQL"]),
    (
        '{"queries": {"a": {"query": "x", "interval": 0}}}',
        ["query a: expected an interval from 1 to 604800 seconds, found 0"],
    ),
    (
        '{"queries": {"a": {"query": "x", "interval": 604801}}}',
        ["query a: expected an interval from 1 to 604800 seconds, found 604801"],
    ),
    (
        '{"queries": {"a": {"query": "x", "interval": "' + "9" * 5_000 + '"}}}',
        [f"query a: expected an interval from 1 to 604800 seconds, found {'9' * 40}"],
    ),
    ('{"queries": {"a": {"query": "x"},}}', ["it is no JSON: "]),
    ('{"queries": {}} // behind', ["it is no JSON: "]),
    ("[" * 100_000, ["it is no JSON: "]),
)


@pytest.mark.parametrize(("text", "found"), PACKS, ids=range(len(PACKS)))
def test_a_pack_is_read_as_osquery_reads_it(text: str, found: list[str]) -> None:
    # What is wrong with JSON is said in the words of Python, which differ with its version.
    assert [each[:15] if each.startswith("it is no JSON") else each for each in packs.problems(text)] == found


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[2] / "packs").glob("*.conf")), ids=lambda path: path.name
)
def test_the_packs_that_are_shipped_are_well(path: Path) -> None:
    assert list(packs.problems(path.read_text("utf-8"))) == []

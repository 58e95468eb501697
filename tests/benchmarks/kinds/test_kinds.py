"""Which kinds of requirement there are."""

from importlib import import_module

import pytest

from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.benchmarks.kinds import KINDS, read_requirement


def test_a_kind_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(BenchmarkError, match="kind: expected one of path, syscall"):
        read_requirement(Fields({"kind": "watch"}, "site.json"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_module_that_reads_it(kind: str) -> None:
    assert callable(import_module(f"auditrules.benchmarks.kinds.{kind}").read)


SETTING = {"kind": "setting", "option": "space_left"}


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ({"kind": "drift", "between": ["kernel"]}, "between"),
        ({"kind": "drift", "between": ["kernel", "kernel"]}, "between"),
        ({"kind": "drift", "between": ["kernel", "kernel", "/etc/audit/rules.d"]}, "between"),
        ({**SETTING, "test": "min_percent", "min": 0}, "min"),
        ({**SETTING, "test": "min_percent", "min": -5}, "min"),
        ({**SETTING, "test": "min_percent", "min": 100}, "min"),
        ({**SETTING, "test": "min_percent"}, "min"),
        ({**SETTING, "test": "min_percent", "min": 25, "max": 50}, "max"),
        ({**SETTING, "option": "freq", "test": "min_percent", "min": 25}, "option"),
        ({**SETTING, "test": "range"}, "min"),
        ({**SETTING, "min": 0}, "min"),
        ({**SETTING, "min": -1, "max": 5}, "min"),
        ({**SETTING, "min": 6, "max": 5}, "max"),
        ({**SETTING, "max": -1}, "max"),
        ({**SETTING, "option": "num_logs", "min": 1000}, "min"),
        ({**SETTING, "test": "set", "min": 5}, "min"),
        ({**SETTING, "values": ["75"], "min": 5}, "min"),
        ({**SETTING, "values": ["many"]}, "values"),
        ({"kind": "boot_option", "option": "audit_backlog_limit", "min": 0}, "min"),
        ({"kind": "boot_option", "option": "audit_backlog_limit", "min": -1}, "min"),
        ({"kind": "boot_option", "option": "audit_backlog_limit", "min": 2**32}, "min"),
        ({"kind": "boot_option", "option": "audit", "value": "1 quiet"}, "value"),
        ({"kind": "mount", "path": "/var", "options": ["nodev,nosuid"]}, "options"),
        ({"kind": "mount", "path": "/var", "options": ["nodev nosuid"]}, "options"),
        ({"kind": "mount", "path": "/va\tr", "separate": True}, "path"),
        ({"kind": "mount", "path": "/" + "x" * 4095, "separate": True}, "path"),
        ({"kind": "mount", "path": "/" + "\u00e9" * 2048, "separate": True}, "path"),
        ({"kind": "integrity", "paths": ["/a\x7f"], "attributes": ["p"]}, "paths"),
        ({"kind": "file_mode", "paths": ["/" + "x" * 4095], "mode_max": "0640"}, "paths"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_read(asked: dict[str, object], key: str) -> None:
    with pytest.raises(BenchmarkError) as error:
        read_requirement(Fields(asked, "site.json"))
    assert (error.value.file, error.value.key) == ("site.json", key)


@pytest.mark.parametrize(
    "asked",
    [
        {**SETTING, "min": 0, "max": 5},
        {**SETTING, "min": 5, "max": 5},
        {**SETTING, "test": "min_percent", "min": 1},
        {**SETTING, "values": ["75", "25%"]},
        {"kind": "boot_option", "option": "audit_backlog_limit", "min": 1},
        {"kind": "mount", "path": "/" + "x" * 4094, "options": ["nodev", "size=1g"]},
    ],
)
def test_what_is_at_the_bound_is_taken(asked: dict[str, object]) -> None:
    assert read_requirement(Fields(asked, "site.json")).kind == asked["kind"]

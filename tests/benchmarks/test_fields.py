"""Reading an object of a benchmark's file, key by key."""

from collections.abc import Callable

import pytest

from auditrules.benchmarks.fields import BenchmarkError, Fields


def fields(**values: object) -> Fields:
    return Fields(values, "site.json", "1.2", key="site", rules_file="/etc/audit/rules.d/site.rules")


def test_an_error_names_file_control_key_expected_and_found() -> None:
    with pytest.raises(BenchmarkError, match=r"^site\.json, control 1\.2: a: expected a text, found 7$"):
        fields(a=7).text("a")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", lambda each: each.text("a")),
        ("x\0", lambda each: each.text("a")),
        ("\ud800", lambda each: each.text("a")),
        ("x", lambda each: each.texts("a")),
        ([], lambda each: each.texts("a")),
        (["x", 1], lambda each: each.texts("a")),
        ([""], lambda each: each.texts("a", ())),
        (1, lambda each: each.flag("a")),
        (1.5, lambda each: each.number("a")),
        (True, lambda each: each.number("a")),
        ("z", lambda each: each.word("a", ("x", "y"))),
        (["x", "z"], lambda each: each.words("a", ("x", "y"))),
        ("etc/passwd", lambda each: each.path("a")),
        (["/etc", "etc"], lambda each: each.absolute_paths("a")),
        ([], lambda each: each.objects("a")),
        (["x"], lambda each: each.objects("a")),
    ],
)
def test_what_is_not_as_it_must_be(value: object, read: Callable[[Fields], object]) -> None:
    with pytest.raises(BenchmarkError, match="expected"):
        read(fields(a=value))


def test_what_is_missing_has_its_default_or_is_an_error() -> None:
    assert fields().texts("a", ("x",)) == ("x",)
    with pytest.raises(BenchmarkError, match="found nothing"):
        fields().flag("a")


def test_a_key_that_nobody_asked_for_is_an_error() -> None:
    one = fields(path="/etc", permission="wa")
    one.path("path")
    with pytest.raises(BenchmarkError, match=r"permission: expected only the keys path, found 'permission'"):
        one.finish()


def test_a_rule_has_the_key_of_the_benchmark_unless_it_has_its_own() -> None:
    assert (fields().rule_key(), fields(key="own").rule_key()) == ("site", "own")


def test_objects_inside_keep_the_place() -> None:
    (inner,) = fields(requires=[{"path": 1}]).objects("requires")
    with pytest.raises(BenchmarkError, match=r"site\.json, control 1\.2: path: expected a text, found 1"):
        inner.path("path")

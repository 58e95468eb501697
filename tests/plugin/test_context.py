from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.plugin.context import Constraint, ConstraintOperator, Context, ContextError

# As osquery 5.23 sends it: every column, most without a constraint.
REQUEST = json.dumps(
    {
        "constraints": [
            {"name": "line", "list": [], "affinity": "BIGINT"},
            {
                "name": "path",
                "list": [{"op": 2, "expr": "/etc"}, {"op": 65, "expr": "/e%"}, {"op": 2, "expr": "/usr"}],
                "affinity": "TEXT",
            },
        ],
        "colsUsed": ["path", "rule"],
        "colsUsedBitset": 18,
    }
)


def test_constraints_and_columns_used_are_read() -> None:
    assert Context.from_json(REQUEST) == Context(
        (Constraint("path", 2, "/etc"), Constraint("path", 65, "/e%"), Constraint("path", 2, "/usr")),
        frozenset({"path", "rule"}),
        frozenset({"line", "path"}),
    )


def test_equals_gives_the_operands_of_equality_alone() -> None:
    assert Context.from_json(REQUEST).equals("path") == ("/etc", "/usr")


@pytest.mark.parametrize("column", ["line", "no_such_column"])
def test_equals_is_none_without_an_equality(column: str) -> None:
    assert Context.from_json(REQUEST).equals(column) is None


def test_a_limit_on_a_column_is_no_equality_of_it() -> None:
    assert Context((Constraint("path", ConstraintOperator.LIMIT, "2"),)).equals("path") is None


def test_columns_used_not_told_is_not_none_used() -> None:
    assert Context.from_json('{"constraints": []}').columns_used is None
    assert Context.from_json('{"constraints": [], "colsUsed": []}').columns_used == frozenset()


def test_an_operator_nobody_knows_is_kept() -> None:
    text = '{"constraints": [{"name": "path", "list": [{"op": 150, "expr": "x"}], "affinity": "TEXT"}]}'
    assert Context.from_json(text).constraints == (Constraint("path", 150, "x"),)


def test_the_spelling_of_old_osquery_is_read() -> None:
    text = '{"constraints": [{"name": "a", "list": ""}, {"name": "b", "list": [{"op": "2", "expr": "x"}]}]}'
    assert Context.from_json(text).constraints == (Constraint("b", 2, "x"),)


ERRORS = [
    ("", "expected the query context as JSON: Expecting value: line 1 column 1 (char 0)"),
    ("[]", "expected an object as the query context, found a list"),
    ("null", "expected an object as the query context, found nothing"),
    ('{"constraints": 1}', "expected a list as constraints, found a number"),
    ('{"constraints": ["x"]}', "expected an object as constraints[0], found a string"),
    ('{"constraints": [{}]}', "expected a string as constraints[0].name, found nothing"),
    ('{"constraints": [{"name": "a", "list": {}}]}', "expected a list as constraints[0].list, found an object"),
    (
        '{"constraints": [{"name": "a", "list": []}, {"name": "b", "list": [{"op": true, "expr": ""}]}]}',
        "expected a number as constraints[1].list[0].op, found true or false",
    ),
    (
        '{"constraints": [{"name": "a", "list": [{"op": 2.5, "expr": ""}]}]}',
        "expected a number as constraints[0].list[0].op, found a number with a fraction",
    ),
    (
        '{"constraints": [{"name": "a", "list": [{"op": 2}]}]}',
        "expected a string as constraints[0].list[0].expr, found nothing",
    ),
    (
        '{"constraints": [{"name": "a", "list": [{"op": "' + "9" * 5_000 + '", "expr": ""}]}]}',
        "expected a number as constraints[0].list[0].op, found a string",
    ),
    ('{"colsUsed": [null]}', "expected a string as colsUsed[0], found nothing"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_error_says_what_was_expected_and_where(text: str, message: str) -> None:
    with pytest.raises(ContextError) as error:
        Context.from_json(text)
    assert str(error.value) == message


def test_endless_nesting_is_an_error_like_others() -> None:
    with pytest.raises(ContextError, match=r"^expected the query context as JSON: "):
        Context.from_json("[" * 100_000)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["constraints", "name", "list", "op", "expr", "colsUsed"]) | st.text(), inner)
    ),
)


@given(_JSON.map(json.dumps) | st.text())
def test_any_text_is_a_context_or_a_context_error(text: str) -> None:
    try:
        context = Context.from_json(text)
    except ContextError:
        return
    assert isinstance(context, Context)

"""The queries of a report are written once: other engines' dialects have words for all that they say."""

from __future__ import annotations

import pytest
import sqlglot

from auditrules.report.evaluate import queries


@pytest.mark.parametrize("dialect", ["spark", "trino"])
@pytest.mark.parametrize("name", queries.names())
def test_a_query_is_one_statement_of_another_dialect(name: str, dialect: str) -> None:
    (written,) = _transpiled(queries.text(name), "duckdb", dialect)
    assert _transpiled(written, dialect, dialect) == [written]


def _transpiled(sql: str, read: str, write: str) -> list[str]:
    """Write SQL in another dialect, or raise where it has no words for it; without comments, which move."""
    return sqlglot.transpile(sql, read, write, unsupported_level=sqlglot.ErrorLevel.RAISE, comments=False)

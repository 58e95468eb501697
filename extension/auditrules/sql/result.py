"""The result of a query: column names, and rows of SQLite's five kinds of value."""

from __future__ import annotations

from auditrules.values import dataclass

Value = str | int | float | bytes | None


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The result of one query. Every row is as long as `columns`; two columns may share a name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def column(self, name: str) -> tuple[Value, ...]:
        """The values of the first column of that name; raises ValueError if there is none."""
        place = self.columns.index(name)
        return tuple(row[place] for row in self.rows)

"""The schema of a table: its columns, and how osquery, SQLite, Fleet and our documentation get them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, IntFlag

from auditrules.values import dataclass

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from auditrules.plugin.yaml import YamlValue

_NOT_CORE = "This table is not a core osquery table. It is provided by the extension osquery-audit-rules."


class ColumnType(str, Enum):
    """A column's type; the value is the SQL word.

    osquery silently cuts an INTEGER to 32 bits, so counts, ids and masks are BIGINT. It reads numbers as C does (`010`
    is 8), so a cell is a plain decimal, or empty for NULL.
    """

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"


class ColumnOption(IntFlag):
    """How osquery treats a column; the bits are those of `ColumnOptions` in osquery's core/sql/column.h.

    osquery treats `DEFAULT` as `INDEX` for an extension's table (`--extensions_default_index`). It sends no constraints
    on a column with only `OPTIMIZED` or `HIDDEN`: write them together with `INDEX`.

    The columns with `INDEX` or `ADDITIONAL` are the table's primary key. SQLite trusts it, so no two rows may have the
    same values in all of these columns. `DEFAULT` makes no key.
    """

    DEFAULT = 0
    INDEX = 1  # osquery sends the constraints on the column
    REQUIRED = 2  # a query without a constraint on the column is an error
    ADDITIONAL = 4  # as INDEX, for a column on which the rows depend
    OPTIMIZED = 8  # an IN list is sent whole, but lost when the same cursor filters again: no table may use it
    HIDDEN = 16  # not part of SELECT *


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the description is for readers of the table."""

    name: str
    type: ColumnType
    description: str
    option: ColumnOption = ColumnOption.DEFAULT


@dataclass(frozen=True, slots=True)
class Example:
    """A query worth copying, and what it is for."""

    explain: str
    sql: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A table: its name, a description of its rows, and its columns in order."""

    name: str
    description: str
    columns: tuple[Column, ...]
    examples: tuple[Example, ...]
    notes: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    def routes(self) -> list[dict[str, str]]:
        """The columns as osquery gets them at registration and for the action `columns` (osquery's core/tables.cpp)."""
        columns = [
            {"id": "column", "name": column.name, "type": column.type.value, "op": str(int(column.option))}
            for column in self.columns
        ]
        return [*columns, {"id": "attributes", "attributes": "0"}]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that osquery declares as the primary key (`columnDefinition` of its core/tables.cpp)."""
        keyed = tuple(c.name for c in self.columns if c.option & (ColumnOption.INDEX | ColumnOption.ADDITIONAL))
        return keyed if not keyed or any(c.option & ColumnOption.INDEX for c in self.columns) else self.names

    def ddl(self) -> str:
        """The `CREATE TABLE` statement that declares the virtual table to SQLite."""
        parts = [
            f"{_quoted(column.name)} {column.type.value}{' HIDDEN' if column.option & ColumnOption.HIDDEN else ''}"
            for column in self.columns
        ]
        if self.key:
            parts.append(f"PRIMARY KEY ({', '.join(map(_quoted, self.key))})")
        return f"CREATE TABLE {_quoted(self.name)}({', '.join(parts)})"

    def fleet(self) -> Mapping[str, YamlValue]:
        """The table in the form in which Fleet documents its own tables (Fleet's schema/tables)."""
        examples = "\n\n".join(f"{each.explain}\n\n```\n{each.sql};\n```" for each in self.examples)
        return {
            "name": self.name,
            "description": self.description,
            "platforms": ["linux"],
            "evented": False,
            "notes": f"{self.notes} {_NOT_CORE}".strip(),
            "examples": examples,
            "columns": [
                {
                    "name": column.name,
                    "type": column.type.value.lower(),
                    "required": bool(column.option & ColumnOption.REQUIRED),
                    "description": f"{column.description}.",
                }
                for column in self.columns
                if not column.option & ColumnOption.HIDDEN
            ],
        }

    def markdown(self) -> str:
        """The columns as a Markdown table, with a newline at the end."""
        lines = ["| column | type | description |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {column.type.value} | {_described(column)} |" for column in self.columns]
        return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _described(column: Column) -> str:
    remarks = [
        word
        for option, word in ((ColumnOption.REQUIRED, "required"), (ColumnOption.HIDDEN, "hidden"))
        if column.option & option
    ]
    text = f"{column.description} ({', '.join(remarks)})" if remarks else column.description
    return text.replace("|", "\\|")

r"""Values into the text of cells: None is empty, bytes that no terminal should see are \xNN, every row has a rowid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from auditrules.audit.model.text import encode
from auditrules.plugin.row import ROWID, KeptRow, Row, places, rowid

Cells = Mapping[str, "str | int | tuple[str, ...] | None"]

COMMA = r"\x2c"  # one inside an element of a list with commas between


def finished(columns: Sequence[str], rows: Iterable[Cells], identity: Sequence[str], asked: str = "") -> list[Row]:
    """Rows with every column as text, and a rowid that depends on the columns of `identity` alone.

    Rows of equal identity are told apart by their order. The column `asked` has the operand of the query: as it came,
    for osquery drops a row that does not equal it, and escapes it itself before it shows it.
    """
    shared = places((*columns, ROWID))
    identifying = [columns.index(name) for name in identity]
    operand = columns.index(asked) if asked else None
    seen: Counter[tuple[str | bytes, ...]] = Counter()
    done: list[Row] = []
    for row in rows:
        # Nearly every cell is text that is shown as it is.
        cells: list[str | bytes] = [
            value if isinstance(value := row.get(name, ""), str) and value.isprintable() else text(value)
            for name in columns
        ]
        if operand is not None:
            cells[operand] = encode(str(row[asked]))
        key = tuple([cells[place] for place in identifying])
        done.append(KeptRow.of(shared, (*cells, rowid(*key, str(seen[key])))))
        seen[key] += 1
    return done


def text(value: str | int | tuple[str, ...] | None) -> str:
    """A value as a cell: control characters and bytes that are not UTF-8 are escaped, so nothing is lost or raw.

    Several texts are lines of one cell.
    """
    if isinstance(value, str):
        return (
            value if value.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in value)
        )
    if isinstance(value, tuple):
        return "\n".join(map(text, value))
    return "" if value is None else str(value)


def flag(value: bool | None) -> int | None:  # noqa: FBT001 - it is what the cell says
    """Yes and no as 1 and 0; None stays unknown."""
    return None if value is None else int(value)


def comma_list(elements: Iterable[str]) -> str:
    """Elements with commas between; a comma inside one is escaped."""
    return ",".join([text(element).replace(",", COMMA) for element in elements])


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in encode(char))

r"""Turns values into cells: None is an empty text, control bytes become \xNN, and each row gets a rowid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from auditrules.audit.model.text import encode
from auditrules.plugin.row import ROWID, KeptRow, Row, places, rowid

Cells = Mapping[str, "str | int | tuple[str, ...] | None"]

COMMA = r"\x2c"  # a comma inside an element of a comma-separated list


def finished(columns: Sequence[str], rows: Iterable[Cells], identity: Sequence[str], asked: str = "") -> list[Row]:
    """Rows with each column as text, and a rowid that depends only on the columns of `identity`.

    Rows with equal identity get different rowids by their order. The column `asked` holds the operand of the query. It
    stays as it came: osquery drops a row that does not equal it, and escapes it before it shows it.
    """
    shared = places((*columns, ROWID))
    identifying = [columns.index(name) for name in identity]
    operand = columns.index(asked) if asked else None
    seen: Counter[tuple[str | bytes, ...]] = Counter()
    done: list[Row] = []
    for row in rows:
        # Nearly every cell is printable text already.
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
    """A value as a cell. Control characters and bytes that are not UTF-8 are escaped, not dropped.

    A tuple of texts becomes the lines of one cell.
    """
    if isinstance(value, str):
        return (
            value if value.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in value)
        )
    if isinstance(value, tuple):
        return "\n".join(map(text, value))
    return "" if value is None else str(value)


def flag(value: bool | None) -> int | None:  # noqa: FBT001 - it is what the cell says
    """True and False as 1 and 0; None stays None."""
    return None if value is None else int(value)


def comma_list(elements: Iterable[str]) -> str:
    """Join elements with commas; a comma inside an element is escaped."""
    return ",".join([text(element).replace(",", COMMA) for element in elements])


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in encode(char))

"""Write the column tables of docs/tables.md from the schemas; with --check, only say whether they are current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from auditrules.plugin.schema import Schema
from auditrules.tables import SCHEMAS

PAGE = Path(__file__).parents[1] / "docs" / "tables.md"


def filled(text: str, schema: Schema) -> str:
    """The text with the schema's columns between its markers.

    Raises:
        ValueError: the markers are not there, or there twice.
    """
    section = re.compile(rf"(<!-- columns:{schema.name} -->\n).*?(<!-- /columns -->)", re.DOTALL)
    found, count = section.subn(lambda match: match[1] + schema.markdown() + match[2], text)
    if count != 1:
        message = f"expected the markers <!-- columns:{schema.name} --> and <!-- /columns --> once, found {count}"
        raise ValueError(message)
    return found


def main(arguments: list[str]) -> int:
    """Write the page, or compare it. Returns 1 if it is not current."""
    text = PAGE.read_text("utf-8")
    wanted = text
    for schema in SCHEMAS:
        wanted = filled(wanted, schema)
    if "--check" not in arguments:
        PAGE.write_text(wanted, "utf-8")
        return 0
    if wanted != text:
        print(f"docs/{PAGE.name} is not current: run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

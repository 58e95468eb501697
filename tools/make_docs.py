"""Write the column tables of the README from the schemas; with --check, only say whether they are current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from auditrules.plugin.schema import Schema
from auditrules.tables import SCHEMAS

README = Path(__file__).parents[1] / "README.md"


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
    """Write the README, or compare it. Exits 1 where it is not current."""
    text = README.read_text("utf-8")
    wanted = text
    for schema in SCHEMAS:
        wanted = filled(wanted, schema)
    if "--check" not in arguments:
        README.write_text(wanted, "utf-8")
        return 0
    if wanted != text:
        print(f"{README.name} is not current: run {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

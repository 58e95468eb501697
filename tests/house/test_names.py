"""One name has one meaning: no two modules of the product define a public class or type of one name."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

EXTENSION = Path(__file__).parents[2] / "extension"


def public_types(module: Path) -> Iterator[str]:
    """The classes and type aliases that a module defines: names in CamelCase, without an underscore before them."""
    for statement in ast.parse(module.read_text(encoding="utf-8")).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
        names = [each.id for each in targets if isinstance(each, ast.Name)]
        yield from (name for name in names if name[0].isupper() and not name.isupper())
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            yield statement.name


def test_a_public_type_is_defined_in_one_module() -> None:
    modules = defaultdict(list)
    for module in sorted(EXTENSION.rglob("*.py")):
        for name in public_types(module):
            modules[name].append(str(module.relative_to(EXTENSION)))
    assert {name: found for name, found in modules.items() if len(found) > 1} == {}

"""The source distribution and the packages hold what the README links; the first one also what the tests read."""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

from tools.release import systems

PROJECT = Path(__file__).parents[2]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
ALWAYS = {"README.md", "LICENSE", "pyproject.toml"}  # hatchling packs them unasked


def packed() -> list[str]:
    """Give what is packed: the first parts of paths, or patterns of them."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    return [include.removeprefix("/") for include in settings["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]]


def test_all_that_a_document_links_is_in_it() -> None:
    documents = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    linked = {
        (document.parent / target).resolve().relative_to(PROJECT)
        for document in documents
        for target in LINK.findall(document.read_text("utf-8"))
    }
    assert linked
    missing = [
        path
        for path in linked
        if str(path) not in ALWAYS and not any(fnmatchcase(path.parts[0], include) for include in packed())
    ]
    assert missing == []
    assert [path for path in linked if not (PROJECT / path).exists()] == []


def test_the_packages_hold_all_that_the_readme_links() -> None:
    held = {each["dst"] for each in systems.described(PROJECT / "LICENSE")["contents"]}
    linked = set(LINK.findall((PROJECT / "README.md").read_text("utf-8")))
    assert {f"{systems.DOC}/{name}" for name in (*linked, "README.md")} <= held


def test_all_that_mypy_and_pytest_read_is_in_it() -> None:
    tool = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]
    read = {*tool["mypy"]["files"], *tool["pytest"]["ini_options"]["testpaths"]}
    assert read <= set(packed())

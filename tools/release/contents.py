"""Which distributions the modules of a made file belong to: from them its bill of materials is made."""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

OURS = "auditrules"
PYTHON = "python"
BOOTLOADER = "pyinstaller"

_PYINSTALLERS = ("pyimod", "pyiboot", "pyi_rth_")  # how the modules begin that PyInstaller adds
_ENTRY = "run"  # the script of the tarball's program


class ContentError(Exception):
    """Something is in a file that belongs to no known distribution; the message names it."""


def of_archive(file: Path) -> frozenset[str]:
    """The distributions in the extension's file."""
    with zipfile.ZipFile(file) as archive:
        names = [Path(name).parts for name in archive.namelist()]
    return distributions(parts[1].removesuffix(".py") for parts in names if parts[0] == "py")


def of_tree(tree: Path) -> frozenset[str]:
    """The distributions in the tarball's folder: of the modules in its program, and of the files beside it."""
    return distributions(modules(tree))


def modules(tree: Path) -> Iterator[str]:
    """All Python modules in the tarball's folder."""
    readers = importlib.import_module("PyInstaller.archive.readers")
    program = readers.CArchiveReader(str(tree / "auditrules.ext"))
    for name, (*_, kind) in program.toc.items():
        if kind in ("z", "Z"):
            yield from program.open_embedded_archive(name).toc
        else:
            yield name
    with zipfile.ZipFile(tree / "_internal/base_library.zip") as library:
        yield from (Path(name).with_suffix("").as_posix().replace("/", ".") for name in library.namelist())
    for file in tree.glob("_internal/**/*"):
        parts = file.relative_to(tree / "_internal").parts
        if file.is_file() and len(parts) > 1:  # beside the libraries, which are no modules
            yield parts[-1].partition(".")[0] if parts[1] == "lib-dynload" else parts[0]


def distributions(names: Iterable[str]) -> frozenset[str]:
    """The distributions that modules belong to, Python's own library as `python`, without ours.

    Raises:
        ContentError: a module belongs to none.
    """
    installed = importlib.metadata.packages_distributions()
    return frozenset(
        owner for top in {name.partition(".")[0] for name in names} if (owner := _owner(top, installed)) != OURS
    )


def _owner(top: str, installed: Mapping[str, Sequence[str]]) -> str:
    if top in (OURS, _ENTRY):
        return OURS
    if top.startswith(_PYINSTALLERS):
        return BOOTLOADER
    if top in sys.stdlib_module_names or top.startswith("_sysconfigdata"):
        return PYTHON
    found = installed.get(top)
    if not found:
        raise ContentError(f"module {top} is packed and belongs to no installed distribution")
    return found[0].lower()

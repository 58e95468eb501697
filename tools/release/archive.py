"""`auditrules.ext` as one file: a shell stub, and behind it a zip archive that Python runs as it is.

Nothing is unpacked and nothing in it is native code. The archive holds a tree of sources and, for each Python that was
at hand, a tree of compiled modules: zipimport takes compiled modules of one version only, and passes over
`__pycache__`.
"""

from __future__ import annotations

import importlib.metadata
import io
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditrules import __version__
from tools.release.project import EXTENSION, PROJECT, PROJECT_NAME, moment

# The newest is tried first. Other names than these may be other Pythons, so the stub asks them their version.
FOLDER = "/usr/bin"
PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.10")

STUB = """\
#!/bin/sh
# {project} {version}. The newest of these Pythons runs the archive that stands behind these lines.
# Its threads take turns, so that one place for what they allocate is enough; glibc would keep one for each.
export MALLOC_ARENA_MAX=1
for python in {pythons}; do
    [ -x {folder}/$python ] && exec {folder}/$python -I "$0" "$@"
done
python={folder}/python3
[ -x $python ] && $python -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' && exec $python -I "$0" "$@"
echo "$0: expected Python 3.10 or newer as {folder}/python3 or python3.10 to python3.13, found none: \
install the package python3.11, or use the tarball of {project}, which brings its own" >&2
exit 127
"""

# What benchmarks ask for: read when somebody asks, by the same path whatever the Python.
DATA = EXTENSION / "auditrules/benchmarks/data"

# The name decides, so that a link to the extension is the command line.
RUN = """\
if sys.argv[0].endswith(".ext"):
    from auditrules.serve import main
else:
    from auditrules.cli import main
sys.exit(main())
"""

# An upgrade puts another file in this one's place, of which no module would fit those that are here already. So all are
# read through a descriptor, which nobody closes.
MAIN = f"""\
import os
import sys
import zipimport

root = sys.path[0]
held = f"/proc/self/fd/{{os.open(root, os.O_RDONLY)}}"
if os.path.exists(held):
    # What the archive holds, listed under its name, which nobody needs now: half a megabyte where there are many trees.
    getattr(zipimport, "_zip_directory_cache", {{}}).pop(root, {{}}).clear()
    root = held
sys.path[:1] = [f"{{root}}/cp{{sys.version_info[0]}}{{sys.version_info[1]}}", f"{{root}}/py"]
{RUN}"""

# Compiles a folder into another; the modules are not compared with their sources, which stand elsewhere. Docstrings are
# left out, as nobody reads them there, and they would take half a megabyte of memory for as long as osquery runs.
COMPILE = """\
import pathlib, py_compile, sys
source, target = map(pathlib.Path, sys.argv[1:])
for file in sorted(source.rglob("*.py")):
    name = file.relative_to(source)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(file), str(target / f"{name}c"), str(name), doraise=True, optimize=2, invalidation_mode=mode)
"""


@dataclass(frozen=True, slots=True)
class Library:
    """A distribution that the extension needs on a host, and the parts of it that are ever imported."""

    name: str
    parts: tuple[str, ...]  # folders, or modules


# osquery-python needs of the package `future` one module, which imports nothing of the others.
LIBRARIES = (
    Library("osquery", ("osquery",)),
    Library(
        "thrift",
        (
            "thrift/Thrift.py",
            "thrift/__init__.py",
            "thrift/protocol",
            "thrift/server",
            "thrift/transport",
            "thrift/TRecursive.py",
        ),
    ),
    Library("future", ("future/__init__.py", "future/utils")),
)


def build(pythons: Mapping[str, Path]) -> bytes:
    """Make the file; `pythons` maps versions such as 3.11 to interpreters, whose compiled modules go into it."""
    modules = dict(sorted({**_own(), **dict(_foreign())}.items()))
    entries = {"__main__.py": MAIN.encode(), "LICENSE": (PROJECT / "LICENSE").read_bytes(), **dict(licences())}
    entries |= {f"py/{name}": content for name, content in modules.items()}
    entries |= {f"data/{file.name}": file.read_bytes() for file in sorted(DATA.glob("*.json"))}
    for version, python in pythons.items():
        tree = f"cp{version.replace('.', '')}"
        entries |= {f"{tree}/{name}": content for name, content in _compiled(python, modules)}
    head = stub(FOLDER).encode()
    return head + _zip(entries, len(head))


def stub(folder: str) -> str:
    """The shell's part: it looks for Pythons in one folder."""
    pythons = " ".join(PYTHONS)
    return STUB.format(project=PROJECT_NAME, version=__version__, pythons=pythons, folder=folder)


def _own() -> dict[str, bytes]:
    return {str(file.relative_to(EXTENSION)): file.read_bytes() for file in EXTENSION.rglob("*.py")}


def _foreign() -> Iterator[tuple[str, bytes]]:
    for library in LIBRARIES:
        for file in importlib.metadata.files(library.name) or ():
            if file.suffix == ".py" and any(file.is_relative_to(part) for part in library.parts):
                yield str(file), file.read_binary()


def licences(others: Iterable[str] = ()) -> Iterator[tuple[str, bytes]]:
    """The licences of all that goes into the file, and of other distributions; METADATA names them, too."""
    for name in (*(library.name for library in LIBRARIES), *others):
        for file in importlib.metadata.files(name) or ():
            if ".dist-info" in file.parts[0] and file.name.startswith(("LICENSE", "COPYING", "NOTICE", "METADATA")):
                yield f"licences/{name}/{file.name}", file.read_binary()


def _compiled(python: Path, modules: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source"), Path(folder, "target")
        for name, content in modules.items():
            source.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
            source.joinpath(name).write_bytes(content)
        # The order of a compiled set hangs on the hash of its members.
        command = (python, "-s", "-S", "-c", COMPILE, source, target)
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0"})
        for file in sorted(target.rglob("*.pyc")):
            yield str(PurePosixPath(file.relative_to(target))), file.read_bytes()


def _zip(entries: Mapping[str, bytes], offset: int) -> bytes:
    """An archive that is the same for the same content; `offset` bytes will stand before it."""
    stream = io.BytesIO()
    stream.seek(offset)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, moment().timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return stream.getvalue()[offset:]

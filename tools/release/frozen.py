"""The tarball for hosts without such a Python: PyInstaller's folder, with an interpreter and apsw in it.

A folder, not one file: that would unpack itself at every start, and leave what it unpacked when it is killed.
"""

from __future__ import annotations

import gzip
import io
import os
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elftools.elf.elffile import ELFFile

from auditrules import __version__
from auditrules.benchmarks import kinds
from auditrules.cli.entry import COMMANDS
from tools.release.archive import DATA, RUN, licences
from tools.release.project import EXTENSION, PROJECT, PROJECT_NAME, moment
from tools.release.systems import documents, packs

ENTRY = f"import sys\n\n{RUN}"

SPEC = """\
found = Analysis([{script!r}], pathex=[{extension!r}], hiddenimports={named!r}, excludes={excluded!r},
    datas=[({data!r}, "auditrules/benchmarks/data")], optimize=2)
program = EXE(PYZ(found.pure), found.scripts, exclude_binaries=True, name="auditrules.ext", strip=True)
COLLECT(program, found.binaries, found.datas, name={project!r}, strip=True)
"""

# What others mention and nothing here calls: parts of Python's library, OpenSSL among what they would bring along, and
# distributions that happen to be installed beside us.
EXCLUDED = [
    "_distutils_hack",
    "_hashlib",
    "asyncio",
    "bz2",
    "distutils",
    *(f"future.{name}" for name in ("backports", "builtins", "moves", "standard_library", "tests", "types")),
    "lzma",
    "multiprocessing",
    "packaging",
    "pdb",
    "pkg_resources",
    "pydoc",
    "readline",
    "setuptools",
    "sqlite3",
    "ssl",
    "test",
    "thrift.protocol.fastbinary",
    "tkinter",
    "typing_extensions",
    "unittest",
]

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")


@contextmanager
def tree() -> Iterator[Path]:
    """Yield the folder that the tarball holds; it is gone at the end.

    Raises:
        subprocess.CalledProcessError: PyInstaller refused; it has said why.
    """
    with tempfile.TemporaryDirectory() as work:
        yield _frozen(Path(work))


def name(tree: Path) -> str:
    """The tarball's name without its ending; it says the machine, and the oldest glibc that it runs with."""
    major, minor = glibc(tree)
    return f"{PROJECT_NAME}-{__version__}-linux-{platform.machine()}-glibc{major}.{minor}"


def _frozen(work: Path) -> Path:
    script = work / "run.py"
    script.write_text(ENTRY, encoding="utf-8")
    named = [
        *(f"auditrules.cli.{name}" for name in COMMANDS),
        *(f"{kinds.__name__}.{kind}" for kind in kinds.KINDS),
    ]  # what is imported by its name
    data = str(DATA / "*.json")
    fields = {"extension": str(EXTENSION), "excluded": EXCLUDED, "script": str(script), "named": named, "data": data}
    spec = work / "auditrules.spec"
    spec.write_text(SPEC.format(**fields, project=PROJECT_NAME), encoding="utf-8")
    command = (sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", "--distpath", work / "dist")
    epoch = str(int(moment().timestamp()))
    environment = os.environ | {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": epoch}
    subprocess.run((*command, "--workpath", work / "build", spec), check=True, env=environment)
    made = work / "dist" / PROJECT_NAME
    (made / "auditrules").symlink_to("auditrules.ext")
    for file in (*packs(), *documents(), PROJECT / "LICENSE"):
        _write(made / file.relative_to(PROJECT), file.read_bytes())
    for licence, content in licences(("apsw", "pyinstaller")):
        _write(made / licence, content)
    return made


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def glibc(tree: Path) -> tuple[int, int]:
    """The oldest glibc with which all programs and libraries of a folder run."""
    return max(need for path in tree.rglob("*") if path.is_file() for need in _needs(path))


def _needs(path: Path) -> Iterator[tuple[int, int]]:
    yield 0, 0
    with path.open("rb") as stream:
        if stream.read(4) != b"\x7fELF":
            return
        section = ELFFile(stream).get_section_by_name(".gnu.version_r")
        for _, versions in section.iter_versions() if section else ():
            for version in versions:
                if match := _GLIBC.match(version.name):
                    yield int(match[1]), int(match[2])


def tarball(tree: Path) -> bytes:
    """All of the folder in the order of its names, root's, of one time."""
    top = f"{PROJECT_NAME}-{__version__}"
    stream = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=stream, mode="wb", filename="", mtime=int(moment().timestamp())) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path in (tree, *sorted(tree.rglob("*"))):
            info = archive.gettarinfo(path, f"{top}/{path.relative_to(tree)}".removesuffix("/."))
            info.uid = info.gid = 0
            info.uname = info.gname = "root"
            info.mtime = int(moment().timestamp())
            info.mode = 0o755 if info.isdir() or info.mode & 0o100 else 0o644
            if info.isfile():
                with path.open("rb") as content:
                    archive.addfile(info, content)
            else:
                archive.addfile(info)
    return stream.getvalue()

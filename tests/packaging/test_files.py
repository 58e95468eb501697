"""The files that `make package` made: their sums, bills and versions, and that they run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from auditrules import __version__
from tests.core import Core
from tests.packaging.dist import DIST, EXTENSION, PYTHON, below, only, registers, said
from tools.release.project import PROJECT
from tools.test_all import VERSIONS, interpreter

pytestmark = [pytest.mark.package, pytest.mark.xdist_group("files")]


# The files


def test_the_sums_are_those_of_all_files() -> None:
    lines = (DIST / "SHA256SUMS").read_text("utf-8").splitlines()
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in DIST.iterdir()}
    del found["SHA256SUMS"]
    assert lines == [f"{digest}  {name}" for name, digest in sorted(found.items())]


def test_a_second_run_makes_the_same_bytes(tmp_path: Path) -> None:
    subprocess.run([PYTHON, "-m", "tools.package", "--output", tmp_path], cwd=PROJECT, check=True)
    assert (tmp_path / "SHA256SUMS").read_text("utf-8") == (DIST / "SHA256SUMS").read_text("utf-8")


def test_the_page_on_operation_says_who_takes_which_file() -> None:
    page = (PROJECT / "docs/operation.md").read_text("utf-8")
    told = re.findall(r"^\| `([^`]+)` \| .+ \| .+ \|$", page, re.MULTILINE)
    told = [name.replace("VERSION", __version__) for name in told if name.endswith((".deb", ".rpm", ".ext", ".tar.gz"))]
    patterns = [re.escape(name).replace("MACHINE", r"\w+").replace("X\\.Y", r"\d+\.\d+") for name in told]
    made = sorted(path.name for path in DIST.iterdir() if path.suffix in {".deb", ".rpm", ".ext", ".gz"})
    assert sorted(name for name in made for pattern in patterns if re.fullmatch(pattern, name)) == made


@pytest.fixture(scope="module")
def starting() -> dict[str, Path]:
    """The interpreters that start here, by version."""
    return {version: path for version in VERSIONS if (path := interpreter(version, os.environ))}


def test_the_extension_runs_with_every_python_that_starts_here(starting: dict[str, Path]) -> None:
    assert starting
    for path in starting.values():
        with tempfile.TemporaryDirectory(prefix="em", dir="/tmp") as folder, Core(Path(folder)) as core:
            registers(core, str(path), "-I", str(EXTENSION))


def test_the_extension_is_compiled_for_every_python_that_starts_here(starting: dict[str, Path]) -> None:
    with zipfile.ZipFile(EXTENSION) as archive:
        files = {f"cp{version.replace('.', '')}/auditrules/serve/wire.pyc" for version in starting}
        assert files <= {*archive.namelist()}


def test_the_extension_holds_no_native_code() -> None:
    with zipfile.ZipFile(EXTENSION) as archive:
        assert [name for name in archive.namelist() if archive.read(name).startswith(b"\x7fELF")] == []


BILLS = (
    ("osquery-audit-rules.cdx.json", {"osquery", "thrift", "future"}),
    ("*-glibc*.cdx.json", {"osquery", "thrift", "future", "apsw", "pyinstaller", "python", "sqlite"}),
)


# What PyInstaller's own reader finds in the tarball's program, name by name.
LISTED = """\
import sys
from PyInstaller.archive.readers import CArchiveReader
program = CArchiveReader(sys.argv[1])
print(*program.toc, *program.open_embedded_archive("PYZ.pyz").toc)
"""


@pytest.fixture(scope="module")
def packed(unpacked: Path) -> set[str]:
    return set(said([str(PYTHON), "-c", LISTED, str(unpacked / "auditrules.ext")]).split())


def test_the_tarball_holds_of_others_only_what_is_imported(packed: set[str]) -> None:
    others = {name for name in packed if name.partition(".")[0] not in {*sys.stdlib_module_names, "auditrules"}}
    assert {name.partition(".")[0] for name in others if not name.startswith("pyi")} == {
        "future",
        "osquery",
        "run",
        "thrift",
        "PYZ",
    }
    assert {name for name in others if name.startswith("future")} == {"future", "future.utils"}


def test_the_tarball_holds_nothing_for_making_or_testing_packages(packed: set[str], unpacked: Path) -> None:
    names = packed | {path.name for path in unpacked.rglob("*")}
    assert not [
        name for name in names if re.match(r"_?(distutils|setuptools|pkg_resources|packaging|test)\b|_test", name)
    ]
    assert not [name for name in names if name.endswith(".dist-info")]


def test_nothing_is_imported_before_the_tarballs_program_but_what_pyinstaller_needs(packed: set[str]) -> None:
    assert {name for name in packed if name.startswith("pyi_rth_")} <= {"pyi_rth_inspect"}


@pytest.mark.parametrize(("pattern", "libraries"), BILLS)
def test_a_bill_names_each_library_with_version_licence_and_origin(pattern: str, libraries: set[str]) -> None:
    bill = json.loads(only(pattern).read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = [each for each in bill["components"] if each["type"] == "library"]
    assert {each["name"] for each in named if each["version"] and each["licenses"] and each["purl"]} == libraries
    assert bill["metadata"]["component"]["version"] == __version__


# One version


def test_every_file_is_of_the_same_version() -> None:
    rpm = only("*.rpm")
    assert {
        "deb": said(["dpkg-deb", "-f", str(only("*.deb")), "Version"]).strip(),
        "rpm": said(["rpm", "-qp", "--qf", "%{VERSION}", str(rpm)]).strip(),
        "tarball": only("*.tar.gz").name.split("-linux-")[0].rpartition("-")[2],
        "extension": said([sys.executable, "-I", str(EXTENSION), "--version"]).split()[-1],
    } == dict.fromkeys(("deb", "rpm", "tarball", "extension"), __version__)


# The tarball


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    said(["tar", "-xzf", str(only("*.tar.gz")), "-C", str(folder)])
    (inside,) = folder.iterdir()
    return inside


def test_the_tarball_registers_without_a_python(core: Core, unpacked: Path) -> None:
    registers(core, "/usr/bin/env", "-i", str(unpacked / "auditrules.ext"))


def test_the_tarball_runs_in_one_process(core: Core, unpacked: Path) -> None:
    process = core.spawn([str(unpacked / "auditrules.ext")], flags=["--kernel", "none"])
    core.registered()
    children = Path(f"/proc/{process.popen.pid}/task/{process.popen.pid}/children").read_text("utf-8")
    assert children == ""


def test_the_tarballs_command_line_answers_queries(unpacked: Path, tmp_path: Path) -> None:
    sql = "SELECT state, reader FROM audit_status"
    command = [str(unpacked / "auditrules"), "query", sql, "--root", str(tmp_path), "--format", "csv"]
    assert said(command) == "state,reader\n,none\n"


def test_the_tarballs_doctor_examines_this_host(unpacked: Path) -> None:
    told = json.loads(said([str(unpacked / "auditrules"), "doctor", "--format", "json"], None))
    assert {"load file", "kernel", "packs"} <= {line["subject"] for line in told}


def test_the_tarballs_command_line_has_its_version(unpacked: Path) -> None:
    assert said([str(unpacked / "auditrules"), "--version"]) == f"auditrules {__version__}\n"


def test_the_tarballs_name_tells_the_newest_glibc_that_anything_in_it_asks_for(unpacked: Path) -> None:
    asked = {
        tuple(map(int, found.split(".")))
        for path in unpacked.rglob("*")
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"
        for found in re.findall(r"GLIBC_([0-9.]+)", said(["objdump", "-T", str(path)]))
    }
    assert only("*.tar.gz").name.endswith(f"-glibc{'.'.join(map(str, max(asked)))}.tar.gz")


def test_all_in_the_tarball_is_roots_and_written_by_it_alone() -> None:
    lines = said(["tar", "-tvzf", str(only("*.tar.gz")), "--numeric-owner"]).splitlines()
    assert {line.split()[1] for line in lines} == {"0/0"}
    assert {line[:10] for line in lines} <= {"drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--", "lrwxr-xr-x", "lrwxrwxrwx"}


def test_the_tarball_holds_the_packs(unpacked: Path) -> None:
    assert below(unpacked / "packs") == below(PROJECT / "packs")

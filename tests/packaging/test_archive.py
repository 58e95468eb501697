"""The extension as one file: its stub, its archive, and that it runs with the Python of the tests."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditrules import __version__
from auditrules.benchmarks import BENCHMARKS, CIS_DOCKER
from auditrules.tables import SCHEMAS
from tests.core import Core
from tools.release import archive, needs
from tools.release.project import PROJECT

pytestmark = pytest.mark.xdist_group("archive")  # which is built once for all of them

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture(scope="session")
def built() -> bytes:
    return archive.build({VERSION: Path(sys.executable)})


@pytest.fixture(scope="session")
def of_a_time() -> Iterator[bytes]:
    """Give one without compiled modules, made at a time that is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        yield archive.build({})


@pytest.fixture
def extension(built: bytes, tmp_path: Path) -> Path:
    return written(tmp_path / "auditrules.ext", built)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o755)
    return path


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True)


def names(built: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(built)).namelist()


# What is in it


def test_it_holds_no_native_code(built: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(built)) as opened:
        assert [name for name in opened.namelist() if opened.read(name).startswith(b"\x7fELF")] == []
        assert {Path(name).suffix for name in opened.namelist() if name.startswith(("py/", "cp"))} == {".py", ".pyc"}


def test_every_module_is_there_as_source_and_compiled(built: bytes) -> None:
    tree = f"cp{VERSION.replace('.', '')}"
    sources = {name.removeprefix("py/") for name in names(built) if name.startswith("py/")}
    compiled = {name.removeprefix(f"{tree}/") for name in names(built) if name.startswith("cp")}
    assert {f"{name}c" for name in sources} == compiled
    assert {"auditrules/serve/wire.py", "thrift/Thrift.py", "osquery/extensions/ttypes.py"} <= sources


@pytest.mark.parametrize("library", [library.name for library in archive.LIBRARIES])
def test_it_holds_the_licence_of_each_library(built: bytes, library: str) -> None:
    assert f"licences/{library}/METADATA" in names(built)


def test_it_is_compressed(built: bytes) -> None:
    kinds = {entry.compress_type for entry in zipfile.ZipFile(io.BytesIO(built)).infolist()}
    assert kinds == {zipfile.ZIP_DEFLATED}


@pytest.mark.full
def test_the_same_sources_make_the_same_bytes(built: bytes) -> None:
    assert archive.build({VERSION: Path(sys.executable)}) == built


def test_some_of_the_same_sources_make_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    some = {name: content for name, content in archive._own().items() if name.startswith("auditrules/serve/")}
    monkeypatch.setattr(archive, "_own", lambda: some)
    monkeypatch.setattr(archive, "LIBRARIES", archive.LIBRARIES[-1:])
    first, second = (archive.build({VERSION: Path(sys.executable)}) for _ in range(2))
    assert first == second
    assert {f"py/{name}" for name in some} < set(names(first))


def test_the_time_in_it_is_the_one_that_is_given(of_a_time: bytes) -> None:
    opened = zipfile.ZipFile(io.BytesIO(of_a_time))
    assert {entry.date_time for entry in opened.infolist()} == {(2023, 11, 14, 22, 13, 20)}


# How it runs


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "from its sources alone"])
def test_it_registers_all_tables_and_answers(
    *, compiled: bool, core: Core, built: bytes, of_a_time: bytes, tmp_path: Path
) -> None:
    file = written(tmp_path / "auditrules.ext", built if compiled else of_a_time)
    process = core.spawn([sys.executable, "-I", str(file)], flags=["--kernel", "none"])
    registered = core.registered()
    assert registered.version == __version__
    assert list(registered.registry["table"]) == [schema.name for schema in SCHEMAS]
    reply = core.call("audit_status", {"action": "generate", "context": '{"constraints": []}'})
    assert (reply.code, [row["reader"] for row in reply.rows]) == (0, ["none"])
    core.shutdown(registered.uuid)
    assert process.ended() == 0


def test_it_answers_for_the_first_time_after_an_upgrade(core: Core, extension: Path, tmp_path: Path) -> None:
    core.spawn([sys.executable, "-I", str(extension)], flags=["--kernel", "none"])
    core.registered()
    written(tmp_path / "new", b"another version").replace(extension)
    wanted = {"name": "benchmark", "list": [{"op": 2, "expr": CIS_DOCKER[0].name}], "affinity": "TEXT"}
    reply = core.call("audit_verdicts", {"action": "generate", "context": json.dumps({"constraints": [wanted]})})
    assert (reply.code, {row["benchmark"] for row in reply.rows}) == (0, {CIS_DOCKER[0].name})


def test_it_finds_each_benchmark_in_itself(extension: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, '{extension}/cp{VERSION.replace('.', '')}'); "
        "from auditrules.benchmarks import BENCHMARKS; "
        "print(sum(len(each.controls) for each in BENCHMARKS), BENCHMARKS[-1].controls[0].description)"
    )
    expected = f"{sum(len(each.controls) for each in BENCHMARKS)} {BENCHMARKS[-1].controls[0].description}\n"
    assert run(sys.executable, "-I", "-c", code).stdout == expected


def test_it_runs_compiled_modules(extension: Path) -> None:
    code = (
        f"import runpy, sys; sys.argv = ['{extension}', '--version']\n"
        f"try: runpy.run_path('{extension}', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(sys.modules['auditrules.serve'].__file__)"
    )
    place = f"/cp{VERSION.replace('.', '')}/auditrules/serve/__init__.pyc"
    assert run(sys.executable, "-I", "-c", code).stdout.splitlines()[-1].endswith(place)


def test_it_imports_nothing_from_beside_it(extension: Path, tmp_path: Path) -> None:
    (tmp_path / "auditrules").mkdir()
    (tmp_path / "auditrules/__init__.py").write_text("raise SystemExit('a stranger')", encoding="utf-8")
    command = (sys.executable, "-I", extension, "--version")
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, f"auditrules.ext {__version__}\n")


def test_a_link_to_it_is_the_command_line(extension: Path, tmp_path: Path) -> None:
    link = tmp_path / "auditrules"
    link.symlink_to(extension)
    assert run(sys.executable, "-I", link, "--version").stdout == f"auditrules {__version__}\n"


def test_the_packages_command_line_runs_a_file_that_cannot_be_run(extension: Path, tmp_path: Path) -> None:
    extension.chmod(0o644)
    link = tmp_path / "auditrules"
    link.symlink_to(extension)
    text = (PROJECT / "tools/release/auditrules.sh").read_text("utf-8")
    command = written(tmp_path / "command", text.replace("/usr/lib/osquery-audit-rules/auditrules", str(link)).encode())
    assert run(command, "--version").stdout == f"auditrules {__version__}\n"


# The stub: which Python it takes

REAL = f'exec {sys.executable} "$@"'
OLD = "exit 1"  # as the question for its version ends
TOLD = "{name} $*"

PYTHONS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("the newest", dict.fromkeys([*archive.PYTHONS, "python3"], ""), "python3.13"),
    ("the newest that is there", {"python3.12": "", "python3.10": "", "python3": ""}, "python3.12"),
    ("one with its version in its name before python3", {"python3.10": "", "python3": ""}, "python3.10"),
    ("python3 where it is new enough", {"python3": "", "python3.9": ""}, "python3"),
)


def python(path: Path, after: str = "") -> Path:
    """A Python that says its name and what it was given, but runs code that is given as such."""
    path.write_text(f'#!/bin/sh\n[ "$2" != -c ] || {REAL}\n{after}\nprintf "%s\\n" {path.name} "$@"\n', "utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("there", "taken"), [case[1:] for case in PYTHONS], ids=[case[0] for case in PYTHONS])
def test_the_stub_takes(tmp_path: Path, there: dict[str, str], taken: str) -> None:
    for name in there:
        python(tmp_path / name)
    stub = written(tmp_path / "x.ext", archive.stub(str(tmp_path)).encode())
    assert run(stub, "--socket", "/a b", "").stdout.split("\n") == [taken, "-I", str(stub), "--socket", "/a b", "", ""]


@pytest.mark.parametrize("old", [True, False], ids=["python3 is too old", "there is no Python"])
def test_the_stub_says_in_one_line_what_to_install_where(tmp_path: Path, *, old: bool) -> None:
    if old:
        written(tmp_path / "python3", b"#!/bin/sh\nexit 1\n")
    stub = written(tmp_path / "x.ext", archive.stub(str(tmp_path)).encode())
    done = run(stub)
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == (
        f"{stub}: expected Python 3.10 or newer as {tmp_path}/python3 or python3.10 to python3.13, found none: install "
        "the package python3.11, or use the tarball of osquery-audit-rules, which brings its own\n"
    )


def test_the_stub_looks_in_one_folder_whatever_the_path_is(tmp_path: Path) -> None:
    stub = written(tmp_path / "x.ext", archive.stub("/nowhere").encode())
    python(tmp_path / "python3")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    assert subprocess.run([stub], env=environment, capture_output=True, check=False).returncode == 127


def test_the_file_begins_with_the_stub_of_this_system(built: bytes) -> None:
    assert built.startswith(archive.stub("/usr/bin").encode() + b"PK\3\4")


# What packaging needs


def test_each_program_that_is_missing_is_a_line_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: 0)
    assert list(needs.missing()) == [
        "ldd is not there, which PyInstaller runs: install libc-bin (Debian), glibc-common (Red Hat)",
        "objcopy is not there, which PyInstaller runs: install binutils",
        "objdump is not there, which PyInstaller runs: install binutils",
        "strip is not there, which PyInstaller runs: install binutils",
        f"{sys.executable} has no shared library, which PyInstaller needs: choose another with PYTHON=",
    ]

from __future__ import annotations

import importlib.metadata
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import auditrules
from tools import check, environment, test_all

PROJECT = Path(__file__).parents[2]
SHARING = """\
import os
from pathlib import Path
import pytest
pytestmark = pytest.mark.xdist_group("one")
@pytest.mark.parametrize("number", range(8))
def test_it(number):
    with Path("processes").open("a") as processes:
        processes.write(f"{os.getpid()}\\n")
"""


def program(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_package_is_the_version_it_says() -> None:
    assert importlib.metadata.version("osquery-audit-rules") == auditrules.__version__


def test_a_host_needs_osquery_and_thrift_only() -> None:
    needed = importlib.metadata.requires("osquery-audit-rules") or []
    assert sorted(each for each in needed if "extra ==" not in each) == ["osquery>=3.1.1", "thrift>=0.21"]


def test_the_extension_has_a_name_that_osquery_loads() -> None:
    scripts = importlib.metadata.distribution("osquery-audit-rules").entry_points.select(group="console_scripts")
    assert {script.name: script.value for script in scripts} == {
        "auditrules": "auditrules.cli:main",
        "auditrules.ext": "auditrules.serve:main",
    }


VERDICTS = (
    ("no control fails", "echo pass; exit 0", 0, "pass\n", ""),
    ("a control fails", "echo fail; exit 1", 0, "fail\n", ""),
    ("a control is unknown", "echo unknown; exit 3", 0, "unknown\n", ""),
    ("a usage error", "echo usage; exit 2", 1, "usage\n", "no verdict: {command} ended with 2\n"),
    ("Python's own end of a crash", "exit 1", 1, "", "no verdict: {command} ended with 1\n"),
    ("a signal", "echo half; kill -9 $$", 1, "half\n", "no verdict: {command} ended with -9\n"),
)


@pytest.mark.parametrize(
    ("script", "code", "out", "err"), [case[1:] for case in VERDICTS], ids=[c[0] for c in VERDICTS]
)
def test_make_check_fails_only_without_a_verdict(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], script: str, code: int, out: str, err: str
) -> None:
    command = program(tmp_path / "auditrules", script)
    assert check.main([str(command), "check"]) == code
    said = capfdbinary.readouterr()
    assert (said.out.decode(), said.err.decode()) == (out, err.format(command=f"{command} check"))


def test_where_nothing_applies_an_example_host_shows_a_pass_and_a_fail(capfd: pytest.CaptureFixture[str]) -> None:
    command = str(Path(sys.executable).with_name("auditrules"))
    bare = str(PROJECT / "tests" / "fixtures" / "bare")
    assert check.main([command, "check", "--root", bare, "--kernel", "none"]) == 0
    shown = capfd.readouterr().out
    assert "none of its 16 controls applies here" in shown
    example = shown.partition("the files in\ntools/example_host, ")[2]
    assert [line.split()[:2] for line in example.splitlines() if line.startswith(("PASS", "FAIL "))] == [
        ["PASS", "1.1.3"],
        ["FAIL", "1.1.6"],
        ["FAIL", "1.1.6"],
    ]
    assert "remediation  Create the directory first" in example


def test_an_example_is_shown_only_where_nothing_applies(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    command = program(tmp_path / "auditrules", "echo; echo '0 fail, 1 unknown, 0 pass, 9 not applicable'; exit 3")
    assert check.main([str(command), "check"]) == 0
    assert b"ship with the project" not in capfdbinary.readouterr().out


class Pythons:
    """An interpreter and the one in its environment, both made up: they do to a folder what Python and pip do."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment = folder / "env"
        self._folder = folder
        self._log = folder / "started"
        self._monkeypatch = monkeypatch
        program(
            folder / "inner",
            f'[ "$1" = -c ] && exec {shlex.quote(sys.executable)} "$@"',
            f"echo >>{self._log}",
            f"[ -e {self.environment}/pip ] || exit 1",
            'for word; do case "$word" in',
            "-*|pip|install) ;;",
            f'*) echo "$word" >>{self.environment}/installed;;',
            "esac; done",
        )

    def can(self, *, make_with_pip: bool = True, make: bool = True, pip: bool = True) -> Path:
        """Be an interpreter with these abilities, and the running one."""
        env = self.environment
        put = f"rm -rf {env}; mkdir -p {env}/bin; cp {self._folder}/inner {env}/bin/python"
        outer = program(
            self._folder / "outer",
            f"echo >>{self._log}",
            'case "$*" in',
            f'"-m venv "*" --without-pip "*) {put if make else "exit 1"};;',
            f'"-m venv "*) {f"{put}; touch {env}/pip" if make and make_with_pip else "exit 1"};;',
            f'"-m pip "*" install "*) {f"touch {env}/pip" if pip else "exit 1"};;',
            f'"-m pip "*) {"exit 0" if pip else "exit 1"};;',
            "esac",
        )
        self._monkeypatch.setattr(sys, "executable", str(outer))
        return outer

    @property
    def started(self) -> int:
        """How many programs have done something so far."""
        return len(self._log.read_text(encoding="utf-8").splitlines())

    def installed(self) -> list[str]:
        """What pip was told to install into the environment that there is, in its order."""
        return (self.environment / "installed").read_text(encoding="utf-8").splitlines()

    def leave(self) -> Path:
        """Leave a file in the environment, which is gone where it is made anew."""
        path = self.environment / "left"
        path.touch()
        return path


@pytest.fixture
def pythons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pythons:
    return Pythons(tmp_path, monkeypatch)


def wanted(need: str) -> list[str]:
    """Give what has to be installed for a need, the newer pip first."""
    return [environment.PIP, *(word for word in environment.NEEDS[need] if not word.startswith("-"))]


def test_an_environment_is_made_once(pythons: Pythons) -> None:
    pythons.can()
    environment.prepare(pythons.environment, "check")
    assert pythons.installed() == wanted("check")
    started = pythons.started
    environment.prepare(pythons.environment, "check")
    assert pythons.started == started


def test_an_environment_that_works_is_filled_and_not_made_anew(pythons: Pythons) -> None:
    pythons.can()
    environment.prepare(pythons.environment, "check")
    left = pythons.leave()
    environment.prepare(pythons.environment, "dev")
    assert left.exists()
    assert pythons.installed() == [*wanted("check"), *wanted("dev")]


def test_other_settings_are_installed_again(pythons: Pythons, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pythons.can()
    environment.prepare(pythons.environment, "check")
    left = pythons.leave()
    (tmp_path / "pyproject.toml").write_text("[project]", encoding="utf-8")
    monkeypatch.setattr(environment, "PROJECT", tmp_path)
    environment.prepare(pythons.environment, "check")
    assert left.exists()
    assert pythons.installed() == 2 * wanted("check")


def test_an_environment_of_another_python_is_made_anew(pythons: Pythons, monkeypatch: pytest.MonkeyPatch) -> None:
    pythons.can()
    environment.prepare(pythons.environment, "check")
    left = pythons.leave()
    monkeypatch.setattr(sys, "version", "3.12.99 (another)")
    environment.prepare(pythons.environment, "check")
    assert not left.exists()
    assert pythons.installed() == wanted("check")


def test_without_ensurepip_the_interpreters_pip_puts_pip_into_the_environment(pythons: Pythons) -> None:
    pythons.can(make_with_pip=False)
    environment.prepare(pythons.environment, "check")
    assert pythons.installed() == wanted("check")


def test_without_ensurepip_and_pip_one_line_says_what_to_install(
    pythons: Pythons, capsys: pytest.CaptureFixture[str]
) -> None:
    python = pythons.can(make_with_pip=False, pip=False)
    assert environment.main([str(pythons.environment), "check"]) == 1
    assert capsys.readouterr().err == (
        f"{python} has neither ensurepip nor pip 22.3 or newer: install one of them "
        "(on Debian: apt-get install python3-venv), or choose another Python with PYTHON=\n"
    )


def test_without_venv_one_line_says_what_to_install(pythons: Pythons, capsys: pytest.CaptureFixture[str]) -> None:
    python = pythons.can(make=False)
    assert environment.main([str(pythons.environment), "check"]) == 1
    assert capsys.readouterr().err == (
        f"{python} can't make a virtual environment in {pythons.environment}: install its venv module "
        "(on Debian: apt-get install python3-venv), or choose another Python with PYTHON=\n"
    )


def test_a_folder_of_another_user_is_told(
    pythons: Pythons, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pythons.can()
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert environment.main([str(pythons.environment), "check"]) == 1
    assert f"{pythons.environment.parent} can't be written by this user: " in capsys.readouterr().err


def test_what_pip_cannot_install_is_named(pythons: Pythons, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pythons.can()
    program(tmp_path / "inner", 'case "$*" in *--editable*) exit 1;; esac')
    assert environment.main([str(pythons.environment), "check"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "pip could not install --editable .[sql]; what it says stands above"
    )


@pytest.mark.parametrize("python", ["false", "no-such-python"])
def test_make_refuses_a_python_that_is_too_old_or_does_not_start(python: str) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "check", f"PYTHON={python}"],  # noqa: S607 - whichever make there is
        cwd=PROJECT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 2
    assert f'Python 3.10 or newer is needed, and "{python}" is none: choose another with PYTHON=\n' in done.stderr


def test_the_first_python_that_starts_is_taken(tmp_path: Path) -> None:
    complaining = program(tmp_path / "shims/python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    lying = program(tmp_path / "liar/python3.12", "echo 3.11")
    program(tmp_path / "pyenv/versions/3.12.1/bin/python3.12", "echo 3.12")
    newest = program(tmp_path / "pyenv/versions/3.12.10/bin/python3.12", "echo 3.12")
    variables = {"PATH": f"{complaining.parent}:{lying.parent}:/nowhere", "PYENV_ROOT": str(tmp_path / "pyenv")}
    assert test_all.interpreter("3.12", variables) == newest
    assert test_all.interpreter("3.13", variables) is None


FOUND = {"3.10": Path("/usr/bin/python3.10"), "3.12": Path("/usr/bin/python3.12")}
RUNS: tuple[tuple[str, list[str], str, int], ...] = (
    ("all pass", ["--at-least", "2"], "passed", 0),
    ("one fails", [], "failed (pytest ended with 1)", 1),
    ("too few start", ["--at-least", "3"], "passed", 1),
)


@pytest.mark.parametrize(("arguments", "outcome", "code"), [case[1:] for case in RUNS], ids=[case[0] for case in RUNS])
def test_every_python_is_told_with_its_result(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
    outcome: str,
    code: int,
) -> None:
    monkeypatch.setattr(test_all, "interpreter", lambda version, _: FOUND.get(version))
    monkeypatch.setattr(test_all, "_tests", lambda version, _, **__: outcome if version == "3.12" else "passed")
    assert test_all.main(arguments) == code
    shown = [
        "",
        "The tests, on each Python that starts here:",
        "  3.10  passed  /usr/bin/python3.10",
        "  3.11  not found",
        f"  3.12  {outcome}  /usr/bin/python3.12",
        "  3.13  not found",
    ]
    few = ["expected at least 3 Pythons that start, found 2"] if "3" in arguments else []
    assert capsys.readouterr().out.splitlines() == shown + few


def test_the_python_that_is_left_out_is_not_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(test_all, "interpreter", lambda version, _: FOUND.get(version))
    monkeypatch.setattr(test_all, "_tests", lambda *_, **__: "passed")
    assert test_all.main(["--but", "3.12", "--at-least", "1"]) == 0
    shown = ["", "The tests, on each Python that starts here:", "  3.10  passed  /usr/bin/python3.10"]
    assert capsys.readouterr().out.splitlines() == [*shown, "  3.11  not found", "  3.13  not found"]


def test_engines_are_tested_on_the_oldest_python_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tested: dict[str, bool] = {}

    def tests(version: str, _: Path, *, engines: bool) -> str:
        tested[version] = engines
        return "passed"

    monkeypatch.setattr(test_all, "interpreter", lambda version, _: Path("/python") if version != "3.10" else None)
    monkeypatch.setattr(test_all, "_tests", tests)
    assert test_all.main([]) == 0
    assert tested == {"3.11": True, "3.12": False, "3.13": False}


@pytest.mark.full
def test_tests_that_share_something_run_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "test_sharing.py").write_text(SHARING, encoding="utf-8")
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "-c",
        "/dev/null",
        "--rootdir",
        ".",
    )
    done = subprocess.run([*command, "test_sharing.py"], cwd=tmp_path, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout
    assert len(set((tmp_path / "processes").read_text(encoding="utf-8").split())) == 1


def test_an_environment_is_made_below_a_folder_that_is_not_there_yet(
    pythons: Pythons, capsys: pytest.CaptureFixture[str]
) -> None:
    pythons.can(make=False)
    assert environment.main([str(pythons.environment / "spark"), "check"]) == 1
    assert "can't make a virtual environment in" in capsys.readouterr().err

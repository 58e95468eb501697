"""Make a virtual environment that holds this project: `python3 tools/environment.py FOLDER NEED`.

NEED is `check` (what `make check` needs), `tests` (and what runs the tests), `sqlite-3.42` (and osquery's SQLite),
`dev` (tests, and the linters), `spark` (tests, and pyspark) or `package` (what `make package` needs). A second run
finds its stamp and does nothing. Nothing is installed outside the folder, and root is not needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]

# What to tell pip, for each thing an environment is made for.
NEEDS = {
    "check": ("--editable", ".[sql]"),
    "tests": ("--editable", ".[sql,report]", "--group", "tests"),
    "sqlite-3.42": ("--editable", ".[sql,report]", "--group", "tests", "apsw==3.42.0.1"),  # SQLite as osquery has it
    "package": ("--editable", ".[sql]", "--group", "package"),
    "spark": ("--editable", ".[sql,report,spark]", "--group", "tests"),
    "dev": ("--editable", ".[sql,report]", "--group", "dev"),
}

PIP = "pip>=25.1"  # the first that knows --group

WHO = "import json, sys; print(json.dumps([sys.version, sys.base_prefix]))"

# Root in an environment of its own harms nobody, and a newer pip is no news here.
QUIET = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


class SetupError(Exception):
    """The environment can't be made; the message says what to do about it."""


def main(arguments: Sequence[str]) -> int:
    """Make the environment, or say in one line why it can't be made."""
    if len(arguments) != len(("FOLDER", "NEED")) or arguments[1] not in NEEDS:
        print(f"usage: environment.py FOLDER {'|'.join(NEEDS)}", file=sys.stderr)
        return 2
    try:
        prepare(Path(arguments[0]), arguments[1])
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def prepare(folder: Path, need: str) -> None:
    """Make the folder an environment of the running Python that has what `need` names, unless it is one already."""
    stamp = folder / f".made-for-{need}"
    if not _runs_this_python(folder):
        _create(folder)
    elif stamp.exists() and stamp.read_text(encoding="utf-8") == _wanted(need):
        return
    print(f"installing what `{need}` needs into {folder} (Python {sys.version.split()[0]})", file=sys.stderr)
    python = str(_python(folder))
    _pip((python, "-m", "pip"), PIP)
    _pip((python, "-m", "pip"), *NEEDS[need])
    stamp.write_text(_wanted(need), encoding="utf-8")


def _wanted(need: str) -> str:
    """A digest of all that decides what has to be in the environment."""
    settings = (PROJECT / "pyproject.toml").read_bytes()
    place = repr((need, NEEDS[need], PIP, str(PROJECT), sys.version, sys.base_prefix)).encode()
    return hashlib.sha256(settings + place).hexdigest()


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _runs_this_python(folder: Path) -> bool:
    """Whether the folder is an environment whose Python starts, and is the one that is running now."""
    try:
        answer = subprocess.run(
            [_python(folder), "-c", WHO], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    except OSError:
        return False
    return answer.returncode == 0 and json.loads(answer.stdout) == [sys.version, sys.base_prefix]


def _create(folder: Path) -> None:
    """An environment with pip in it: from ensurepip, or where that lacks (Debian without python3-venv) from pip."""
    venv = (sys.executable, "-m", "venv", "--clear")
    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not os.access(place, os.W_OK):
        raise SetupError(
            f"{place.absolute()} can't be written by this user: make a clone that is yours, or take {folder} away as "
            "the user who made it"
        )
    if _works(*venv, str(folder)):
        return
    if not _works(*venv, "--without-pip", str(folder)):
        raise SetupError(
            f"{sys.executable} can't make a virtual environment in {folder}: install its venv module "
            "(on Debian: apt-get install python3-venv), or choose another Python with PYTHON="
        )
    pip = (sys.executable, "-m", "pip", "--python", str(_python(folder)))
    if not _works(*pip, "--version"):
        raise SetupError(
            f"{sys.executable} has neither ensurepip nor pip 22.3 or newer: install one of them "
            "(on Debian: apt-get install python3-venv), or choose another Python with PYTHON="
        )
    _pip(pip, PIP)


def _works(*command: str) -> bool:
    """Whether a command succeeds; what it says about a failure is told in our own words."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=os.environ | QUIET)
    return done.returncode == 0


def _pip(pip: Sequence[str], *requirements: str) -> None:
    command = (*pip, "install", "--quiet", *requirements)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, check=False, cwd=PROJECT, env=os.environ | QUIET)
    if done.returncode != 0:
        raise SetupError(f"pip could not install {' '.join(requirements)}; what it says stands above")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

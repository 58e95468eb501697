"""Run the tests on each Python from 3.10 to 3.13 that starts here: `tools/test_all.py [--at-least N] [--but VERSION]`.

Interpreters are looked for on PATH and in pyenv's folder of versions. The last lines tell which ran, and how it went.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
OLD_SQLITE = ("3.10", "3.11")  # for which apsw has SQLite 3.42, as osquery has it
START_LIMIT = 20  # seconds; a shim may search a while before it complains


def main(arguments: Sequence[str]) -> int:
    """Run them all, then say which ran; 1 if any failed or there were fewer than asked for."""
    parser = argparse.ArgumentParser(description="run the tests on every Python from 3.10 to 3.13 that starts")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="fail where fewer start (default: 1)")
    parser.add_argument("--but", default="", metavar="VERSION", help="leave out this one, such as 3.11")
    parser.add_argument("--set-up", action="store_true", help="make their environments, and run nothing")
    options = parser.parse_args(arguments)
    found = {version: interpreter(version, os.environ) for version in VERSIONS if version != options.but}
    pythons = {version: python for version, python in found.items() if python}
    if options.set_up:
        return 0 if all(_set_up(version, python) for version, python in pythons.items()) else 1
    results = {version: _tests(version, python, engines=version == min(pythons)) for version, python in pythons.items()}
    print("\nThe tests, on each Python that starts here:")
    for version, python in found.items():
        print(f"  {version}  {results.get(version, 'not found')}{f'  {python}' if python else ''}")
    if len(results) < options.at_least:
        print(f"expected at least {options.at_least} Pythons that start, found {len(results)}")
        return 1
    return 0 if all(result == PASSED for result in results.values()) else 1


PASSED = "passed"


def interpreter(version: str, environment: os._Environ[str] | dict[str, str]) -> Path | None:
    """The first interpreter of that version that starts; a shim that only complains is passed over."""
    return next((path for path in candidates(version, environment) if _starts(path, version)), None)


def candidates(version: str, environment: os._Environ[str] | dict[str, str]) -> Iterator[Path]:
    """Where an interpreter may be: each folder of PATH, then pyenv's versions, the newest first."""
    name = f"python{version}"
    for folder in environment.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder, name)
    pyenv = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), key=_patch, reverse=True)


def _patch(path: Path) -> tuple[int, str]:
    patch = path.parents[1].name.split(".")[-1]
    return (int(patch) if patch.isdecimal() else -1, patch)


def _starts(python: Path, version: str) -> bool:
    tell = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", tell],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=START_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


def _set_up(version: str, python: Path) -> bool:
    """Make the environment of a Python, where it is not made yet; whether it is there."""
    need = "sqlite-3.42" if version in OLD_SQLITE else "tests"
    command = (python, PROJECT / "tools/environment.py", _folder(version), need)
    return subprocess.run(command, check=False).returncode == 0


def _folder(version: str) -> Path:
    return PROJECT / ".venvs" / version


def _tests(version: str, python: Path, *, engines: bool) -> str:
    print(f"\n== Python {version}: {python}", flush=True)
    if not _set_up(version, python):
        return "could not be set up"
    # What `make test` runs: the full products and the many examples of laws hang on no Python. A kernel is asked once,
    # by `make vm`: no rule of Linux audit hangs on the Python that reads it. The packages are tested once, too, with
    # each Python in turn; the page in one browser, and Spark in one Java. What an engine answers to SQL is tested on
    # the oldest of these alone, beside that of `make test`: 3.10 has osquery's SQLite.
    apart = "not vm and not package and not browser and not spark and not full"
    command = (
        _folder(version) / "bin/python",
        "-m",
        "pytest",
        "-q",
        "-n",
        str(len(os.sched_getaffinity(0)) + 1),
        "--dist",
        "loadgroup",
        "-m",
        apart if engines else f"{apart} and not engine",
    )
    done = subprocess.run(command, check=False, cwd=PROJECT)
    return PASSED if done.returncode == 0 else f"failed (pytest ended with {done.returncode})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

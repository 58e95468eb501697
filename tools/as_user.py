"""Run the gate's tests as an ordinary user, in a copy of this project: `python3 tools/as_user.py OUTCOMES`, as root.

The user has a number that no account has, a umask that keeps all others out, and nothing of root's surroundings.
OUTCOMES is the file that tells how each test ended. The copy's environment is made by root, whose pip may have settings
that a user can't read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LEFT = shutil.ignore_patterns(".git", ".venv", ".venvs", ".*_cache", ".hypothesis", "__pycache__", "dist")
DEBIANS = "/usr/bin/python3"  # which all may run, where one further up in root's PATH is in root's home
NUMBERS = range(60_001, 65_534)  # of users: what adduser and systemd leave free
TESTED = "outcomes.jsonl"


def main(arguments: Sequence[str]) -> int:
    """Run the gate; its exit code, or 2 where it can't be run."""
    if len(arguments) != 1:
        print("usage: as_user.py OUTCOMES", file=sys.stderr)
        return 2
    user = next(number for number in NUMBERS if _is_free(number))
    python = usable((sys.executable, DEBIANS), user)
    if python is None:
        print(f"a user can run neither {sys.executable} nor {DEBIANS}: install Debian's python3-venv", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="as-user-") as folder:
        home = Path(folder)
        copy = home / "project"
        shutil.copytree(PROJECT, copy, symlinks=True, ignore=LEFT)
        made = subprocess.run([python, "tools/environment.py", ".venv", "dev"], cwd=copy, check=False)
        if made.returncode != 0:
            return made.returncode
        for path in (home, *home.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
        # A folder of its own: pytest's usual one may be left by another user without a name.
        arguments_of_pytest = f"ARGS=--outcomes={TESTED} --basetemp={home}/t"
        command = ("make", "test", "LINT=dev", f"PYTHON={python}", arguments_of_pytest)
        code = _as(user, command, cwd=copy, home=str(home)).returncode
        with suppress(FileNotFoundError):  # the tests may not have been reached
            shutil.copy(copy / TESTED, arguments[0])
        return code


def usable(pythons: Iterable[str], user: int) -> str | None:
    """The first Python that the user can run and make an environment with."""
    return next((python for python in pythons if _runs(python, user)), None)


def _runs(python: str, user: int) -> bool:
    command = (python, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))")
    try:
        return _as(user, command, cwd=Path("/"), home="/", stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _as(
    user: int, command: Sequence[str], *, cwd: Path, home: str, stderr: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "CI": os.environ.get("CI", "")},
        user=user,
        group=user,
        extra_groups=(),
        umask=0o077,
        stdin=subprocess.DEVNULL,
        stderr=stderr,
        check=False,
    )


def _is_free(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

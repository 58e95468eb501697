"""What `make package` made, in dist/, and what its tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from auditrules import __version__
from auditrules.tables import SCHEMAS
from tests.core import Core
from tools.release.project import PROJECT

DIST = PROJECT / "dist"
EXTENSION = DIST / "auditrules.ext"
PYTHON = PROJECT / ".venvs/package/bin/python"  # that of `make package`

GENERATE = {"action": "generate", "context": '{"constraints": []}'}


def only(pattern: str) -> Path:
    """Return the one file of that name."""
    found = sorted(DIST.glob(pattern))
    assert len(found) == 1, f"dist/{pattern}: expected one file, found {len(found)}: run `make package`"
    return found[0]


def below(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def registers(core: Core, *command: str) -> None:
    """Start an extension: it registers its tables under the version, answers, and ends when it is asked to."""
    process = core.spawn(command, flags=["--kernel", "none"])
    registered = core.registered()
    assert (registered.version, list(registered.registry["table"])) == (__version__, [each.name for each in SCHEMAS])
    reply = core.call("audit_status", GENERATE)
    assert (reply.code, [row["reader"] for row in reply.rows]) == (0, ["none"])
    core.shutdown(registered.uuid)
    assert (process.ended(), process.stderr.count("\n")) == (0, 1), process.stderr


def said(command: list[str], expect: int | None = 0) -> str:
    """Run a command and return both of its streams."""
    program = shutil.which(command[0])
    assert program, f"{command[0]} is not there"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    done = subprocess.run(
        [program, *command[1:]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        env=environment,
    )
    assert expect is None or done.returncode == expect, done.stdout
    return done.stdout

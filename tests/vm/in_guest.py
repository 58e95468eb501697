"""Runs in the guest: makes the corpus' file system, loads each line, and writes what kernel and auditctl then say."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from auditrules.host.netlink import ask
from auditrules.host.program import Deadline

AUDITCTL = "/sbin/auditctl"
RULES = "/root/line.rules"


def make(path: str, kind: str, target: str) -> None:
    """Make one name of the corpus' file system, unless it is there."""
    if os.path.lexists(path) or path.startswith(("/proc", "/sys", "/dev")):
        return
    with suppress(OSError):  # names that the guest can't have, such as one too long
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if kind == "dir":
            Path(path).mkdir()
        elif kind == "file":
            Path(path).touch()
        elif kind == "link":
            Path(path).symlink_to(target)
        elif kind == "socket":
            socket.socket(socket.AF_UNIX).bind(path)


def said(line: bytes) -> dict[str, object]:
    """Load one line into an empty kernel."""
    subprocess.run([AUDITCTL, "-D"], stdout=subprocess.DEVNULL, check=True)
    Path(RULES).write_bytes(line + b"\n")
    done = subprocess.run([AUDITCTL, "-R", RULES], capture_output=True, check=False)
    listed = subprocess.run([AUDITCTL, "-l"], capture_output=True, check=True).stdout
    answer = ask(Deadline(2.0))
    if answer.rules is None:
        raise SystemExit(answer.error)
    return {
        "rc": done.returncode,
        "rules": [base64.b64encode(rule).decode() for rule in answer.rules],
        "listing": base64.b64encode(listed).decode(),
    }


def main() -> None:
    """Read /opt/cases.json, write /out/said.json."""
    cases = json.loads(Path("/opt/cases.json").read_text())
    for path, kind, target in cases["files"]:
        make(path, kind, target)
    lines = [base64.b64decode(line) for line in cases["lines"]]
    Path("/out/said.json").write_text(json.dumps([said(line) for line in lines]))


if __name__ == "__main__":
    main()

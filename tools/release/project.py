"""What is packaged: the project's name, folders and moment."""

from __future__ import annotations

import hashlib
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PROJECT_NAME = "osquery-audit-rules"
EXTENSION = PROJECT / "extension"


def moment() -> datetime:
    """The time that goes into all that is made: SOURCE_DATE_EPOCH, else that of the commit, else 1980's first."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or _committed() or "315532800"
    return datetime.fromtimestamp(int(seconds), timezone.utc)


def _committed() -> str:
    command = ("git", "log", "-1", "--format=%ct")
    try:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""  # no clone, or no git


def sha256(file: Path) -> str:
    """The digest of a file, as sha256sum prints it."""
    return hashlib.sha256(file.read_bytes()).hexdigest()

"""Asking the kernel about cases: many accesses in one boot, each answered with the facts it hangs on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.vm.guest import Guest

Case = dict[str, Any]
Row = dict[str, Any]

ACCESS = Path(__file__).with_name("access")
AUDITCTL = "3.0.9"  # as the rows of the corpus say it
# Python under a name and an inode of its own: a rule about the program that accesses is not about Python.
SCRIPT = """\
cp /usr/bin/python3 /accd
PYTHONHOME=/usr PYTHONPATH=/opt exec /accd -m tests.vm.access.answer
"""
AT_ONCE = 1000  # cases in one boot
A_CASE = 2.0  # seconds at most, on average: a tenth of it is usual


def ask(guest: Guest, cases: Sequence[Case], group: str) -> list[Row]:
    """The rows of the cases, in the corpus' format of coverage. Raises `RigError`."""
    return [
        {**row, "group": group, "kernel": guest.release, "auditctl": AUDITCTL}
        for start in range(0, len(cases), AT_ONCE)
        for row in _asked(guest, cases[start : start + AT_ONCE])
    ]


def _asked(guest: Guest, cases: Sequence[Case]) -> Iterable[Row]:
    files: dict[str, bytes | Path] = {
        "/opt/tests/vm/__init__.py": b"",
        "/opt/tests/vm/access": ACCESS,
        "/opt/cases.jsonl": "".join(f"{json.dumps(case)}\n" for case in cases).encode(),
    }
    done = guest.run(SCRIPT, files, timeout=60 + A_CASE * len(cases))
    assert done.returncode == 0, done.text
    return map(json.loads, done.files_out["rows.jsonl"].splitlines())

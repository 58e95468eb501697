"""Asking the kernel about cases: many accesses in one boot, each answered with the facts it hangs on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.vm.contents import RigError
from tests.vm.guest import Guest

Case = dict[str, Any]
Row = dict[str, Any]

ACCESS = Path(__file__).with_name("access")
AUDITCTL = "3.0.9"  # as the rows of the corpus say it
# Python under a name and an inode of its own: a rule about the program that accesses is not about Python.
SCRIPT = """\
cp /usr/bin/python3 /accd
PYTHONHOME=/usr PYTHONPATH=/opt exec /accd -m tests.vm.access.answer {limit}
"""
AT_ONCE = 1000  # cases in one boot
MOST_TIME = 100.0  # seconds of a guest, which are longer than ours on a busy machine: then a new one makes the rest
LIMIT = 600.0  # seconds of ours for that, and for the access that it is at


def ask(guest: Guest, cases: Sequence[Case], group: str) -> list[Row]:
    """The rows of the cases, in the corpus' format of coverage. Raises `RigError`."""
    return [row for rows in batches(guest, cases, group) for row in rows]


def batches(guest: Guest, cases: Sequence[Case], group: str) -> Iterator[list[Row]]:
    """The same, the rows of one guest after the other: those of the first are there if a later one dies."""
    count = 0
    while count < len(cases):
        done = _asked(guest, cases[count : count + AT_ONCE])
        if not done:
            raise RigError(f"the guest answered none of {len(cases) - count} cases within {MOST_TIME:g} s of its own")
        count += len(done)
        yield [{**row, "group": group, "kernel": guest.release, "auditctl": AUDITCTL} for row in done]


def _asked(guest: Guest, cases: Sequence[Case]) -> list[Row]:
    files: dict[str, bytes | Path] = {
        "/opt/tests/vm/__init__.py": b"",
        "/opt/tests/vm/access": ACCESS,
        "/opt/cases.jsonl": "".join(f"{json.dumps(case)}\n" for case in cases).encode(),
    }
    done = guest.run(SCRIPT.format(limit=MOST_TIME), files, timeout=LIMIT)
    if done.returncode != 0:
        raise RigError(f"the guest's script failed: {done.text.strip().rpartition(chr(10))[2]}\n{done.text}")
    return [json.loads(line) for line in done.files_out["rows.jsonl"].splitlines()]

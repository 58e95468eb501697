"""In the guest: load each case's rules, have its access made, and write what the kernel recorded, with the facts."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.vm.access import fixture, snapshot
from tests.vm.access.calls import Page
from tests.vm.access.netlink import PATH, SYSCALL, URINGOP, Kernel, Listener, Record
from tests.vm.access.process import Outcome, Process

AUDITCTL = "/sbin/auditctl"
RULES = "/root/case.rules"
SECURITYFS = "/sys/kernel/security"
BACKLOG = 8192
INODE, INODE_OF = "@INO", "/usr/bin/dockerd"  # in rules: its inode when they are loaded

EOE = "EOE"
TYPES = {
    SYSCALL: "SYSCALL",
    PATH: "PATH",
    1303: "IPC",
    1306: "SOCKADDR",
    1307: "CWD",
    1309: "EXECVE",
    1320: EOE,
    1321: "BPRM_FCAPS",
    1323: "MMAP",
    1327: "PROCTITLE",
    1331: "FANOTIFY",
    URINGOP: "URINGOP",
    1337: "OPENAT2",
}

PARTS = (PATH, 1307, 1309, 1327)

Case = dict[str, Any]
Row = dict[str, Any]


class Asker:
    """The kernel to ask, with auditing on."""

    def __init__(self) -> None:
        self._kernel = Kernel()
        self._kernel.set(enabled=1, backlog_limit=BACKLOG)
        self._listener = Listener(self._kernel)
        self._page = Page()
        self._mounts = snapshot.Mounts()
        subprocess.run([fixture.BUSYBOX, "mount", "-t", "securityfs", "none", SECURITYFS], check=True)
        self._lsm = Path(SECURITYFS, "lsm").read_text()
        subprocess.run([fixture.BUSYBOX, "umount", SECURITYFS], check=True)
        self._cmdline = Path("/proc/cmdline").read_text().strip()
        fixture.build()

    def answered(self, case: Case) -> Row:
        """The case with the kernel's answer and the facts it hangs on."""
        access = case["access"]
        early = Process(self._page, access) if case.get("early") else None
        accessed = [access[name] for name in ("path", "path2") if name in access]
        paths = sorted({path for line in case["rules"] for path in snapshot.named(line)} | set(accessed))
        mounts = self._mounts.rows()
        before = snapshot.snapshot(paths, accessed)
        loaded = self._load(case["rules"])
        for command in case.get("post", ()):
            subprocess.run([fixture.BUSYBOX, "sh", "-c", command], check=True)
        if case["enabled"] != 1:
            self._kernel.set(enabled=case["enabled"])
        process = early or Process(self._page, access)
        facts = {
            "load": before,
            "access": snapshot.snapshot(paths, accessed),
            "mounts": mounts,
            "lsm": self._lsm,
            "cmdline": self._cmdline,
            "early": early is not None,
            "status": self._kernel.status(),
            "rules_in_force": [base64.b64encode(rule).decode() for rule in self._kernel.rules()],
        }
        outcome = process.go()
        self._kernel.set(enabled=1)
        self._kernel.clear()
        events = left_by(process, self._listener.heard())
        fixture.mend()
        row = {name: value for name, value in case.items() if name != "early"} | told(events)
        row |= {"load_rc": loaded.returncode, "arguments": process.arguments} | outcome_row(outcome)
        if loaded.returncode:
            row["load_error"] = loaded.stderr.strip()
        if case.get("early"):
            row["early"] = True
        return row | {"facts": facts}

    def _load(self, rules: list[str]) -> subprocess.CompletedProcess[str]:
        inode = str(Path(INODE_OF).stat().st_ino)
        Path(RULES).write_text("".join(f"{line}\n" for line in rules).replace(INODE, inode))
        Path(RULES).chmod(0o640)
        return subprocess.run([AUDITCTL, "-R", RULES], capture_output=True, check=False, text=True)


def outcome_row(outcome: Outcome) -> Row:
    """How the access itself went."""
    if outcome.failure:
        return {"setup_failed": outcome.failure}
    return {} if outcome.rc is None else {"syscall_rc": outcome.rc, "errno": outcome.errno}


def left_by(process: Process, records: list[Record]) -> list[Record]:
    """The records of the event that the access left; the kernel makes none where the call's own record is excluded.

    Raises `ValueError` where it made one all the same: nothing would tell whose it is.
    """
    calls = {record.event: record for record in records if record.kind in (SYSCALL, URINGOP)}
    lone = [record.text for record in records if record.kind in PARTS and record.event not in calls]
    if lone:
        raise ValueError(f"records without the call they belong to: {lone}")
    own = {event for event, record in calls.items() if process.made(record)}
    return [record for record in records if record.event in own]


def told(records: list[Record]) -> Row:
    """What a row says of the access's records."""
    keys = [record.string("key") for record in records if record.kind in (SYSCALL, URINGOP)]
    paths = [record for record in records if record.kind == PATH]
    kinds = sorted({TYPES.get(record.kind, str(record.kind)) for record in records})
    return {
        "recorded": bool(set(kinds) - {EOE}),
        "by_key": next((key for key in keys if key is not None), None),
        "records": kinds,
        "names": sorted(map(named, paths), key=lambda name: name["item"]) if records else None,
    }


def named(record: Record) -> Row:
    """One PATH record, as a row has it."""
    inode, device = record.value("inode"), record.value("dev")
    numbers = [int(part, 16) for part in device.split(":")] if device else []
    return {
        "item": int(record.value("item") or 0),
        "name": record.string("name"),
        "inode": int(inode) if inode else None,
        "dev": "{}:{}".format(*numbers) if numbers else None,
        "nametype": record.value("nametype"),
    }


def main(limit: float) -> None:
    """Read /opt/cases.jsonl, write /out/rows.jsonl: those of the first cases, where not all are done within the limit.

    `limit` is in seconds.
    """
    end = time.monotonic() + limit
    asker = Asker()
    cases = map(json.loads, Path("/opt/cases.jsonl").read_text().splitlines())
    in_time = itertools.takewhile(lambda _: time.monotonic() < end, cases)
    with Path("/out/rows.jsonl").open("w", encoding="utf-8") as rows:
        rows.writelines(json.dumps(asker.answered(case), separators=(",", ":")) + "\n" for case in in_time)


if __name__ == "__main__":
    main(float(sys.argv[1]))

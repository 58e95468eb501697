"""In the guest: a process that waits, makes one access with given credentials, and tells what came of it."""

from __future__ import annotations

import os
import select
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vm.access.calls import CALLS, I386, Call, Page
from tests.vm.access.netlink import URINGOP, Record

UNSET = "unset"
PATIENCE = 20.0  # seconds

Access = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the call returned and the error's number; None where a program was started, or nothing was done."""

    rc: int | None = None
    errno: int | None = None
    failure: str = ""  # why there was no access at all


class Process:
    """One forked process. It inherits what it needs, and makes no call like the access but the access."""

    def __init__(self, page: Page, access: Access) -> None:
        self.call: Call = CALLS[access.get("op") or access["kind"]]
        self._page = page
        page.name(access["path"], access.get("path2", "-"))
        self._said, say = os.pipe()
        hear, self._go = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self._go)
            os.close(self._said)
            self._live(access, hear, say)
        os.close(hear)
        os.close(say)
        self.descriptor, self._failure = -1, ""
        word = self._hear()
        if word.startswith("ready "):
            self.descriptor = int(word.split()[1])
        else:
            self._failure = word or "the process died"

    @property
    def arguments(self) -> list[int]:
        """The first four arguments, in 32 bits, as rules compare them."""
        return [each & 0xFFFFFFFF for each in (*self._page.arguments(self.call, self.descriptor), 0, 0, 0, 0)[:4]]

    def go(self) -> Outcome:
        """Have the access made, and wait for the process to end."""
        if not self._failure:
            os.write(self._go, b"g")
        os.close(self._go)
        word = self._hear() if not self._failure else ""
        os.close(self._said)
        os.waitpid(self.pid, 0)
        if self._failure:
            return Outcome(failure=self._failure)
        if not word:
            return Outcome()
        rc, number = map(int, word.split())
        return Outcome(rc, number)

    def made(self, record: Record) -> bool:
        """Whether a record is of the access; registers that the call does not use are not looked at."""
        if record.value("pid") != str(self.pid):
            return False
        if record.kind == URINGOP:
            return self.call.ring is not None
        mask = 0xFFFFFFFF if self.call.arch == I386 else 0xFFFFFFFFFFFFFFFF
        ours = [f"{each & mask:x}" for each in self._page.arguments(self.call, self.descriptor)[:4]]
        found = [record.value(f"a{number}") for number in range(len(ours))]
        called = (record.value("arch"), record.value("syscall"))
        return called == (self.call.arch, str(self.call.number)) and found == ours

    def _hear(self) -> str:
        if not select.select([self._said], [], [], PATIENCE)[0]:
            raise TimeoutError(f"process {self.pid} does not answer")
        return os.read(self._said, 200).decode()

    def _live(self, access: Access, hear: int, say: int) -> None:
        """The process itself. Pipes are closed by an exec."""
        try:
            self._become(access.get("as", {}))
            descriptor = self._page.descriptor(self.call, access["path"])
            self._lose_root(access.get("as", {}))
        except OSError as error:
            os.write(say, f"setup: {error}".encode())
            os._exit(1)
        os.write(say, b"ready %d" % descriptor)
        if os.read(hear, 1):
            rc, number = self._page.make(self.call, descriptor)
            os.write(say, b"%d %d" % (rc, number))
        os._exit(0)

    @staticmethod
    def _become(subject: dict[str, Any]) -> None:
        if subject.get("auid", UNSET) != UNSET:
            Path("/proc/self/loginuid").write_text(str(subject["auid"]))

    @staticmethod
    def _lose_root(subject: dict[str, Any]) -> None:
        uid = subject.get("uid", 0)
        gid = subject.get("gid", uid)
        if uid or gid:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)

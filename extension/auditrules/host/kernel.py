"""Asking for the rules that are loaded: the kernel itself, auditctl, or a listing that somebody saved."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import closing

from auditrules.audit.model.collected import File, Kernel, Netlink, Run
from auditrules.audit.model.host_facts import DEFAULT_VERSION, Version
from auditrules.host.limits import HostError, Limits
from auditrules.host.program import Deadline, run
from auditrules.host.rootfs import Tree, local
from auditrules.values import replace

TYPE_CHECKING = False  # typing's own takes importing it
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

STANDARD_INPUT = "-"
READERS = ("auto", "netlink", "auditctl", "none")

_VERSION = re.compile(rb"auditctl version ((\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?)\n?")


class Ask(Protocol):
    """Asks the kernel itself."""

    def __call__(self, deadline: Deadline, known: tuple[bytes, ...], /) -> Netlink:
        """What it answers in that time; `known` are the rules of its last answer, as of `Reply`."""


def is_saved(kernel: str) -> bool:
    """Whether `--kernel` names a saved listing."""
    return kernel == STANDARD_INPUT or "/" in kernel or (kernel not in READERS and os.path.lexists(kernel))


class KernelReader:
    """Whom to ask about the kernel of a root, as `Host` has it; None is this machine's own root.

    Raises HostError if `kernel` is nobody who could be asked.
    """

    def __init__(
        self,
        root: str | None,
        kernel: str,
        *,
        programs: Sequence[str],
        limits: Limits,
        ask: Ask,
    ) -> None:
        saved = is_saved(kernel)
        if not saved and kernel not in READERS:
            raise HostError(
                f"kernel: expected {', '.join(READERS)} or the path of a saved `auditctl -l`, found {kernel!r}, and "
                "there is no such file"
            )
        if kernel in ("netlink", "auditctl") and root is not None:
            raise HostError(f"kernel: {kernel} tells of this machine, not of {root!r}; use a saved listing or none")
        self._root = root
        self._kernel = kernel
        self._saved = saved
        self._programs = programs
        self._limits = limits
        self._ask = ask
        self._version: tuple[object, tuple[str, Version]] | None = None
        self._rules: tuple[bytes, ...] = ()

    def read(self) -> tuple[Kernel, str, Version]:
        """Ask, and tell the version of auditctl, too, as text and as numbers.

        Raises HostError if the saved listing cannot be read.
        """
        if self._saved:
            return Kernel("listing", saved=self._saved_listing()), "", DEFAULT_VERSION
        if self._kernel == "none":
            return Kernel("none", reason="the kernel was not asked, as wanted"), "", DEFAULT_VERSION
        if self._root is not None:
            reason = f"the rules of this machine's kernel are not those of root {self._root}"
            return Kernel("none", reason=reason), "", DEFAULT_VERSION
        # One time limit for all runs: what hangs once would hang again, and a table has to answer.
        deadline = Deadline(self._limits.seconds)
        kernel = self._answer(deadline)
        return kernel, *self._installed(deadline)

    def _answer(self, deadline: Deadline) -> Kernel:
        """The kernel's own word, else that of auditctl; of two refusals the kernel's, which says why."""
        asked = None
        if self._kernel in ("auto", "netlink"):
            answer = self._ask(Deadline(self._limits.netlink), self._rules)
            asked = Kernel("netlink", netlink=self._same_bytes(answer))
            if self._kernel == "netlink" or (asked.netlink and asked.netlink.rules is not None):
                return asked
        listing, status = (run(self._programs, (option,), deadline, self._limits.output) for option in ("-l", "-s"))
        if asked is not None and listing.returncode != 0:
            return asked
        return Kernel("auditctl", listing=listing, status=status)

    def _same_bytes(self, answer: Netlink) -> Netlink:
        """The answer, with the very tuple of the last one if all rules stayed, by which is looked up what it says."""
        if answer.rules == self._rules:
            return replace(answer, rules=self._rules)
        self._rules = answer.rules or ()
        return answer

    def _installed(self, deadline: Deadline) -> tuple[str, Version]:
        """The version of auditctl, asked again only where the program is another one."""
        program = next(filter(os.path.exists, self._programs), None)
        try:
            found = os.stat(program) if program else None
        except OSError:
            found = None
        identity = (found.st_dev, found.st_ino, found.st_mtime_ns) if found else None
        if self._version is None or self._version[0] != identity:
            told = _version(run(self._programs, ("-v",), deadline, self._limits.output))
            if not told[0]:
                return told  # it may only have had no time
            self._version = (identity, told)
        return self._version[1]

    def _saved_listing(self) -> File:
        file = _standard_input(self._limits.saved) if self._kernel == STANDARD_INPUT else self._named()
        if file is None or file.content is None:
            why = file.error if file else "no such file"
            raise HostError(f"kernel: cannot read the saved listing {self._kernel!r}: {why}")
        if b"\0" in file.content:
            raise HostError(
                f"kernel: {self._kernel!r} is no saved listing: expected what auditctl -l printed, found bytes that "
                "are no text"
            )
        return File(self._kernel, file.content)

    def _named(self) -> File | None:
        path = self._kernel if self._kernel.startswith("/") else f"{os.getcwd()}/{self._kernel}"
        with closing(Tree("/", local)) as tree:
            return tree.read(os.fsencode(path).decode("utf-8", "surrogateescape"), self._limits.saved)


def _standard_input(limit: int) -> File:
    try:
        with open(0, "rb", closefd=False) as stream:
            content = stream.read(limit + 1)
    except OSError as error:
        return File(STANDARD_INPUT, error=error.strerror or str(error))
    if len(content) > limit:
        return File(STANDARD_INPUT, error=f"longer than {limit} bytes, the most that is read")
    return File(STANDARD_INPUT, content)


def _version(answer: Run) -> tuple[str, Version]:
    match = _VERSION.fullmatch(answer.stdout)
    if answer.returncode != 0 or not match:
        return "", DEFAULT_VERSION
    text, *numbers = match.groups(b"0")
    major, minor, patch = map(int, numbers)
    return text.decode("ascii"), (major, minor, patch)

"""Reads the loaded rules and status: from the kernel over netlink, from auditctl, or from a saved listing."""

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
    """Asks the kernel over netlink."""

    def __call__(self, deadline: Deadline, known: tuple[bytes, ...], /) -> Netlink:
        """Return the answer within the deadline; `known` are the rules of the last answer, as in `Reply`."""


def is_saved(kernel: str) -> bool:
    """Whether `--kernel` names a saved listing."""
    return kernel == STANDARD_INPUT or "/" in kernel or (kernel not in READERS and os.path.lexists(kernel))


class KernelReader:
    """Reads the kernel's rules for a root, as `Host` says; the root None is this machine's own.

    Raises HostError if `kernel` is no reader for this root.
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
        """Read the kernel's answer, and auditctl's version as text and as numbers.

        Raises HostError if the saved listing can't be read.
        """
        if self._saved:
            return Kernel("listing", saved=self._saved_listing()), "", DEFAULT_VERSION
        if self._kernel == "none":
            return Kernel("none", reason="the kernel was not asked, as wanted"), "", DEFAULT_VERSION
        if self._root is not None:
            reason = f"the rules of this machine's kernel are not those of root {self._root}"
            return Kernel("none", reason=reason), "", DEFAULT_VERSION
        # One time limit for all runs: a program that hangs once would hang again, and a table has to answer.
        deadline = Deadline(self._limits.seconds)
        kernel = self._answer(deadline)
        return kernel, *self._installed(deadline)

    def _answer(self, deadline: Deadline) -> Kernel:
        """The answer over netlink, else auditctl's. If both refuse, netlink's, which says why."""
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
        """The answer, with the last one's tuple if no rule changed, so that results for it are found quickly."""
        if answer.rules == self._rules:
            return replace(answer, rules=self._rules)
        self._rules = answer.rules or ()
        return answer

    def _installed(self, deadline: Deadline) -> tuple[str, Version]:
        """The version of auditctl, asked again only if the program file has changed."""
        program = next(filter(os.path.exists, self._programs), None)
        try:
            found = os.stat(program) if program else None
        except OSError:
            found = None
        identity = (found.st_dev, found.st_ino, found.st_mtime_ns) if found else None
        if self._version is None or self._version[0] != identity:
            version = _version(run(self._programs, ("-v",), deadline, self._limits.output))
            if not version[0]:
                return version  # not kept: there may only have been no time left
            self._version = (identity, version)
        return self._version[1]

    def _saved_listing(self) -> File:
        file = _standard_input(self._limits.saved) if self._kernel == STANDARD_INPUT else self._named_file()
        if file is None or file.content is None:
            why = file.error if file else "no such file"
            raise HostError(f"kernel: cannot read the saved listing {self._kernel!r}: {why}")
        if b"\0" in file.content:
            raise HostError(
                f"kernel: {self._kernel!r} is no saved listing: expected what auditctl -l printed, found bytes that "
                "are no text"
            )
        return File(self._kernel, file.content)

    def _named_file(self) -> File | None:
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

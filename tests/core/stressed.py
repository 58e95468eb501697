"""The extension's program over a host that is hard on it: a word for the host, and what it takes."""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from auditrules.audit.kernel.netlink import AUDIT_LIST_RULES, Reply
from auditrules.audit.model.collected import Netlink
from auditrules.host import Host, KeptHost
from auditrules.host.program import Deadline
from auditrules.serve import backing, extension
from bench.rulesets import lines, payloads
from tests.core.replaced import replaced

STATUS = struct.pack("=10I", 0, 1, 1, 0, 0, 8192, 0, 0, 0, 60_000)
VERSIONS = 20  # of the rules of a host on which they change
RULES = 200  # of each version

_HEADER = struct.Struct("=IHHII")  # of a netlink message
_CLONE_NEWNS = 0x20000
_MS_REC_PRIVATE = 0x4000 | 0x40000


def loaded(count: str) -> Host:
    """Give a host with so many rules in its kernel."""
    rules = payloads(lines(int(count)))
    return Host(kernel="netlink", ask=lambda *_: Netlink(rules, STATUS))


def given(file: str) -> Host:
    """Give a host whose kernel answers with the payloads of a file, each behind its length, anew at each look."""

    def ask(_deadline: Deadline, known: tuple[bytes, ...]) -> Netlink:
        reply = Reply(AUDIT_LIST_RULES, 1, known)
        with Path(file).open("rb") as stream:
            while word := stream.read(4):
                (length,) = struct.unpack("=I", word)
                header = _HEADER.pack(_HEADER.size + length, AUDIT_LIST_RULES, 0, 1, 0)
                reply.take(header + stream.read(length))
        return Netlink(tuple(reply.payloads), STATUS)

    return Host(kernel="netlink", ask=ask)


def busy(count: str) -> Host:
    """Give a busy container host with so many rules in its kernel, in rules.d and in audit.rules.

    It is in a mount namespace of this process alone. Raises SetupError where the machine gives none.
    """
    from bench.container_host import ContainerHost  # noqa: PLC0415 - nobody else mounts anything

    rules = payloads(ContainerHost(int(count)).lines)
    return Host(kernel="netlink", ask=lambda *_: Netlink(rules, STATUS))


def changing() -> Host:
    """Give a host whose rules are others at each look; their key says which look it was."""
    versions = itertools.cycle(
        [payloads([f"-w /srv/{n} -p wa -k v{version}" for n in range(RULES)]) for version in range(VERSIONS)]
    )

    def ask(_deadline: Deadline, _known: tuple[bytes, ...]) -> Netlink:
        return Netlink(next(versions), STATUS)

    return Host(kernel="netlink", ask=ask)


def hanging(program: str) -> Host:
    """Give a host with this program as its auditctl."""
    return Host(kernel="auditctl", programs=(program,))


def dead(point: str) -> Host:
    """Give a host with a FUSE mount whose daemon never answers, and a rule in kernel and files on a path of it.

    Mount and file are in a mount namespace of this process alone, and end with it. Raises OSError where the machine
    gives no such namespace or mount, as in a container or below a chroot.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def did(what: str, result: int) -> None:
        if result:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), what)

    did("unshare --mount", libc.unshare(_CLONE_NEWNS))
    did("mount --make-rprivate /", libc.mount(b"none", b"/", None, _MS_REC_PRIVATE, None))
    did("mount -t tmpfs none /etc", libc.mount(b"none", b"/etc", b"tmpfs", 0, None))
    folder = Path("/etc/audit/rules.d")
    folder.mkdir(parents=True)
    rule = f"-w {point}/file -p wa"
    (folder / "dead.rules").write_text(f"{rule}\n")
    daemon = os.open("/dev/fuse", os.O_RDWR)  # held, and never read
    options = f"fd={daemon},rootmode=40000,user_id=0,group_id=0"
    did("mount -t fuse", libc.mount(b"dead", os.fsencode(point), b"fuse", 0, options.encode()))
    rules = payloads([rule])
    return Host(kernel="netlink", ask=lambda *_: Netlink(rules, STATUS))


HOSTS: Mapping[str, Callable[..., Host]] = {
    "loaded": loaded,
    "given": given,
    "busy": busy,
    "changing": changing,
    "hanging": hanging,
    "dead": dead,
}


def put(kind: str, *arguments: str) -> None:
    """Put a host of that kind behind the extension's tables."""
    host = HOSTS[kind](*arguments)
    kept = partial(KeptHost, max_age=0.0) if kind == "changing" else KeptHost
    replaced(backing, Host=lambda *_, **__: host, KeptHost=kept)


if __name__ == "__main__":
    own, of_osquery = sys.argv[1 : sys.argv.index("--socket")], sys.argv[sys.argv.index("--socket") :]
    put(*own)
    sys.exit(extension.main(of_osquery))

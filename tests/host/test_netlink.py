from __future__ import annotations

import errno
import io
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auditrules.audit.kernel.netlink import AUDIT_GET, AUDIT_GET_FEATURE, AUDIT_LIST_RULES, NLMSG_DONE, NLMSG_ERROR
from auditrules.audit.model.collected import Kernel, Netlink
from auditrules.host import Host, netlink
from auditrules.host.program import Deadline

STATUS = struct.pack("=11I", 0, 1, 1, 0, 0, 64, 0, 0, 0x7F, 15000, 0)
FEATURES = struct.pack("=4I", 1, 3, 2, 0)
Datagram = tuple[bytes, int, int]  # bytes, flags, port of the sender


def message(kind: int, sequence: int, payload: bytes = b"") -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, sequence, 0) + payload


def ack(sequence: int, number: int = 0) -> Datagram:
    return message(NLMSG_ERROR, sequence, struct.pack("=i", -number)), 0, 0


def said(kind: int, sequence: int, payload: bytes = b"") -> Datagram:
    return message(kind, sequence, payload), 0, 0


WHOLE = (
    *(ack(1), said(AUDIT_LIST_RULES, 1, b"rule"), said(NLMSG_DONE, 1)),
    *(ack(2), said(AUDIT_GET, 2, STATUS)),
    *(ack(3), said(AUDIT_GET_FEATURE, 3, FEATURES)),
)


class Speaker:
    """The kernel's end: a socket that answers from a list, None is a pause; at its end it says nothing more."""

    def __init__(self, *datagrams: Datagram | None) -> None:
        self.datagrams: Iterator[Datagram | None] = iter(datagrams)
        self.asked: list[int] = []
        self.waits = True

    def __enter__(self) -> Speaker:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        return

    def settimeout(self, seconds: float) -> None:
        self.waits = seconds > 0

    def sendto(self, datagram: bytes, address: tuple[int, int]) -> None:
        assert address == (0, 0)
        self.asked.append(struct.unpack_from("=IH", datagram)[1])

    def recvmsg(self, _size: int) -> tuple[bytes, list[object], int, tuple[int, int]]:
        found = next(self.datagrams, None)
        if found is None:
            raise TimeoutError if self.waits else BlockingIOError
        datagram, flags, port = found
        return datagram, [], flags, (port, 0)


@pytest.fixture
def speaking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Speaker]:
    def speak(*datagrams: Datagram | None) -> Speaker:
        kernel = Speaker(*datagrams)
        monkeypatch.setattr(socket, "socket", lambda *_: kernel)
        return kernel

    return speak


def asked() -> Netlink:
    return netlink.ask(Deadline(2.0))


def test_rules_status_and_features_are_asked_for_in_turn(speaking: Callable[..., Speaker]) -> None:
    kernel = speaking(*WHOLE)
    assert asked() == Netlink(rules=(b"rule",), status=STATUS, features=FEATURES)
    assert kernel.asked == [AUDIT_LIST_RULES, AUDIT_GET, AUDIT_GET_FEATURE]


def test_a_kernel_that_knows_no_features_answers_all_the_same(speaking: Callable[..., Speaker]) -> None:
    speaking(*WHOLE[:5], ack(3, errno.EINVAL))
    assert asked() == Netlink(rules=(b"rule",), status=STATUS)


def test_a_message_that_is_not_there_yet_is_waited_for(speaking: Callable[..., Speaker]) -> None:
    kernel = speaking(*WHOLE[:1], None, *WHOLE[1:4], None, *WHOLE[4:])
    assert asked() == Netlink(rules=(b"rule",), status=STATUS, features=FEATURES)
    assert not kernel.waits


def test_a_list_without_its_end_is_no_list(speaking: Callable[..., Speaker]) -> None:
    speaking(*WHOLE[:2])
    assert asked() == Netlink(timed_out=True, error="the kernel did not answer within 2 s")


def test_another_sender_is_not_believed(speaking: Callable[..., Speaker]) -> None:
    forged = message(AUDIT_LIST_RULES, 1, b"lies")
    speaking((forged, 0, 4711), *WHOLE)
    assert asked().rules == (b"rule",)


def test_a_message_that_was_cut_is_an_error(speaking: Callable[..., Speaker]) -> None:
    speaking((b"", socket.MSG_TRUNC, 0))
    assert asked() == Netlink(error="expected messages of at most 65536 bytes, found a longer one")


@pytest.mark.parametrize(
    ("answered", "what"),
    [((ack(1, errno.EPERM),), "listing the rules"), ((*WHOLE[:3], ack(2, errno.EPERM)), "asking for the status")],
)
def test_a_refusal_says_what_was_asked_and_whether_we_may(
    speaking: Callable[..., Speaker], monkeypatch: pytest.MonkeyPatch, answered: tuple[Datagram, ...], what: str
) -> None:
    monkeypatch.setattr(netlink, "capable", lambda: False)
    speaking(*answered)
    assert asked() == Netlink(errno=1, capable=False, error=f"{what}: Operation not permitted")


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ECONNREFUSED])
def test_a_socket_that_fails_is_an_error(
    speaking: Callable[..., Speaker], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, "x")

    monkeypatch.setattr(speaking(), "sendto", fail)
    assert (asked().errno, asked().rules) == (number, None)


def test_a_kernel_without_audit_has_no_such_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EPROTONOSUPPORT, "x")

    monkeypatch.setattr(socket, "socket", none)
    assert asked().errno == errno.EPROTONOSUPPORT


@pytest.mark.parametrize(
    ("status", "capable"),
    [("CapEff:\t000001ffffffffff\n", True), ("CapEff:\t0000000000000000\n", False), ("Name:\tx\n", None)],
)
def test_the_capability_is_read_from_proc(monkeypatch: pytest.MonkeyPatch, status: str, capable: bool | None) -> None:
    monkeypatch.setattr("builtins.open", lambda *_, **__: io.StringIO(status))
    assert netlink.capable() is capable


ANSWER = Netlink(rules=(), status=STATUS)
REFUSAL = Netlink(errno=1, capable=False, error="listing the rules: Operation not permitted")


def program(folder: Path, script: str) -> tuple[str]:
    path = folder / "auditctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return (str(path),)


def kernel_of(kernel: str, answer: Netlink, programs: tuple[str, ...]) -> Kernel:
    return Host(kernel=kernel, programs=programs, ask=lambda *_: answer).sources().kernel


def test_auto_takes_the_kernel_s_own_word(tmp_path: Path) -> None:
    assert kernel_of("auto", ANSWER, program(tmp_path, "echo 'No rules'")) == Kernel("netlink", netlink=ANSWER)


def test_auto_asks_auditctl_where_the_kernel_refuses_us(tmp_path: Path) -> None:
    found = kernel_of("auto", REFUSAL, program(tmp_path, "echo 'No rules'"))
    assert (found.reader, found.listing and found.listing.stdout) == ("auditctl", b"No rules\n")


def test_of_two_refusals_auto_tells_the_kernel_s(tmp_path: Path) -> None:
    assert kernel_of("auto", REFUSAL, program(tmp_path, "exit 4")) == Kernel("netlink", netlink=REFUSAL)


def test_netlink_alone_asks_nobody_else(tmp_path: Path) -> None:
    assert kernel_of("netlink", REFUSAL, program(tmp_path, "echo 'No rules'")) == Kernel("netlink", netlink=REFUSAL)


def test_auditctl_alone_does_not_ask_the_kernel(tmp_path: Path) -> None:
    assert kernel_of("auditctl", ANSWER, program(tmp_path, "echo 'No rules'")).reader == "auditctl"


def test_the_consumer_is_named_by_the_kernel_s_status(tmp_path: Path) -> None:
    answer = Netlink(rules=(), status=struct.pack("=11I", 0, 1, 1, os.getpid(), 0, 64, 0, 0, 0, 15000, 0))
    host = Host(programs=program(tmp_path, "exit 1"), ask=lambda *_: answer)
    assert host.sources().consumer == Path("/proc/self/comm").read_text().strip()


def test_the_version_is_asked_once_while_the_program_is_the_same(tmp_path: Path) -> None:
    programs = program(tmp_path, f"echo x >>{tmp_path}/asked; echo 'auditctl version 3.1.5'")
    host = Host(programs=programs, ask=lambda *_: ANSWER)
    versions = [host.sources().auditctl_version for _ in range(3)]
    assert (versions, (tmp_path / "asked").read_text()) == (["3.1.5"] * 3, "x\n")

"""In the guest: changing the kernel's audit rules and settings, and reading every record it sends to listeners."""

from __future__ import annotations

import os
import re
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

NETLINK_AUDIT = 9
AUDIT_GET, AUDIT_SET, AUDIT_DEL_RULE, AUDIT_LIST_RULES, AUDIT_USER_AVC = 1000, 1001, 1012, 1013, 1107
NLMSG_ERROR, NLMSG_DONE = 2, 3
SYSCALL, PATH, URINGOP = 1300, 1302, 1336  # types of records
NLM_F_REQUEST, NLM_F_ACK = 1, 4
SO_RCVBUFFORCE = 33
READLOG = 1  # the multicast group of all records

HEADER = struct.Struct("=IHHII")
# What AUDIT_SET takes: which of the values to take, and the values up to the backlog limit.
SETTINGS = {"enabled": 1, "failure": 2, "pid": 4, "rate_limit": 8, "backlog_limit": 16}

PATIENCE = 20.0  # seconds; an emulated machine on a busy one


class Kernel:
    """A socket to ask and to change the kernel's audit."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
        self._socket.bind((0, 0))
        self._socket.settimeout(PATIENCE)
        self._sequence = 0

    def rules(self) -> list[bytes]:
        """The rules as the kernel lists them, in its order."""
        return list(self._ask(AUDIT_LIST_RULES))

    def status(self) -> dict[str, int]:
        """The settings that decide whether a record comes."""
        values = struct.unpack_from("=6I", next(iter(self._ask(AUDIT_GET))))[1:]
        return {name: value for name, value in zip(SETTINGS, values, strict=True) if name != "pid"}

    def set(self, **values: int) -> None:
        """Change settings."""
        mask = sum(SETTINGS[name] for name in values)
        numbers = [values.get(name, 0) for name in SETTINGS]
        list(self._ask(AUDIT_SET, struct.pack("=6I", mask, *numbers) + bytes(20)))

    def clear(self) -> None:
        """Delete every rule; the kernel itself may have dropped one since it was listed."""
        for rule in self.rules():
            with suppress(FileNotFoundError):
                list(self._ask(AUDIT_DEL_RULE, rule))

    def say(self, text: str) -> None:
        """Have the kernel send a record of ours, behind all that it has to send already."""
        list(self._ask(AUDIT_USER_AVC, text.encode() + b"\0"))

    def _ask(self, kind: int, payload: bytes = b"") -> Iterator[bytes]:
        self._sequence += 1
        asks = kind in (AUDIT_GET, AUDIT_LIST_RULES)  # the answer comes from a thread of its own, after any ACK
        flags = NLM_F_REQUEST if asks else NLM_F_REQUEST | NLM_F_ACK
        self._socket.send(HEADER.pack(16 + len(payload), kind, flags, self._sequence, 0) + payload)
        while True:
            data = self._socket.recv(1 << 16)
            while len(data) >= HEADER.size:
                length, found, _, sequence, _ = HEADER.unpack_from(data)
                body, data = data[HEADER.size : length], data[(length + 3) & ~3 :]
                if sequence != self._sequence:
                    continue
                if found == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    if number:
                        raise OSError(number, f"{os.strerror(number)} for message {kind}")
                elif found != NLMSG_DONE:
                    yield body
                if found != AUDIT_LIST_RULES:
                    return


@dataclass(frozen=True, slots=True)
class Record:
    """One audit record: its type's number, the event it belongs to, and its text."""

    kind: int
    event: str
    text: str

    def value(self, name: str) -> str | None:
        """A field's value as written; None where there is no such field."""
        found = re.search(rf"\b{name}=(\"[^\"]*\"|\S+)", self.text)
        return found[1] if found else None

    def string(self, name: str) -> str | None:
        """A field's value as text: in quotes, or in hexadecimal where it holds what can't be quoted."""
        found = self.value(name)
        if found is None or found == "(null)":
            return None
        if found.startswith('"'):
            return found.strip('"')
        try:
            return bytes.fromhex(found).decode("utf-8", "backslashreplace")
        except ValueError:
            return found


class Listener:
    """Every record, as the read-only multicast group gets it."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self._socket.bind((0, READLOG))
        self._marks = 0

    def heard(self) -> list[Record]:
        """All records up to now; no rule may be loaded any more, lest one excludes the mark that ends them.

        Raises `TimeoutError` if the mark does not come, `OSError` (ENOBUFS) if records were lost on the way here.
        """
        self._marks += 1
        mark = f"mark-{self._marks}-end"
        self._kernel.say(mark)
        records: list[Record] = []
        limit = time.monotonic() + PATIENCE
        while (left := limit - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                break
            data = self._socket.recv(1 << 16)
            kind = HEADER.unpack_from(data)[1]
            text = data[HEADER.size :].rstrip(b"\0").decode("utf-8", "backslashreplace")
            if mark in text:
                return records
            found = re.search(r"audit\([\d.]+:(\d+)\)", text)
            records.append(Record(kind, found[1] if found else "", text))
        raise TimeoutError(f"the kernel did not send {mark}")

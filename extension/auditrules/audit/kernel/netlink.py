"""Encodes and decodes the netlink messages for the kernel's rules, status and features (linux/audit.h, netlink.h).

A reply is complete, or an error: a list that is cut, or lost a message, is never taken for all rules.
"""

from __future__ import annotations

import struct

from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.kernel.rule_data import packed
from auditrules.audit.model.errors import NetlinkError
from auditrules.values import dataclass, field

AUDIT_GET = 1000
AUDIT_LIST_RULES = 1013
AUDIT_GET_FEATURE = 1019

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLMSG_OVERRUN = 4
NLM_F_REQUEST = 1
NLM_F_ACK = 4

_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")
_STATUS_WORDS = ("mask", "enabled", "failure", "pid", "rate_limit", "backlog_limit", "lost", "backlog")
_FEATURES = struct.Struct("=IIII")
_LOGINUID_IMMUTABLE = 1 << 1  # AUDIT_FEATURE_LOGINUID_IMMUTABLE


def decode_status(payload: bytes, loginuid_immutable: int | None = None) -> AuditStatus:
    """Decode the status in an AUDIT_GET payload. Kernels before 3.14 have no backlog_wait_time in it.

    Raises:
        NetlinkError: the payload is cut.
    """
    words = struct.unpack_from(f"={len(payload) // 4}I", payload)
    if len(words) < len(_STATUS_WORDS):
        raise NetlinkError(f"expected a status of at least {4 * len(_STATUS_WORDS)} bytes, found {len(payload)}")
    numbers = dict(zip(_STATUS_WORDS, words, strict=False))
    del numbers["mask"]
    wait = words[9] if len(words) > 9 else None  # noqa: PLR2004 - word 8 is the bitmap of features
    return AuditStatus(**numbers, backlog_wait_time=wait, loginuid_immutable=loginuid_immutable)


def without_counters(payload: bytes) -> bytes:
    """An AUDIT_GET payload with the backlog and the number of lost records set to 0; a cut payload is unchanged."""
    counts = [4 * _STATUS_WORDS.index(name) for name in ("lost", "backlog")]
    if len(payload) < 4 * len(_STATUS_WORDS):
        return payload
    cleared = bytearray(payload)
    for start in counts:
        cleared[start : start + 4] = bytes(4)
    return bytes(cleared)


def decode_loginuid_immutable(payload: bytes) -> int:
    """Decode an AUDIT_GET_FEATURE payload: 1 if a login uid can't be changed once it is set, else 0.

    Raises:
        NetlinkError: the payload is cut.
    """
    if len(payload) < _FEATURES.size:
        raise NetlinkError(f"expected features of {_FEATURES.size} bytes, found {len(payload)}")
    _, _, features, _ = _FEATURES.unpack_from(payload)
    return int(bool(features & _LOGINUID_IMMUTABLE))


def request(kind: int, sequence: int) -> bytes:
    """A request message without a payload."""
    return _HEADER.pack(_HEADER.size, kind, NLM_F_REQUEST | NLM_F_ACK, sequence, 0)


@dataclass(slots=True)
class Reply:
    """The answer to one request, taken message by message. `refused` is the kernel's errno, 0 if it refused nothing.

    `known` are the rules of an earlier answer. A rule that is equal at the same place is stored as that same object, as
    ten thousand rules take a megabyte.
    """

    kind: int
    sequence: int
    known: tuple[bytes, ...] = ()
    payloads: list[bytes] = field(default_factory=list)
    refused: int = 0
    acknowledged: bool = False
    ended: bool = False

    @property
    def complete(self) -> bool:
        """Whether all messages have arrived."""
        if self.refused:
            return True
        listed = self.ended if self.kind == AUDIT_LIST_RULES else bool(self.payloads)
        return self.acknowledged and listed

    def take(self, datagram: bytes) -> None:
        """Take the messages of one recv.

        Raises:
            NetlinkError: a message is cut, or the kernel says that it lost some.
        """
        start, end = 0, len(datagram)
        while start < end:
            left = end - start
            if left < _HEADER.size:
                raise NetlinkError(f"expected a message of at least {_HEADER.size} bytes, found {left}")
            length, kind, _, sequence, _ = _HEADER.unpack_from(datagram, start)
            if not _HEADER.size <= length <= left:
                raise NetlinkError(f"expected a message of {length} bytes, found {left}")
            if sequence == self.sequence:  # other messages answer an earlier request
                self._message(kind, datagram[start + _HEADER.size : start + length])
            start += (length + 3) & ~3

    def _message(self, kind: int, payload: bytes) -> None:
        if kind == self.kind:
            self.payloads.append(self._held_once(packed(payload)) if kind == AUDIT_LIST_RULES else payload)
        elif kind == NLMSG_ERROR:
            if len(payload) < _ERROR.size:
                raise NetlinkError(f"expected an error of at least {_ERROR.size} bytes, found {len(payload)}")
            self.refused = -_ERROR.unpack_from(payload)[0]
            self.acknowledged = True
        elif kind == NLMSG_DONE:
            self.ended = True
        elif kind == NLMSG_OVERRUN:
            raise NetlinkError("the kernel lost a part of its answer")
        elif kind != NLMSG_NOOP:
            raise NetlinkError(f"expected messages of type {self.kind}, found {kind}")

    def _held_once(self, rule: bytes) -> bytes:
        place = len(self.payloads)
        return self.known[place] if place < len(self.known) and self.known[place] == rule else rule

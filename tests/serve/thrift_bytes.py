"""Parts of messages in thrift's binary protocol, written by hand."""

from __future__ import annotations

import struct


def text(value: bytes) -> bytes:
    """A string: its length and its bytes."""
    return struct.pack("!i", len(value)) + value

"""Bytes of a host as text, and back. Bytes that are not UTF-8 are kept as surrogates."""

from __future__ import annotations


def decode(raw: bytes) -> str:
    """Bytes of a file or a listing as text."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that `decode` made the text of."""
    return text.encode("utf-8", "surrogateescape")

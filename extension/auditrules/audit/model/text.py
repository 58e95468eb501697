"""Bytes of a host as text, and back: what is not UTF-8 is kept."""

from __future__ import annotations


def decode(raw: bytes) -> str:
    """Bytes of a file or a listing as text; what is not UTF-8 is kept as surrogates, and `encode` gives it back."""
    return raw.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that `decode` made the text of."""
    return text.encode("utf-8", "surrogateescape")

"""Enumerations of texts."""

from __future__ import annotations

from enum import Enum


class TextEnum(str, Enum):
    """A few texts. Each hashes and prints as its text, at C's speed.

    The hash of `Enum` and its `value` are Python functions, too slow for what a host with many rules asks all the time.
    """

    __hash__ = str.__hash__
    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]  # which mypy takes for a function without a self

"""The stand-in core as fixtures of pytest; it is imported with the first test that asks for it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.core import Core


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder whose path is short enough for sockets, wherever pytest keeps its own."""
    with tempfile.TemporaryDirectory(prefix="em", dir="/tmp") as path:
        yield Path(path)


@pytest.fixture
def core(folder: Path) -> Iterator[Core]:
    """Give a core that listens in the folder."""
    from tests.core import Core  # noqa: PLC0415

    with Core(folder) as one:
        yield one

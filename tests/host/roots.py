"""Files of a root, made on the spot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def write(root: Path, path: str, content: str = "x") -> None:
    """Write a file, with the folders above it."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content)


def filled(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files with the folders above them, and give the root."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root

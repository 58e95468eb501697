from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.host.rootfs import Tree, local


@pytest.fixture
def tree(root: Path) -> Iterator[Tree]:
    """Open the root of the module's own fixture."""
    with closing(Tree(str(root), local)) as opened:
        yield opened

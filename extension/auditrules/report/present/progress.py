"""Shows a progress bar on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def progress(stream: TextIO, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give a function to call with the number of bytes that were just read. The bar disappears at the end of the block.

    If `stream` is no terminal, nothing is written to it. `total` is in bytes; None: not known.
    """
    if not stream.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - where nobody looks, it need not be loaded
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda read: bar.advance(task, read)

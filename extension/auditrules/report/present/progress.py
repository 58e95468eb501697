"""A bar on a terminal while something long is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def progress(stream: TextIO, what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more bytes are read; the bar is gone when the block ends.

    Where `stream` is no terminal, nothing is written to it. `total` is in bytes, None where nobody knows.
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

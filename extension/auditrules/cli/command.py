"""The output and the errors of a command. Every start of the command line imports this module, so it imports little."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import suppress

from auditrules.text import visible

TYPE_CHECKING = False  # importing typing's takes time
if TYPE_CHECKING:
    import argparse

NAME = "auditrules"

CommandOutput = tuple[str | Iterable[str], int]
"""The output of a command: its text, in pieces if it is long, and its exit code."""


class Problem(Exception):  # noqa: N818 - it is no error of the program
    """The command can't do what it was asked. The message is for the person who ran it."""


def warn(text: str) -> None:
    """Print a warning on standard error."""
    if sys.stderr is not None:  # None: it was closed before we began
        with suppress(OSError):  # there is nowhere else to say it, and the exit code says it too
            sys.stderr.write(f"{NAME}: {visible(text)}\n")
            sys.stderr.flush()


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option --format."""
    from auditrules.present import Format  # noqa: PLC0415 - it says why

    parser.add_argument(
        "--format", choices=[form.value for form in Format], default=Format.TABLE.value, help="default: table"
    )


def add_benchmark(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options --benchmark and --control."""
    parser.add_argument(
        "--benchmark",
        metavar="NAME[:VERSION]",
        action="append",
        default=[],
        help=f"only this benchmark, such as cis-docker:1.2.0; without VERSION, the newest; repeatable ({default})",
    )
    parser.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only this control, such as 1.2.3; repeatable"
    )

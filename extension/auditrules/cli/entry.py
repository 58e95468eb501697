"""The command line: find the command, run it, print what it says, and turn problems into words and an exit code."""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import TextIO

from auditrules import __version__
from auditrules.check import CheckError
from auditrules.cli import check, coverage, doctor, pack, query, report
from auditrules.cli.command import NAME, Problem, Said, World
from auditrules.host import HostError
from auditrules.present import visible
from auditrules.sql.error import SqlError

COMMANDS = (check, coverage, query, pack, doctor, report)  # in the order of the help

_PROBLEM = 2
_INTERRUPTED = 130  # 128 + SIGINT, as a shell has it
_BROKEN_PIPE = 141  # 128 + SIGPIPE

_DESCRIPTION = "What is audited on this host, as SQL."
_EPILOG = """\
examples:
  auditrules check
  auditrules coverage /usr/bin/dockerd
  auditrules query "SELECT source, path, permissions, keys FROM audit_rules"
  auditrules doctor

"auditrules COMMAND --help" says more.
"""


def main(
    argv: Sequence[str] | None = None,
    *,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    world: World | None = None,
) -> int:
    """Run a command: the result goes to `stdout`, problems go to `stderr`. Returns the exit code."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    try:
        with redirect_stdout(out), redirect_stderr(err):
            options = _parser().parse_args(argv)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else _PROBLEM
    run: Callable[[argparse.Namespace, World], Said] = options.run
    try:
        text, code = run(options, world or World())
        _write(text, out)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # who read has gone, as in `auditrules query ... | head`
        _abandon(out)
        return _BROKEN_PIPE
    except (Problem, HostError, SqlError, CheckError) as error:
        first, *others = (visible(line) for line in str(error).split("\n"))
        _write("\n".join([f"{NAME}: {first}", *others, ""]), err)
        return _PROBLEM
    except Exception:  # noqa: BLE001 - Python's own exit code for a bug, 1, would read as the verdict of a check
        _write(traceback.format_exc(), err)
        return _PROBLEM
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        NAME,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return parser


def _write(text: str | Iterable[str], stream: TextIO) -> None:
    """Write, each piece before the next is made, and flush; what the stream's encoding lacks becomes an escape."""
    encoding = stream.encoding or "utf-8"  # None: a stream of text that is not encoded at all
    try:
        pieces = (text,) if isinstance(text, str) else text
        stream.writelines(piece.encode(encoding, "backslashreplace").decode(encoding) for piece in pieces)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _abandon(stream)
        raise Problem(f"cannot write the result: {error.strerror}") from error


def _abandon(stream: TextIO) -> None:
    """Let what the stream still holds go nowhere: Python writes it at exit, and would fail once more."""
    with suppress(io.UnsupportedOperation):  # there is no file behind it
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)

"""The command line: finds and runs the command, prints its result, and turns errors into messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from itertools import pairwise
from types import MappingProxyType

from auditrules import __version__
from auditrules.cli.command import NAME, CommandOutput, Problem
from auditrules.text import visible

TYPE_CHECKING = False  # importing typing's takes time
if TYPE_CHECKING:
    import argparse
    from typing import TextIO

    from auditrules.cli.environment import Environment

COMMANDS = MappingProxyType(
    {
        "check": "judge this host by the benchmarks",
        "coverage": "say whether the kernel would record an access to a path, and why",
        "lint": "say what is wrong with rules before they are loaded",
        "diff": "say what a change of rules changes: what is recorded no more, and what newly",
        "rules": "write the rules files that make a host pass, or a smaller set that records the same",
        "query": "run one SELECT on the tables",
        "pack": "show or write packs for osquery and files for Fleet",
        "doctor": "say whether the extension is installed, loaded and able to work",
        "report": "what a fleet's result logs say: who passes, who fails and why, who is silent",
    }
)
"""The modules of the commands in the order of the help, with their lines there, without a full stop."""

_VERSION = f"{NAME} {__version__}"
_OPERANDS = ("paths", "old", "new")
_READ = (*_OPERANDS, "rules", "kernel")  # arguments that may be `-`, by their names in the parsers
_STANDARD_INPUT = ("-", "listing:-")
_PROBLEM = 2
_INTERRUPTED = 130  # 128 + SIGINT, as in a shell
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
    environment: Environment | None = None,
) -> int:
    """Run a command. Its result goes to `stdout`, problems go to `stderr`. Returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    out, err = stdout or sys.stdout, stderr or sys.stderr or io.StringIO()  # None: it was closed
    try:
        # The version needs no parser: to make one takes longer than Python takes to start.
        text, code = (f"{_VERSION}\n", 0) if [*argv] == ["--version"] else _result(argv, out, err, environment)
        write(text, _open(out))
    except SystemExit as stop:  # the parser has printed its message
        return stop.code if isinstance(stop.code, int) else _PROBLEM
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader has ended, as in `auditrules query ... | head`
        _abandon(out)
        return _BROKEN_PIPE
    except Problem as error:
        first, *others = (visible(line) for line in str(error).split("\n"))
        write("\n".join([f"{NAME}: {first}", *others, ""]), err)
        return _PROBLEM
    except Exception:  # noqa: BLE001 - Python's own exit code for a bug, 1, would read as the verdict of a check
        import traceback  # noqa: PLC0415 - only a bug needs it

        write(traceback.format_exc(), err)
        return _PROBLEM
    return code


def _result(argv: Sequence[str], out: TextIO, err: TextIO, environment: Environment | None) -> CommandOutput:
    """Parse the arguments and run the command."""
    with redirect_stdout(out), redirect_stderr(err):
        options, unknown = parser_for(argv).parse_known_args(argv)
        if unknown:
            options.command.error(f"unrecognized arguments: {' '.join(unknown)}")
        if option := _option_before_empty(argv):
            options.command.error(f"expected a word behind {option}, found an empty one: is a variable not set?")
        if "" in _words(options, _OPERANDS):
            options.command.error("expected a path, found an empty word: is a variable not set?")
    if sum(word in _STANDARD_INPUT for word in _words(options, _READ)) > 1:
        raise Problem("standard input can be read once: expected one -, found more")
    options.width = _width(_open(out))
    run: Callable[[argparse.Namespace, Environment | None], CommandOutput] = options.run
    with redirect_stderr(err):
        return run(options, environment)


def _option_before_empty(argv: Sequence[str]) -> str:
    """The first option that is followed by an empty word, such as a variable that is not set; empty: there is none.

    To take such an option as not given would be to answer for this host where another's root was meant.
    """
    for word, following in pairwise([*argv, "-"]):
        option, equals, value = word.partition("=")
        if option == "--":
            break
        if option.startswith("--") and not (value if equals else following):
            return option
    return ""


def _words(options: argparse.Namespace, names: Iterable[str]) -> list[str]:
    """The values of the options and operands with these names, if the command has them."""
    values = (getattr(options, name, ()) for name in names)
    return [word for value in values for word in ([value] if isinstance(value, str) else value)]


def _open(stream: TextIO | None) -> TextIO:
    """The stream. Raises Problem for None, which Python has for a stream that was closed before it started."""
    if stream is None:
        raise Problem("standard output is closed: nothing can be written to it")
    return stream


def _width(stream: TextIO) -> int | None:
    """The columns of the terminal; None if the stream is no terminal, so that nothing is cut or wrapped."""
    try:
        return os.get_terminal_size(stream.fileno()).columns if stream.isatty() else None
    except (OSError, ValueError):  # there is no file behind it, or it is closed
        return None


def parser_for(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Make the parser for these arguments. It imports only the commands among them, as imports take time."""
    # Not at the top, as the version needs neither.
    import argparse  # noqa: PLC0415
    from importlib import import_module  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        NAME,
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=_VERSION)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, purpose in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.set_defaults(command=command)
        if name in argv:
            import_module(f"auditrules.cli.{name}").register(command)
    return parser


def write(text: str | Iterable[str], stream: TextIO) -> None:
    """Write and flush each piece before the next is made. Characters that the encoding lacks are escaped."""
    encoding = stream.encoding or "utf-8"  # None: the stream does not encode its text
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
    """Discard the buffer of the stream: Python would write it at exit, and fail once more."""
    with suppress(io.UnsupportedOperation):  # there is no file behind it
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)

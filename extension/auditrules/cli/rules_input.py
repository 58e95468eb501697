"""Reads the rules that a command line names: a file, a folder rules.d, standard input, or those of a root folder."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

from auditrules.audit.boot.augenrules import AUDIT_RULES, RULES_D, Awk
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.text import decode
from auditrules.authoring.file_checks import is_utf_16
from auditrules.authoring.reading import IGNORED_FOLDER, RulesInput
from auditrules.cli.command import Problem
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree, local
from auditrules.text import visible

STANDARD_INPUT = "-"
LARGEST = 16 << 20  # bytes of a file
MOST_BYTES = 64 << 20  # of a folder
MOST_NAMES = 10_000  # in a folder
_COPY = "put the file itself there, or name the root folder of the image that both are in as --root DIR"
_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
)


def rules_input(path: str, root: str = "") -> RulesInput:
    """Read the rules of a path: a file, a folder, or `-` for standard input.

    Who fills a folder may be somebody else than who names it, so links in it are followed inside of it only; of a
    folder below a root that is named, too, inside of the root, as its own augenrules would.
    Raises Problem if it can't be read as rules; what can't be read in a folder is told by its file.
    """
    if path == STANDARD_INPUT:
        return RulesInput(path, (File(path, _checked(path, _standard_input())),))
    if (
        root
        and _is_below(os.path.normpath(Path(path).absolute()), root)
        and not _is_below(os.path.realpath(path), root)
    ):
        end = visible(os.path.realpath(path))
        raise Problem(f"cannot read {visible(path)}: a link leads out of --root {visible(root)}, to {end}")
    try:
        is_folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - a Path would drop "./" and "//"
    except OSError as error:
        raise Problem(f"cannot read {visible(path)}: {_words(error)}") from error
    return _folder(path, root) if is_folder else RulesInput(path, (File(path, _checked(path, _named(path))),))


def whole_rules(path: str, root: str = "") -> RulesInput:
    """Read the rules of a path as `rules_input` does. Raises Problem if one of its files can't be read."""
    found = rules_input(path, root)
    for file in found.files:
        if file.content is None:
            raise Problem(f"cannot read {visible(file.path)}: {file.error}")
    return found


def rules_input_of_root(root: str, sources: Sources) -> RulesInput:
    """The rules that a root's augenrules reads; without any in rules.d, those of its audit.rules.

    Raises Problem if there are none.
    """
    if sources.rules_d or sources.rules_d_error:
        if sources.rules_d_error:
            raise Problem(f"cannot read {RULES_D} of {visible(root)}: {sources.rules_d_error}")
        with closing(Tree(root, local)) as tree:
            try:
                names = tree.names(RULES_D)
            except UnreadableError as error:
                raise Problem(f"cannot read {RULES_D} of {visible(root)}: {error}") from error
            ignored = tuple(_ignored(RULES_D, names, lambda path: tree.look([path])[path].type == "dir"))
        return RulesInput(RULES_D, sources.rules_d, folder=True, ignored=ignored, awk=awk_of(sources))
    if sources.audit_rules is None:
        raise Problem(f"{visible(root)} has no rules: neither {RULES_D}/*.rules nor {AUDIT_RULES} is there")
    if sources.audit_rules.content is None:
        raise Problem(f"cannot read {AUDIT_RULES} of {visible(root)}: {sources.audit_rules.error}")
    return RulesInput(AUDIT_RULES, (sources.audit_rules,))


def awk_of(sources: Sources) -> Awk | None:
    """The awk that a host's augenrules runs; None: not known."""
    program = sources.units.awk.rpartition("/")[2] if sources.units else ""
    return next((each for each in Awk if program.startswith(each.value)), None)


def _folder(path: str, root: str) -> RulesInput:
    try:
        names = sorted(decode(os.fsencode(name)) for name in os.listdir(path))  # noqa: PTH208 - names, not paths that Path writes anew
    except OSError as error:
        raise Problem(f"cannot read {visible(path)}: {_words(error)}") from error
    if len(names) > MOST_NAMES:
        most = f"more than {MOST_NAMES} names in a folder, the most that are read"
        raise Problem(f"cannot read {visible(path)}: {most}")
    ignored = tuple(_ignored(path, names, lambda each: Path(each).is_dir()))
    skipped = {each for each, _ in ignored}
    files: list[File] = []
    left = MOST_BYTES
    for name in names:
        own = f"{path.rstrip('/')}/{name}"
        if own in skipped:
            continue
        try:
            content = _of_link(own, path, root) if Path(own).is_symlink() else _content(own, os.O_NOFOLLOW)
        except _UnreadError as error:
            files.append(File(own, error=str(error)))
            continue
        left -= len(content)
        if left < 0:
            most = f"more than {MOST_BYTES} bytes in a folder, the most that are read"
            raise Problem(f"cannot read {visible(path)}: {most}")
        files.append(File(own, content))
    if not files:
        own = f"{path.rstrip('/')}{RULES_D}"
        hint = f"; those of the host or image are in {own}" if Path(own).is_dir() else ""
        raise Problem(f"{visible(path)}: expected a folder with *.rules, as augenrules reads them, found none{hint}")
    return RulesInput(path, tuple(files), folder=True, ignored=ignored)


def _ignored(folder: str, names: Iterable[str], is_folder: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The names that augenrules ignores, with the reason."""
    for name in names:
        path = f"{folder.rstrip('/')}/{name}"
        if name.startswith(".") and name.endswith(".rules"):
            yield path, "its name begins with a dot"
        elif not name.endswith(".rules") and not name.startswith("."):
            yield path, IGNORED_FOLDER if is_folder(path) else "its name does not end in .rules"


class _UnreadError(Exception):
    """A file can't be read. The message says why."""


def _named(path: str) -> bytes:
    """Read the file that the command line names. Raises Problem."""
    try:
        return _content(path)
    except _UnreadError as error:
        raise Problem(f"cannot read {visible(path)}: {error}") from error


def _is_below(path: str, root: str) -> bool:
    """Whether a path is in a root, by its text or with links followed."""
    tops = {os.path.normpath(Path(root).absolute()), os.path.realpath(root)}
    return any(path == top or path.startswith(f"{top.rstrip('/')}/") for top in tops)


def _of_link(link: str, folder: str, root: str) -> bytes:
    """Read the target of a link in a folder. It must be inside the folder, or inside the root of that folder."""
    top = above = os.path.realpath(folder)
    try:
        if root and _is_below(top, root):
            above = os.path.realpath(root)
            place = f"{top[len(above.rstrip('/')) :]}/{link.rpartition('/')[2]}"
        else:
            target = os.path.realpath(link, strict=True)
            if not target.startswith(f"{top}/"):
                raise _UnreadError(
                    f"it is a link to {visible(target)}, out of the folder, which is not followed: {_COPY}"
                )
            place = target[len(top) :]
        with closing(Tree(above, local)) as tree:
            found = tree.read(place, LARGEST)
    except OSError as error:
        raise _UnreadError(_words(error)) from error
    if found is None or found.content is None:
        raise _UnreadError(found.error if found else os.strerror(errno.ENOENT))
    return found.content


def _content(path: str, more: int = 0) -> bytes:
    """Read a regular file, which must not change meanwhile. `more`: further flags for open(2)."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | more)
        try:
            before = os.fstat(number)
            found = next((kind for is_kind, kind in _KINDS if is_kind(before.st_mode)), "")
            if found:
                raise _UnreadError(f"expected a regular file, found {found}")
            with os.fdopen(number, "rb", closefd=False) as stream:
                content = _limited(stream.read(LARGEST + 1))
            after = os.fstat(number)
        finally:
            os.close(number)
    except OSError as error:
        raise _UnreadError(_words(error)) from error
    if len(content) != after.st_size or _change_stamp(before) != _change_stamp(after):
        raise _UnreadError("it changed while it was read")
    return content


def _change_stamp(status: os.stat_result) -> tuple[int, int, int]:
    """Values that change when a file is written. Nobody can set the last one back."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise Problem("cannot read standard input: it is closed")
    try:
        content = _limited(sys.stdin.buffer.read(LARGEST + 1))
    except OSError as error:
        raise Problem(f"cannot read standard input: {_words(error)}") from error
    except _UnreadError as error:
        raise Problem(f"cannot read standard input: {error}") from error
    if not content.strip():
        raise Problem("standard input is empty: expected rules: did what writes them fail? (-D is a set without rules)")
    return content


def _limited(content: bytes) -> bytes:
    if len(content) > LARGEST:
        raise _UnreadError(f"longer than {LARGEST} bytes, the most that is read")
    return content


def _checked(path: str, content: bytes) -> bytes:
    """Raise Problem unless a file that was named is text. UTF-16 passes, as lint reports it."""
    if b"\0" in content and not is_utf_16(content) and content.count(0) > content.count(b"\n"):
        raise Problem(f"cannot read {visible(path)} as rules: expected text, found bytes that are none")
    return content


def _words(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a loop of symbolic links"
    if error.errno == errno.ENXIO:  # open(2) refuses sockets with it
        return "expected a regular file, found a socket, or a device that is not there"
    return error.strerror or str(error)

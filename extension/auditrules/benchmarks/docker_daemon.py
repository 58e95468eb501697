"""Finds the paths that a Docker daemon uses: from its command line, its unit and its configuration file. Pure.

The options are those of dockerd(8), parsed as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`, and
letters without a value before it (`-Dg /data`). An option must not be both on the command line and in the file.
"""

from __future__ import annotations

import codecs
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from auditrules.audit.auditctl.field_values import MOST_PATH_BYTES
from auditrules.audit.model.collected import File
from auditrules.audit.model.text import decode, encode
from auditrules.values import dataclass

DAEMON_JSON = "/etc/docker/daemon.json"
PROGRAMS = tuple(
    f"{folder}/dockerd"
    for folder in ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/snap/docker/current/bin", "/opt/bin")
)
"""The usual paths of the daemon, the benchmark's own first. If one exists, or runs, the host has Docker."""

PROCESSES = ("dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2", "runc")
"""The file names of the executables whose processes are looked for."""

UNITS = ("docker.service", "docker.socket")
"""The units whose files are looked for."""

SNAP_PROGRAM, SNAP_JSON = "/snap/docker/current/bin/dockerd", "/var/snap/docker/current/config/daemon.json"
ENVIRONMENT_FILES = ("/etc/default/docker", "/etc/sysconfig/docker")
MOST_BYTES = 1 << 20  # of a configuration file

CONFIG_FILE, DATA_ROOT, HOST, CONTAINERD = "config-file", "data-root", "host", "containerd"
OPTIONS = (CONFIG_FILE, DATA_ROOT, HOST, CONTAINERD)
"""The daemon's options that set another path."""


_LONG: Mapping[str, str] = MappingProxyType(
    {
        "--config-file": CONFIG_FILE,
        "--data-root": DATA_ROOT,
        "--graph": DATA_ROOT,  # as Docker before 17.05 calls it
        "--host": HOST,
        "--containerd": CONTAINERD,
    }
)
# Short options with a value; those that matter here have a name.
_SHORT: Mapping[str, str] = MappingProxyType(
    {"b": "", "g": DATA_ROOT, "G": "", "H": HOST, "l": "", "p": "", "s": ""},
)
_KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {DATA_ROOT: ("data-root", "graph"), HOST: ("hosts",), CONTAINERD: ("containerd",)}
)

_MARKS = MappingProxyType(
    {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"},
)
_SOCKET = "unix://"
_USUAL_SOCKET = "/var/run/docker.sock"  # what unix:// alone means, and an empty host (opts/hosts.go of moby)

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


class UnclearError(Exception):
    """The path that a daemon uses is not known. The message says why."""


@dataclass(frozen=True, slots=True)
class DockerDaemon:
    """A daemon as it was started, or as its unit (file `place`) would start it; `words` are its arguments."""

    place: str
    words: tuple[str, ...] = ()
    by_unit: bool = False

    def option_values(self, option: str) -> tuple[str, ...]:
        """The values of an option on the command line."""
        return tuple(value for name, value in _options(self.words) if name == option)

    @property
    def config_file(self) -> str:
        """The configuration file that it reads.

        Raises:
            UnclearError: its path is not absolute.
        """
        values = self.option_values(CONFIG_FILE)
        return _absolute(values[-1], f"{self.place}: --{CONFIG_FILE}") if values else DAEMON_JSON


def places(
    option: str, daemons: Sequence[DockerDaemon], files: Mapping[str, File]
) -> Iterator[tuple[str, DockerDaemon | None]]:
    """The paths that an option gives to daemons, each with the daemon whose command line has it (None: a file has it).

    `files` are the existing configuration files by path. Without a daemon the usual file counts.

    Raises:
        UnclearError: a path is not known.
    """
    for daemon in daemons or (DockerDaemon("dockerd"),):
        values = daemon.option_values(option)
        if values:
            yield from ((path, daemon) for path in _paths(option, values, f"{daemon.place}: --{option}"))
            continue
        path = daemon.config_file
        file = files.get(path)
        if file is not None:
            yield from ((each, None) for each in _paths(option, _in_file(option, file), path))
        elif path != DAEMON_JSON:
            raise UnclearError(f"{daemon.place}: its configuration file {path} is not there")


def _paths(option: str, values: Iterable[object], place: str) -> Iterator[str]:
    for value in values:
        if option != HOST:
            yield _absolute(value, place)
        elif isinstance(value, str) and value.strip().startswith(_SOCKET):  # others are no files, or those of a unit
            yield _absolute(value.strip().removeprefix(_SOCKET) or _USUAL_SOCKET, place)
        elif isinstance(value, str) and not value.strip():
            yield _USUAL_SOCKET


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The options of a command line that matter here, each with its value, empty if that is missing."""
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            return
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if name in _LONG:
                yield _LONG[name], value if equals else (rest.pop() if rest else "")
        elif word.startswith("-"):
            yield from _letters(word[1:], rest)


def _letters(letters: str, rest: list[str]) -> Iterator[tuple[str, str]]:
    for place, letter in enumerate(letters):
        if letter in _SHORT:
            value = letters[place + 1 :].removeprefix("=") or (rest.pop() if rest else "")
            if _SHORT[letter]:
                yield _SHORT[letter], value
            return


def _in_file(option: str, file: File) -> Sequence[object]:
    if file.content is None:
        raise UnclearError(f"{file.path}: {file.error}")
    try:
        text = _decoded(file.content).strip()
        value = json.loads(text) if text else None
    except (ValueError, RecursionError) as error:
        raise UnclearError(f"{file.path}: expected JSON: {error}") from error
    if value is None:
        return []
    if not isinstance(value, dict):
        raise UnclearError(f"{file.path}: expected an object")
    for key in _KEYS[option]:
        if key in value:
            found = value[key]
            if found is None or found == "":  # as if it were not there: the default is merged into what is empty
                continue
            if option == HOST:
                return found if isinstance(found, list) else [found]
            return [_absolute(found, f"{file.path}: {key}")]
    return []


def _decoded(content: bytes) -> str:
    """Decode a configuration file: UTF-8, or as its byte order mark says.

    An empty text and null set nothing: dockerd 23.0 and later then start with defaults, and older ones do not start
    (getConflictFreeConfiguration of moby's daemon/config/config.go). Raises UnicodeDecodeError.
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding)
    return content.decode("utf-8")


def _absolute(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.startswith("/") or "\0" in value:
        raise UnclearError(f"{place}: expected an absolute path")
    path = "/" + "/".join(name for name in value.split("/") if name)
    try:
        length = len(encode(path))
    except UnicodeEncodeError as error:
        raise UnclearError(f"{place}: expected a path, found half of a character") from error
    if length >= MOST_PATH_BYTES:
        raise UnclearError(f"{place}: expected a path of less than {MOST_PATH_BYTES} bytes")
    return path


def expanded(words: Iterable[str], environment: Sequence[File]) -> tuple[str, ...]:
    """The words of a unit's command with the variables of its environment files expanded (systemd.service(5)).

    A word that is just one variable becomes the words of its value, which may be none.

    Raises:
        UnclearError: there is a variable, and a file that may set it can't be read.
    """
    values = dict(pair for file in environment for pair in _assignments(file))
    unread = next((file for file in environment if file.content is None), None)
    found: list[str] = []
    for word in words:
        alone = _VARIABLE.fullmatch(word)
        if unread is not None and _VARIABLE.search(word):
            raise UnclearError(f"{unread.path}: {unread.error}")
        if alone and not word.startswith("${"):
            found += values.get(alone[1], "").split()
        else:
            found.append(_VARIABLE.sub(lambda match: values.get(match[1], ""), word))
    return tuple(found)


def environment_lines(place: str, text: str) -> bytes:
    """The assignments in a unit's Environment=, as lines of an environment file.

    Raises:
        UnclearError: a quote is not closed.
    """
    try:
        pairs = [word.partition("=") for word in shlex.split(text)]
    except ValueError as error:
        raise UnclearError(f"{place}: Environment=: {error}") from error
    return encode("\n".join(f"{name}={shlex.quote(value)}" for name, _, value in pairs))


def _assignments(file: File) -> Iterator[tuple[str, str]]:
    for line in decode(file.content or b"").split("\n"):
        match = _ASSIGNMENT.fullmatch(line)
        if match:
            try:
                yield match[1], " ".join(shlex.split(match[2], comments=True))
            except ValueError:
                yield match[1], match[2]

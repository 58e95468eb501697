"""Which paths a Docker daemon uses: by its command line, its unit and its configuration file. Pure.

The options are those of dockerd(8); it takes them as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`,
and letters without a value before it (`-Dg /data`). What stands on the command line may not stand in the file too.
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
"""Where the daemon usually is, the benchmark's own path first: with one of these there, or running, Docker is here."""

PROCESSES = ("dockerd", "containerd", "containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2", "runc")
"""The last names of the executables that processes are looked for by."""

UNITS = ("docker.service", "docker.socket")
"""The units whose files are looked for."""

SNAP_PROGRAM, SNAP_JSON = "/snap/docker/current/bin/dockerd", "/var/snap/docker/current/config/daemon.json"
ENVIRONMENT_FILES = ("/etc/default/docker", "/etc/sysconfig/docker")
MOST_BYTES = 1 << 20  # of a configuration file that is read

CONFIG_FILE, DATA_ROOT, HOST, CONTAINERD = "config-file", "data-root", "host", "containerd"
OPTIONS = (CONFIG_FILE, DATA_ROOT, HOST, CONTAINERD)
"""The daemon's options by which it is told to use another place."""


_LONG: Mapping[str, str] = MappingProxyType(
    {
        "--config-file": CONFIG_FILE,
        "--data-root": DATA_ROOT,
        "--graph": DATA_ROOT,  # as Docker before 17.05 calls it
        "--host": HOST,
        "--containerd": CONTAINERD,
    }
)
# Letters with a value; those of things that matter here have a name.
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
    """Which path a daemon uses is not known; the message says why."""


@dataclass(frozen=True, slots=True)
class DockerDaemon:
    """A daemon as it was started, or would be by its unit: the place that says so, and the words behind its name."""

    place: str
    words: tuple[str, ...] = ()
    by_unit: bool = False

    def told(self, option: str) -> tuple[str, ...]:
        """The values that the command line gives an option."""
        return tuple(value for name, value in _options(self.words) if name == option)

    @property
    def config_file(self) -> str:
        """The file that it reads.

        Raises:
            UnclearError: it was told a file that is no absolute path.
        """
        told = self.told(CONFIG_FILE)
        return _absolute(told[-1], f"{self.place}: --{CONFIG_FILE}") if told else DAEMON_JSON


def places(
    option: str, daemons: Sequence[DockerDaemon], files: Mapping[str, File]
) -> Iterator[tuple[str, DockerDaemon | None]]:
    """The paths that daemons use for something, each with the daemon whose command line says so (None: a file does).

    `files` are the configuration files that there are, by path. Without a daemon the usual file counts.

    Raises:
        UnclearError: it is not known where.
    """
    for daemon in daemons or (DockerDaemon("dockerd"),):
        told = daemon.told(option)
        if told:
            yield from ((path, daemon) for path in _paths(option, told, f"{daemon.place}: --{option}"))
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
    """The options of a command line that matter here, with their values; empty for one that is missing."""
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
    """The text of a configuration file: UTF-8, or what a byte order mark says.

    A text of nothing but white space, and null, set nothing: dockerd 23.0 and later starts then, and one before does
    not, so that it holds nothing either way (getConflictFreeConfiguration of moby's daemon/config/config.go). Raises
    UnicodeDecodeError.
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
    """The words of a unit's command with the variables of its environment files in their places (systemd.service(5)).

    A word that is one variable becomes the words of its value, or none.

    Raises:
        UnclearError: there is a variable, and a file that may say what it holds can't be read.
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
    """The assignments of a unit's Environment= as lines of an environment file.

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

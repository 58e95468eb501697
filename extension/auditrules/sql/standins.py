"""Stand-ins for the few tables of osquery's core that packs join, for use without osquery. Pure.

They have the columns that packs use, with osquery's names and spellings. `Surroundings` gives them the host's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from auditrules.plugin.context import Context
from auditrules.plugin.row import ROWID, Row, rowid
from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Example, Schema
from auditrules.plugin.table import Table
from auditrules.values import dataclass

_Cells = Mapping[str, "str | int"]


# Without osquery's OPTIMIZED: apsw 3.54 fails on an empty IN list that is passed whole (3.42 does not).
FILE = Schema(
    "file",
    "Stand-in for osquery's table: the file at a path, or those in a directory.",
    (
        Column("path", ColumnType.TEXT, "Absolute path, as asked for", ColumnOption.INDEX | ColumnOption.REQUIRED),
        Column("directory", ColumnType.TEXT, "Directory of the file", ColumnOption.REQUIRED),
        Column("filename", ColumnType.TEXT, "Last name of the path"),
        Column("inode", ColumnType.BIGINT, "Inode number; of a link's target, as all that follows"),
        Column("uid", ColumnType.BIGINT, "Id of the owner"),
        Column("gid", ColumnType.BIGINT, "Id of the group"),
        Column("mode", ColumnType.TEXT, "Permission bits, four octal digits"),
        Column("device", ColumnType.BIGINT, "Device that a device file stands for"),
        Column("size", ColumnType.BIGINT, "Size in bytes"),
        Column("mtime", ColumnType.BIGINT, "Time of the last change of the content, in seconds since 1970"),
        Column("symlink", ColumnType.INTEGER, "1 if the path itself is a symbolic link, else 0"),
        Column(
            "type", ColumnType.TEXT, "regular, directory, character, block, fifo, socket; unknown for a broken link"
        ),
    ),
    (Example("Is there a Docker daemon?", "SELECT path, type FROM file WHERE path = '/usr/bin/dockerd'"),),
    notes="Only = and IN on path and directory. Other columns of osquery's table are not there.",
)

PROCESSES = Schema(
    "processes",
    "Stand-in for osquery's table: the processes of this machine.",
    (
        Column("pid", ColumnType.BIGINT, "Process id"),
        Column("name", ColumnType.TEXT, "Name of the process, at most 15 bytes"),
        Column("path", ColumnType.TEXT, "Path of the executable; empty if it could not be read"),
        Column("cmdline", ColumnType.TEXT, "Arguments, joined with spaces"),
        Column("cwd", ColumnType.TEXT, "Working directory; empty if it could not be read"),
        Column("root", ColumnType.TEXT, "Root directory; empty if it could not be read"),
        Column("uid", ColumnType.BIGINT, "Real user id"),
        Column("gid", ColumnType.BIGINT, "Real group id"),
        Column("euid", ColumnType.BIGINT, "Effective user id"),
        Column("egid", ColumnType.BIGINT, "Effective group id"),
        Column("parent", ColumnType.BIGINT, "Process id of the parent"),
    ),
    (Example("Who runs as root?", "SELECT pid, name, path FROM processes WHERE uid = 0"),),
    notes="Empty under another root. Other columns of osquery's table are not there.",
)

MOUNTS = Schema(
    "mounts",
    "Stand-in for osquery's table: the mounts of this machine.",
    (
        Column("device", ColumnType.TEXT, "Mounted device, or the name that stands for it"),
        Column("path", ColumnType.TEXT, "Where it is mounted"),
        Column("type", ColumnType.TEXT, "Type of the file system"),
        Column("flags", ColumnType.TEXT, "Mount options, comma-separated"),
    ),
    (Example("Is /var a mount of its own?", "SELECT device FROM mounts WHERE path = '/var'"),),
    notes="Empty under another root. Other columns of osquery's table are not there.",
)

REGISTRY = Schema(
    "osquery_registry",
    "Stand-in for osquery's table: the tables that can be queried here.",
    (
        Column("registry", ColumnType.TEXT, "Always table"),
        Column("name", ColumnType.TEXT, "Name of the table"),
        Column("owner_uuid", ColumnType.INTEGER, "1 for a table of this extension, 0 for a stand-in"),
        Column("internal", ColumnType.INTEGER, "Always 0"),
        Column("active", ColumnType.INTEGER, "Always 1"),
    ),
    (Example("Is the table there?", "SELECT active FROM osquery_registry WHERE name = 'audit_rules'"),),
)

EXTENSIONS = Schema(
    "osquery_extensions",
    "Stand-in for osquery's table: this extension.",
    (
        Column("uuid", ColumnType.BIGINT, "Always 1"),
        Column("name", ColumnType.TEXT, "Name the extension registers with"),
        Column("version", ColumnType.TEXT, "Version of the extension"),
        Column("sdk_version", ColumnType.TEXT, "Always empty: no SDK is involved here"),
        Column("path", ColumnType.TEXT, "Always empty: there is no socket here"),
        Column("type", ColumnType.TEXT, "Always extension"),
    ),
    (Example("Which version is it?", "SELECT version FROM osquery_extensions WHERE name = 'auditrules'"),),
)

FLAGS = Schema(
    "osquery_flags",
    "Stand-in for osquery's table: always empty, since no osquery runs here.",
    (
        Column("name", ColumnType.TEXT, "Name of the flag"),
        Column("type", ColumnType.TEXT, "Type of its value"),
        Column("description", ColumnType.TEXT, "What the flag does"),
        Column("default_value", ColumnType.TEXT, "Value of the flag if none is given"),
        Column("value", ColumnType.TEXT, "Value of the flag"),
        Column("shell_only", ColumnType.INTEGER, "1 if only osqueryi has the flag"),
    ),
    (Example("Are audit events on?", "SELECT value FROM osquery_flags WHERE name = 'disable_audit'"),),
)

SCHEMAS = (FILE, PROCESSES, MOUNTS, REGISTRY, EXTENSIONS, FLAGS)


@dataclass(frozen=True, slots=True)
class FileStatus:
    """The result of stat(2) for a file, links followed. `symlink`: the name itself is a link."""

    type: str  # as in the table
    mode: int  # the permission bits
    inode: int
    uid: int
    gid: int
    device: int
    size: int
    mtime: int
    symlink: bool


@dataclass(frozen=True, slots=True)
class Process:
    """A process. Fields that could not be read are empty."""

    pid: int
    name: str
    path: str
    cmdline: str
    cwd: str
    root: str
    uid: int
    gid: int
    euid: int
    egid: int
    parent: int


@dataclass(frozen=True, slots=True)
class MountEntry:
    """A line of the mount table."""

    device: str
    path: str
    type: str
    flags: str


class Surroundings(Protocol):
    """The host's files, processes and mounts, for the rows of the stand-ins."""

    def file(self, path: str) -> FileStatus | None:
        """Look at an absolute path; None if nothing is there, or we may not see it."""

    def names(self, directory: str) -> tuple[str, ...]:
        """List a directory; empty if it cannot be listed."""

    def processes(self) -> tuple[Process, ...]:
        """Give the processes in the order of their ids."""

    def mounts(self) -> tuple[MountEntry, ...]:
        """Give the mounts in the kernel's order."""


def stand_ins(surroundings: Surroundings, extension: str, version: str, tables: Iterable[Table]) -> tuple[Table, ...]:
    """Build the stand-ins. `extension` and `version` are the row of osquery_extensions, `tables` our own tables."""
    owners = {table.schema.name: 1 for table in tables} | {schema.name: 0 for schema in SCHEMAS}
    registry: list[_Cells] = [
        {"registry": "table", "name": name, "owner_uuid": owner, "internal": 0, "active": 1}
        for name, owner in owners.items()
    ]
    extensions: list[_Cells] = [
        {"uuid": 1, "name": extension, "version": version, "sdk_version": "", "path": "", "type": "extension"}
    ]
    return (
        Table(FILE, lambda context: _rows(FILE, _files(surroundings, context), "path", "directory")),
        Table(PROCESSES, lambda _: _rows(PROCESSES, map(_members, surroundings.processes()), "pid")),
        Table(MOUNTS, lambda _: _rows(MOUNTS, _mounts(surroundings), "place")),
        Table(REGISTRY, lambda _: _rows(REGISTRY, registry, "name")),
        Table(EXTENSIONS, lambda _: _rows(EXTENSIONS, extensions, "name")),
        Table(FLAGS, lambda _: ()),
    )


def _files(surroundings: Surroundings, context: Context) -> Iterator[_Cells]:
    places = {}  # by path, which is unique: a file may be asked for by its path and by its directory
    for directory in context.equals("directory") or ():
        for name in surroundings.names(directory):
            places[f"{directory.rstrip('/')}/{name}"] = directory, name
    for path in context.equals("path") or ():
        directory, _, name = path.rpartition("/")
        places[path] = directory or "/", name
    for path, (directory, name) in places.items():
        found = surroundings.file(path)
        if found is not None:
            place = {"path": path, "directory": directory, "filename": name}
            yield {**place, **_members(found), "mode": f"{found.mode:04o}", "symlink": int(found.symlink)}


def _mounts(surroundings: Surroundings) -> Iterator[_Cells]:
    for place, mount in enumerate(surroundings.mounts()):
        yield {**_members(mount), "place": place}  # one point can be mounted upon twice


def _members(value: Process | FileStatus | MountEntry) -> _Cells:
    return {name: getattr(value, name) for name in value.__match_args__}


def _rows(schema: Schema, rows: Iterable[_Cells], *identity: str) -> Iterator[Row]:
    """Write rows as text. `identity` names the columns that make the rowid, the same in every answer."""
    for row in rows:
        yield {
            **{name: _text(row[name]) for name in schema.names},
            ROWID: rowid(*(_text(row[name]) for name in identity)),
        }


def _text(value: str | int) -> str:
    r"""Write a cell; a byte that is not UTF-8 becomes `\xNN`."""
    return str(value).encode(errors="surrogateescape").decode(errors="backslashreplace")

"""The stand-ins for core tables: what they say of given surroundings, and what surroundings see of a real root."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from auditrules.host import surroundings as module
from auditrules.host.surroundings import HostSurroundings
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.sql.database import Database
from auditrules.sql.error import SqlError
from auditrules.sql.result import Value
from auditrules.sql.standins import SCHEMAS, FileStatus, MountEntry, Process, stand_ins

DOCKERD = FileStatus("regular", 0o755, 11, 0, 0, 0, 1234, 1700000000, symlink=False)
LINK = FileStatus("regular", 0o4711, 12, 1, 2, 0, 5, 6, symlink=True)


class Given:
    """Surroundings as values."""

    def file(self, path: str) -> FileStatus | None:
        return {"/usr/bin/dockerd": DOCKERD, "/usr/bin/link": LINK, "/usr/bin/\udcff": LINK}.get(path)

    def names(self, directory: str) -> tuple[str, ...]:
        return ("dockerd", "gone", "link", "\udcff") if directory.rstrip("/") == "/usr/bin" else ()

    def processes(self) -> tuple[Process, ...]:
        return (Process(1, "init", "/sbin/init", "init -x", "/", "/", 0, 0, 0, 0, 0),)

    def mounts(self) -> tuple[MountEntry, ...]:
        return (MountEntry("/dev/sda1", "/", "ext4", "rw"), MountEntry("tmpfs", "/", "tmpfs", "ro"))


OWN = Table(Schema("audit_rules", "Rules.", (Column("path", ColumnType.TEXT, "A path"),), ()), lambda _: ())


def rows(sql: str, surroundings: Given | HostSurroundings | None = None) -> list[tuple[Value, ...]]:
    tables = stand_ins(surroundings or Given(), "auditrules", "0.1.0", [OWN])
    with Database([OWN, *tables]) as database:
        return list(database.query(sql).rows)


def error(sql: str) -> str:
    with pytest.raises(SqlError) as caught:
        rows(sql)
    return str(caught.value)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_stand_in_says_that_it_is_one(schema: Schema) -> None:
    assert schema.description.startswith("Stand-in for osquery's table: ")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_stand_ins_examples_run(schema: Schema) -> None:
    for example in schema.examples:
        rows(example.sql)


def test_a_file_has_the_columns_of_osquerys() -> None:
    assert rows("SELECT * FROM file WHERE path = '/usr/bin/link'") == [
        ("/usr/bin/link", "/usr/bin", "link", 12, 1, 2, "4711", 0, 5, 6, 1, "regular")
    ]


def test_files_are_found_by_a_list_of_paths() -> None:
    assert rows("SELECT filename, mode FROM file WHERE path IN ('/usr/bin/dockerd', '/nope', '', NULL)") == [
        ("dockerd", "0755")
    ]


def test_files_are_found_by_their_directory_as_spelt() -> None:
    assert rows("SELECT path, directory FROM file WHERE directory = '/usr/bin/'") == [
        ("/usr/bin/dockerd", "/usr/bin/"),
        ("/usr/bin/link", "/usr/bin/"),
        ("/usr/bin/\\xff", "/usr/bin/"),
    ]


def test_a_file_asked_for_twice_is_one_row() -> None:
    assert rows("SELECT filename FROM file WHERE path = '/usr/bin/link' OR directory = '/usr/bin' AND uid = 1") == [
        ("link",),
        ("\\xff",),
    ]


def test_files_join() -> None:
    sql = """
        WITH p(path) AS (VALUES ('/usr/bin/dockerd'), ('/x'))
        SELECT type FROM p LEFT JOIN file USING (path)
    """
    assert rows(sql) == [("regular",), (None,)]


def test_files_need_a_path_or_a_directory() -> None:
    assert error("SELECT * FROM file") == "Table file was queried without a required column in the WHERE clause"


@pytest.mark.parametrize("term", ["path LIKE '/usr/%'", "directory GLOB '/usr/*'", "path != '/usr'"])
def test_files_are_not_found_by_patterns(term: str) -> None:
    assert error(f"SELECT * FROM file WHERE {term}").startswith(  # noqa: S608 - one of three
        f"file: expected path or directory with = or IN, for the rows are worked out of it; found only {term} ("
    )


def test_a_pattern_beside_an_equality_is_answered() -> None:
    sql = "SELECT size FROM file WHERE path = '/usr/bin/dockerd' AND path LIKE '/usr/%' LIMIT 1"
    assert rows(sql) == [(1234,)]


def test_a_limit_is_no_pattern() -> None:
    assert rows("SELECT * FROM file WHERE path = '' LIMIT 1") == []


def test_a_file_asked_for_by_path_and_directory_is_one_row() -> None:
    sql = "SELECT size FROM file WHERE path = '/usr/bin/dockerd' AND directory = '/usr/bin'"
    assert rows(sql) == [(1234,)]


@pytest.mark.parametrize("paths", ["SELECT 'x' WHERE 0", "''", "NULL"])
def test_no_path_is_no_file(paths: str) -> None:
    assert rows(f"SELECT * FROM file WHERE path IN ({paths})") == []  # noqa: S608 - one of three


def test_processes_have_the_columns_of_osquerys() -> None:
    assert rows("SELECT pid, name, path, cmdline, uid, euid, root FROM processes") == [
        (1, "init", "/sbin/init", "init -x", 0, 0, "/")
    ]


def test_mounts_on_one_point_are_two_rows() -> None:
    assert rows("SELECT device, type, flags FROM mounts WHERE path = '/' OR device = 'tmpfs'") == [
        ("/dev/sda1", "ext4", "rw"),
        ("tmpfs", "tmpfs", "ro"),
    ]


def test_a_packs_discovery_finds_the_table() -> None:
    sql = "SELECT 1 FROM osquery_registry WHERE active = true AND registry = 'table' AND name = 'audit_rules'"
    assert rows(sql) == [(1,)]


def test_the_registry_tells_own_tables_from_stand_ins() -> None:
    assert rows("SELECT name, owner_uuid FROM osquery_registry") == [
        ("audit_rules", 1),
        ("file", 0),
        ("processes", 0),
        ("mounts", 0),
        ("osquery_registry", 0),
        ("osquery_extensions", 0),
        ("osquery_flags", 0),
    ]


def test_the_extension_is_told_with_its_version() -> None:
    assert rows("SELECT uuid, name, version, type FROM osquery_extensions") == [(1, "auditrules", "0.1.0", "extension")]


def test_there_are_no_flags() -> None:
    assert rows("SELECT * FROM osquery_flags") == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a root with a file, and links that lead around in it and out of it."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dockerd").write_bytes(b"12345")
    (tmp_path / "usr/bin/dockerd").chmod(0o750)
    (tmp_path / "bin").symlink_to("/usr/bin")
    (tmp_path / "usr/bin/relative").symlink_to("../../bin/./dockerd")
    (tmp_path / "usr/bin/out").symlink_to("../../../../../../etc/passwd")
    (tmp_path / "usr/bin/broken").symlink_to("nope")
    (tmp_path / "usr/bin/loop").symlink_to("loop")
    os.mkfifo(tmp_path / "usr/bin/fifo")
    return tmp_path


SEEN = (
    ("/usr/bin/dockerd", ("regular", 0o750, False)),
    ("//usr//bin/dockerd", ("regular", 0o750, False)),
    ("/bin/dockerd", ("regular", 0o750, False)),
    ("/usr/bin/relative", ("regular", 0o750, True)),
    ("/usr/bin/../../bin/dockerd", ("regular", 0o750, False)),
    ("/usr/bin/broken", ("unknown", 0o777, True)),
    ("/usr/bin/loop", ("unknown", 0o777, True)),
    ("/usr/bin/out", ("unknown", 0o777, True)),
    ("/usr/bin/fifo", ("fifo", 0o644, False)),
    ("/usr/bin/nope", None),
    ("/usr/bin/dockerd/x", None),
    ("/usr/bin/broken/x", None),
    ("usr/bin/dockerd", None),
    ("/usr/bin/dockerd\0x", None),
)


@pytest.mark.parametrize(("path", "expected"), SEEN)
def test_links_are_followed_inside_the_root(root: Path, path: str, expected: tuple[str, int, bool] | None) -> None:
    (root / "usr/bin/fifo").chmod(0o644)
    found = HostSurroundings(str(root)).file(path)
    assert (found and (found.type, found.mode, found.symlink)) == expected


def test_a_link_to_a_directory_is_a_directory(root: Path) -> None:
    found = HostSurroundings(str(root)).file("/bin")
    assert found is not None
    assert (found.type, found.symlink) == ("directory", True)


def test_the_root_itself_is_a_directory(root: Path) -> None:
    for each in (str(root), "/"):
        found = HostSurroundings(each).file("/")
        assert found is not None
        assert found.type == "directory"


def test_a_file_has_what_stat_says(root: Path) -> None:
    status = (root / "usr/bin/dockerd").stat()
    assert HostSurroundings(str(root)).file("/bin/relative") == FileStatus(
        "regular",
        0o750,
        status.st_ino,
        status.st_uid,
        status.st_gid,
        status.st_rdev,
        5,
        int(status.st_mtime),
        symlink=True,
    )


def test_a_socket_and_a_device_are_told(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "s"))
        found = HostSurroundings(str(root)).file("/s")
    null = HostSurroundings().file("/dev/null")
    assert found is not None
    assert null is not None
    assert (found.type, null.type, null.device) == ("socket", "character", os.makedev(1, 3))


def test_names_are_those_of_the_directory_in_the_root(root: Path) -> None:
    assert HostSurroundings(str(root)).names("/bin") == ("broken", "dockerd", "fifo", "loop", "out", "relative")


@pytest.mark.parametrize("directory", ["/nope", "/usr/bin/dockerd", "usr"])
def test_what_is_no_directory_has_no_names(root: Path, directory: str) -> None:
    assert HostSurroundings(str(root)).names(directory) == ()


def test_another_root_has_no_processes_and_mounts(root: Path) -> None:
    assert (HostSurroundings(str(root)).processes(), HostSurroundings(str(root)).mounts()) == ((), ())


def test_a_root_that_is_this_machines_by_another_name_is_this_machine() -> None:
    assert HostSurroundings("/usr/..").mounts() == HostSurroundings("/").mounts() != ()


def test_this_process_is_seen_as_it_is() -> None:
    own = next(process for process in HostSurroundings().processes() if process.pid == os.getpid())
    assert (own.path, own.cwd, own.root) == (str(Path("/proc/self/exe").readlink()), str(Path.cwd()), "/")
    assert (own.uid, own.euid, own.gid, own.egid, own.parent) == (
        *os.getresuid()[:2],
        *os.getresgid()[:2],
        os.getppid(),
    )
    assert own.cmdline.split()[1:] == Path("/proc/self/cmdline").read_text("utf-8").replace("\0", " ").split()[1:]


def test_mounts_are_those_of_the_kernel() -> None:
    assert [mount.type for mount in HostSurroundings().mounts() if mount.path == "/proc"] == ["proc"]


def test_a_name_in_the_mount_table_is_unescaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_read", lambda _: rb"/dev/a /mnt/a\040b\134\377 ext4 rw,noatime 0 0" + b"\n")
    assert HostSurroundings().mounts() == (MountEntry("/dev/a", "/mnt/a b\\\udcff", "ext4", "rw,noatime"),)


def test_a_remote_file_system_is_not_touched(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(root / "usr/bin/dockerd")
    assert HostSurroundings().file(path) is not None
    monkeypatch.setattr(module, "_read", lambda _: f"server:/x {root} nfs4 rw 0 0\n".encode())
    assert HostSurroundings().file(path) is None

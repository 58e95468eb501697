"""What of a host counts as Docker's: which processes, which unit file, which daemon.json, and what is at a path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.audit.model.collected import File
from auditrules.benchmarks.docker_daemon import DockerDaemon
from auditrules.benchmarks.services import Found, HostProcess, Services
from auditrules.host import Host, HostError
from auditrules.host.processes import DeviceInode, running
from auditrules.host.rootfs import Tree, local
from auditrules.host.services import read_services
from tests.fixtures.hosts import docker_of
from tests.host.roots import filled

OWN = "/usr/bin/dockerd"
JSON = "/etc/docker/daemon.json"
MIB = 1 << 20


def services(root: Path, files: Mapping[str, bytes] = {}) -> Services:
    return docker_of(Host(str(filled(root, files)), "none"))


# What is at a path


def test_a_file_is_found_and_a_missing_one_is_not(tmp_path: Path) -> None:
    found = services(tmp_path, {"usr/bin/dockerd": b"x"}).found
    assert found[OWN] == Found(OWN)
    assert found["/usr/sbin/dockerd"] is None


def test_a_directory_is_told(tmp_path: Path) -> None:
    assert services(tmp_path, {"opt/bin/dockerd/key": b"x"}).found["/opt/bin/dockerd"] == Found(
        "/opt/bin/dockerd", "dir"
    )


def test_a_link_is_told_with_its_end(tmp_path: Path) -> None:
    filled(tmp_path, {"opt/docker/dockerd": b"x", "usr/bin/x": b"x"})
    (tmp_path / "usr/bin/dockerd").symlink_to("/opt/docker/dockerd")
    assert services(tmp_path).found[OWN] == Found("/opt/docker/dockerd", link=True)


def test_a_link_in_the_middle_is_followed(tmp_path: Path) -> None:
    filled(tmp_path, {"usr/bin/dockerd": b"x"})
    (tmp_path / "usr/sbin").symlink_to("bin")
    assert services(tmp_path).found["/usr/sbin/dockerd"] == Found(OWN)


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    filled(tmp_path, {"usr/bin/x": b"x"})
    (tmp_path / "usr/bin/dockerd").symlink_to("/gone")
    assert services(tmp_path).found[OWN] == Found(OWN, "link", link=True)


def test_what_is_on_a_remote_file_system_is_not_known(tmp_path: Path) -> None:
    filled(tmp_path, {"usr/bin/dockerd": b"x", "usr/local/bin/dockerd": b"x"})
    with closing(Tree(str(tmp_path), lambda path: "nfs" if path.startswith("/usr/local") else "")) as look:
        found = read_services(look, (), own=False).found
    assert OWN in found
    assert "/usr/local/bin/dockerd" not in found


def test_a_root_that_is_gone_is_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    host = Host(str(root), "none")
    root.rmdir()
    with pytest.raises(HostError) as caught:
        docker_of(host)
    assert str(caught.value) == f"root: cannot open {str(root)!r}: No such file or directory"


# Units


@pytest.mark.parametrize(
    ("folders", "expected"),
    [
        (["usr/lib"], "/usr/lib/systemd/system/docker.service"),
        (["usr/lib", "etc"], "/etc/systemd/system/docker.service"),
        (["usr/lib", "usr/local/lib"], "/usr/local/lib/systemd/system/docker.service"),
        (["lib"], "/lib/systemd/system/docker.service"),
        (["lib", "run"], "/run/systemd/system/docker.service"),
        ([], None),
    ],
)
def test_the_unit_is_the_file_that_systemd_takes(tmp_path: Path, folders: list[str], expected: str | None) -> None:
    files = {f"{folder}/systemd/system/docker.service": b"[Unit]\n" for folder in folders}
    assert services(tmp_path, files).units.get("docker.service") == expected


def test_a_unit_in_a_merged_lib_is_told_by_its_real_path(tmp_path: Path) -> None:
    filled(tmp_path, {"usr/lib/systemd/system/docker.service": b"[Unit]\n"})
    (tmp_path / "lib").symlink_to("usr/lib")
    assert services(tmp_path).units == {"docker.service": "/usr/lib/systemd/system/docker.service"}


@pytest.mark.parametrize(
    ("target", "expected"), [("/srv/docker.service", "/srv/docker.service"), ("/dev/null", None), ("/gone", None)]
)
def test_a_unit_that_is_a_link(tmp_path: Path, target: str, expected: str | None) -> None:
    filled(tmp_path, {"srv/docker.service": b"[Unit]\n", "usr/lib/systemd/system/docker.service": b"[Unit]\n"})
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/docker.service").symlink_to(target)
    assert services(tmp_path).units.get("docker.service") == expected


# daemon.json


def test_daemon_json_is_read_and_its_data_root_looked_at(tmp_path: Path) -> None:
    found = services(tmp_path, {JSON[1:]: b'{"data-root": "/data/docker"}', "data/docker/x": b""})
    assert found.configs[JSON] == File(JSON, b'{"data-root": "/data/docker"}')
    assert found.found["/data/docker"] == Found("/data/docker", "dir")


def test_no_daemon_json_is_none(tmp_path: Path) -> None:
    assert services(tmp_path).configs == {}


def test_a_daemon_json_that_is_a_link_is_not_opened(tmp_path: Path) -> None:
    filled(tmp_path, {"etc/shadow": b"root:secret:1::::::\n", "etc/docker/x": b""})
    (tmp_path / JSON[1:]).symlink_to("/etc/shadow")
    found = services(tmp_path)
    assert found.configs[JSON] == File(JSON, error="expected a regular file, found one of type link")
    assert "secret" not in repr(found)


@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "fifo"), (os.mkdir, "dir")])
def test_a_daemon_json_that_is_no_file_is_not_opened(tmp_path: Path, make: object, kind: str) -> None:
    filled(tmp_path, {"etc/docker/x": b""})
    assert callable(make)
    make(tmp_path / JSON[1:])
    assert services(tmp_path).configs[JSON] == File(JSON, error=f"expected a regular file, found one of type {kind}")


def test_a_daemon_json_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    filled(tmp_path, {JSON[1:]: b""})
    os.truncate(tmp_path / JSON[1:], 1 << 30)
    assert services(tmp_path).configs[JSON] == File(JSON, error=f"longer than {MIB} bytes, the most that is read")


def test_a_daemon_json_of_just_the_most_is_read(tmp_path: Path) -> None:
    content = b"{}".ljust(MIB)
    assert services(tmp_path, {JSON[1:]: content}).configs[JSON] == File(JSON, content)


def test_a_daemon_json_that_is_not_json_is_kept_for_who_judges_it(tmp_path: Path) -> None:
    assert services(tmp_path, {JSON[1:]: b"\0\xff"}).configs[JSON] == File(JSON, b"\0\xff")


@pytest.mark.parametrize(("own", "error"), [(True, "expected a file of root's, found one of uid 1000"), (False, "")])
def test_a_daemon_json_of_somebody_else_does_not_count_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str, *, own: bool
) -> None:
    filled(tmp_path, {JSON[1:]: b"{}"})
    monkeypatch.setattr(Tree, "read", lambda _, path, _limit: File(path, b"{}", uid=1000))
    with closing(Tree(str(tmp_path), local)) as look:
        file = read_services(look, (), own=own).configs.get(JSON)
    assert file is not None
    assert file.error == error


# What the daemon is told


def test_the_file_that_a_running_daemon_was_told_is_read_and_what_it_says_looked_at(tmp_path: Path) -> None:
    other = "/etc/other/daemon.json"
    filled(tmp_path, {other[1:]: b'{"data-root": "/data"}', "data/x": b"", JSON[1:]: b'{"data-root": "/wrong"}'})
    process = HostProcess("/usr/bin/dockerd", ("dockerd", "-D", "--config-file", other))
    with closing(Tree(str(tmp_path), local)) as look:
        found = read_services(look, [process], own=False)
    assert list(found.configs) == [other]
    assert (found.found["/data"], found.found[other]) == (Found("/data", "dir"), Found(other))
    assert "/wrong" not in found.found


UNIT = "usr/lib/systemd/system/docker.service"


def test_the_unit_says_what_a_daemon_that_does_not_run_would_be_told(tmp_path: Path) -> None:
    found = services(
        tmp_path,
        {
            UNIT: b"[Service]\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n",
            "etc/default/docker": b'DOCKER_OPTS="--data-root /data"\n',
            "data/x": b"",
        },
    )
    assert found.daemons == (DockerDaemon(f"/{UNIT}", ("-H", "fd://", "--data-root", "/data"), by_unit=True),)
    assert found.found["/data"] == Found("/data", "dir")


def test_a_drop_in_changes_what_the_unit_would_start(tmp_path: Path) -> None:
    found = services(
        tmp_path,
        {
            UNIT: b"[Service]\nExecStart=/usr/bin/dockerd\n",
            "etc/systemd/system/docker.service.d/a.conf": b"[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -g /d\n",
        },
    )
    assert [each.words for each in found.daemons] == [("-g", "/d")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('Environment=A=x "OPTS=-g /d"', ("-g", "/d")),
        ("EnvironmentFile=/etc/docker/env", ("-g", "/e")),
        ("EnvironmentFile=-/etc/docker/env", ("-g", "/e")),
        ('Environment="OPTS=-g /d"\nEnvironmentFile=/etc/docker/env', ("-g", "/e")),
        ('Environment="OPTS=-g /d"\nEnvironment=', ("-D",)),
        ("EnvironmentFile=-/etc/docker/gone", ("-D",)),
    ],
)
def test_the_unit_itself_and_the_files_it_names_set_variables(
    tmp_path: Path, settings: str, words: tuple[str, ...]
) -> None:
    unit = f"[Service]\n{settings}\nExecStart=/usr/bin/dockerd $OPTS\n".encode()
    files = {UNIT: unit, "etc/docker/env": b"OPTS=-g /e\n", "etc/default/docker": b"OPTS=-D\n"}
    assert [each.words for each in services(tmp_path, files).daemons] == [words]


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("/etc/docker/*.env", ("-g", "/z")),
        ("/etc/docker/[ab].env", ("-g", "/b")),
        ("/etc/docker/?.env", ("-g", "/z")),
        ("-/etc/docker/*.none", ("-D",)),
    ],
)
def test_of_environment_files_of_a_pattern_the_last_by_name_counts(
    tmp_path: Path, named: str, words: tuple[str, ...]
) -> None:
    files = {f"etc/docker/{each}.env": f"OPTS=-g /{each}\n".encode() for each in (".x", "a", "b", "z")}
    unit = f"[Service]\nEnvironmentFile={named}\nExecStart=/usr/bin/dockerd $OPTS\n".encode()
    found = services(tmp_path, {**files, UNIT: unit, "etc/default/docker": b"OPTS=-D\n"})
    assert (found.unclear, [each.words for each in found.daemons]) == ("", [words])


@pytest.mark.parametrize("named", ["/etc/docker/gone", "/etc/docker/*.none", "/gone/*.env"])
@pytest.mark.parametrize("options", ["$OPTS", "-D"])
def test_a_unit_whose_environment_file_is_not_there_does_not_start(tmp_path: Path, named: str, options: str) -> None:
    unit = f"[Service]\nEnvironmentFile={named}\nExecStart=/usr/bin/dockerd {options}\n".encode()
    found = services(tmp_path, {UNIT: unit, "etc/docker/x": b""})
    assert found.unclear == f"/{UNIT}: it does not start, as EnvironmentFile={named} is not there"


@pytest.mark.parametrize("named", ["/etc/*/env", "/etc/%p/env"])
def test_an_environment_file_in_a_folder_of_a_pattern_is_unclear(tmp_path: Path, named: str) -> None:
    unit = f"[Service]\nEnvironmentFile={named}\nExecStart=/usr/bin/dockerd $OPTS\n".encode()
    assert services(tmp_path, {UNIT: unit}).unclear == f"{named}: /{UNIT} names it by a pattern"


def test_a_daemon_without_its_folder_is_the_daemon(tmp_path: Path) -> None:
    found = services(tmp_path, {UNIT: b"[Service]\nExecStart=dockerd -g /d\n"})
    assert [each.words for each in found.daemons] == [("-g", "/d")]


def test_a_unit_that_starts_the_daemon_by_another_program_is_unclear(tmp_path: Path) -> None:
    found = services(tmp_path, {UNIT: b"[Service]\nExecStart=/bin/sh -c 'exec /usr/bin/dockerd -g /d'\n"})
    assert found.unclear == f"/{UNIT}: expected dockerd in ExecStart=, found /bin/sh"


def test_a_daemon_with_an_unclear_file_hides_no_other_daemons(tmp_path: Path) -> None:
    filled(tmp_path, {"etc/docker/daemon.json": b'{"data-root": "/a"}'})
    unclear = HostProcess(OWN, (OWN, "--config-file=b.json", "--data-root=/b"))
    with closing(Tree(str(tmp_path), local)) as look:
        found = read_services(look, [HostProcess(OWN, (OWN,)), unclear], own=False)
    assert list(found.configs) == [JSON]


def test_a_daemon_whose_command_line_is_not_read_to_its_end_is_unclear(tmp_path: Path) -> None:
    with closing(Tree(str(tmp_path), local)) as look:
        found = read_services(look, [HostProcess(OWN, (OWN, "-D"), cut=True)], own=False)
    assert found.unclear == f"{OWN}: its command line is longer than what is read of it"


SNAP = "snap/docker/current/bin/dockerd"
SNAP_JSON = "/var/snap/docker/current/config/daemon.json"


def test_the_daemon_of_a_snap_reads_the_file_of_the_snap(tmp_path: Path) -> None:
    found = services(tmp_path, {SNAP: b"x", SNAP_JSON[1:]: b'{"data-root": "/srv/docker"}', JSON[1:]: b"{}"})
    assert list(found.configs) == [SNAP_JSON]
    assert "/srv/docker" in found.found


def test_beside_a_unit_a_snap_is_not_the_daemon(tmp_path: Path) -> None:
    files = {SNAP: b"x", SNAP_JSON[1:]: b"{}", UNIT: b"[Service]\nExecStart=/usr/bin/dockerd\n", JSON[1:]: b"{}"}
    assert list(services(tmp_path, files).configs) == [JSON]


def test_a_drop_in_of_all_services_counts(tmp_path: Path) -> None:
    drop_in = b"[Service]\nExecStart=\nExecStart=/usr/bin/dockerd -g /d\n"
    files = {UNIT: b"[Service]\nExecStart=/usr/bin/dockerd\n", "etc/systemd/system/service.d/a.conf": drop_in}
    assert [each.words for each in services(tmp_path, files).daemons] == [("-g", "/d")]


def test_more_drop_ins_than_are_read_are_unclear(tmp_path: Path) -> None:
    folder = "etc/systemd/system/docker.service.d"
    files = {UNIT: b"[Service]\nExecStart=/usr/bin/dockerd\n"} | {f"{folder}/{n:03}.conf": b"#" for n in range(101)}
    assert services(tmp_path, files).unclear == f"/{folder}: expected at most 100 drop-ins, found 101"


def test_a_masked_unit_starts_nothing(tmp_path: Path) -> None:
    filled(tmp_path, {UNIT: b"[Service]\nExecStart=/usr/bin/dockerd -g /d\n", "etc/systemd/system/x": b""})
    (tmp_path / "etc/systemd/system/docker.service").symlink_to("/dev/null")
    assert (services(tmp_path).daemons, services(tmp_path).unclear) == ((), "")


def test_a_unit_that_cannot_be_read_is_unclear(tmp_path: Path) -> None:
    found = services(tmp_path, {f"{UNIT}/x": b""})
    assert found.unclear == f"/{UNIT}: expected a regular file, found a directory"


# Processes


NAMES = ("dockerd", "containerd")
HOST_FILE = (8, 42)


class Proc:
    """A /proc of a test's own."""

    def __init__(self, root: Path) -> None:
        self.root = root / "proc"
        self.add(1, "/sbin/init")

    def add(
        self,
        pid: int,
        exe: str,
        *,
        uids: str = "0\t0\t0\t0",
        mnt: str = "mnt:[1]",
        user: str = "user:[1]",
        words: bytes = b"",
    ) -> None:
        folder = self.root / str(pid)
        (folder / "ns").mkdir(parents=True)
        (folder / "ns/mnt").symlink_to(mnt)
        (folder / "ns/user").symlink_to(user)
        (folder / "exe").symlink_to(exe)
        (folder / "status").write_text(f"Name:\tdockerd\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n")
        (folder / "cmdline").write_bytes(words)

    def running(self, identities: Mapping[str, DeviceInode] | None = None) -> list[HostProcess]:
        def same(path: str) -> DeviceInode | None:
            try:
                found = os.stat(path)  # noqa: PTH116 - as the code does it
            except OSError:
                return None
            return found.st_dev, found.st_ino

        return list(running(NAMES, same if identities is None else identities.get, str(self.root)))


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    (tmp_path / "self").write_text("not a pid")
    return Proc(tmp_path)


@pytest.fixture
def dockerd(tmp_path: Path) -> str:
    path = tmp_path / "bin/dockerd"
    path.parent.mkdir()
    path.write_bytes(b"x")
    return str(path)


def test_a_daemon_of_the_host_counts_with_its_arguments(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd, words=b"dockerd\0-H\0fd://\0")
    assert proc.running() == [HostProcess(dockerd, ("dockerd", "-H", "fd://"))]


def test_a_long_command_line_is_read(proc: Proc, dockerd: str) -> None:
    words = ("dockerd", *(f"--label=é{number}" for number in range(10_000)), "--data-root=/srv")
    proc.add(700, dockerd, words="\0".join([*words, ""]).encode())
    assert proc.running() == [HostProcess(dockerd, words)]


def test_a_command_line_that_is_longer_than_what_is_read_says_so(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd, words=b"dockerd\0" + b"-D\0" * 400_000 + b"--data-root=/srv\0")
    (found,) = proc.running()
    assert (found.arguments[0], "--data-root=/srv" in found.arguments, found.cut) == ("dockerd", False, True)


@pytest.mark.parametrize("uids", ["1000\t1000\t1000\t1000", "1000\t0\t0\t0", "0\t1000\t0\t0", "0\t0\t0\t1000", ""])
def test_a_daemon_of_another_user_does_not_count(proc: Proc, dockerd: str, uids: str) -> None:
    proc.add(700, dockerd, uids=uids)
    assert proc.running() == []


def test_a_daemon_in_a_container_does_not_count(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd, mnt="mnt:[2]")
    proc.add(701, dockerd, user="user:[2]")
    assert proc.running() == []


def test_a_daemon_whose_file_is_deleted_does_not_count(proc: Proc, dockerd: str) -> None:
    proc.add(700, f"{dockerd} (deleted)")
    assert proc.running() == []


def test_a_daemon_from_another_file_than_the_hosts_does_not_count(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd)
    assert proc.running({dockerd: HOST_FILE}) == []


def test_a_daemon_where_it_is_not_safe_to_look_does_not_count(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd)
    assert proc.running({}) == []


def test_another_program_does_not_count_whatever_it_calls_itself(proc: Proc, tmp_path: Path) -> None:
    other = tmp_path / "dockerd-rootless.sh"
    other.write_bytes(b"x")
    proc.add(700, str(other), words=b"dockerd\0")
    proc.add(701, "/nonexistent/sleep")
    assert proc.running() == []


def test_nothing_counts_where_the_namespaces_are_not_told(proc: Proc, dockerd: str) -> None:
    proc.add(700, dockerd)
    (proc.root / "1/ns/mnt").unlink()
    assert proc.running() == []


def test_an_executable_whose_name_is_not_utf_8_is_read(proc: Proc, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/\xff"))
    folder.mkdir()
    (folder / "dockerd").write_bytes(b"x")
    proc.add(700, str(folder / "dockerd"))
    assert [process.path for process in proc.running()] == [str(folder / "dockerd")]


def test_processes_count_in_the_order_of_their_ids_and_each_once(proc: Proc, dockerd: str, tmp_path: Path) -> None:
    containerd = tmp_path / "bin/containerd"
    containerd.write_bytes(b"x")
    for pid in (1000, 99):
        proc.add(pid, dockerd)
    proc.add(100, str(containerd))
    with closing(Tree("/", local)) as look:
        found = read_services(look, proc.running(), own=True)
    assert [process.path for process in found.processes] == [dockerd, str(containerd)]
    assert found.found[dockerd] == Found(dockerd)


def test_another_root_has_no_processes_of_this_machine(tmp_path: Path) -> None:
    assert services(tmp_path).processes == ()


def test_this_machine_is_looked_at() -> None:
    assert OWN in docker_of(Host("/", "none")).found

"""What the CIS Docker Benchmarks want audited, as a table. Sources differ in numbers, not in these things."""

from __future__ import annotations

from auditrules.benchmarks import docker_daemon
from auditrules.benchmarks.control import Subject, TargetKind

_SNAP_DATA = "/var/snap/docker"
_BINARIES = ("/usr/bin", "/usr/local/bin", "/usr/sbin", "/snap/docker/current/bin", "/opt/bin")

_RUNS = (
    "Who replaces this program, or runs it with options of their own, acts as root on the host and in every container."
)
_CONFIGURES = (
    "Who changes this file decides how the daemon runs, which is as good as being root, and leaves no other trace."
)


def _executable(name: str, what: str, why: str, folder: str = "/usr/bin", *, if_applicable: bool = True) -> Subject:
    return Subject(
        f"the {name} executable",
        f"{folder}/{name}",
        TargetKind.EXECUTABLE,
        f"Every execution of {what}, and every change of the file or its attributes, is to be recorded.",
        why,
        places=tuple(f"{place}/{name}" for place in _BINARIES if place != folder),
        process=name,
        if_applicable=if_applicable,
    )


def _unit(name: str, what: str) -> Subject:
    return Subject(
        f"the unit file {name}",
        f"/usr/lib/systemd/system/{name}",
        TargetKind.FILE,
        f"Every change of {what}, wherever systemd finds it, is to be recorded.",
        _CONFIGURES,
        unit=name,
    )


def _file(path: str, what: str, places: tuple[str, ...] = (), option: str = "") -> Subject:
    description = f"Every change of {what} is to be recorded."
    return Subject(path, path, TargetKind.FILE, description, _CONFIGURES, places, option=option)


def _directory(path: str, what: str, why: str, places: tuple[str, ...] = (), option: str = "") -> Subject:
    description = f"Every change in {what}, at any depth, is to be recorded."
    return Subject(path, path, TargetKind.DIRECTORY, description, why, places, option=option, if_applicable=False)


def _socket(path: str, what: str, why: str, option: str) -> Subject:
    description = f"Every removal, replacement and change of attributes of {what} is to be recorded."
    return Subject(path, path, TargetKind.SOCKET, description, why, option=option)


DAEMON = _executable("dockerd", "the Docker daemon", _RUNS, if_applicable=False)
CONTAINERD = _executable("containerd", "containerd, which runs containers for the daemon", _RUNS)
SHIM = _executable("containerd-shim", "the process that stands between containerd and a container", _RUNS)
SHIM_V1 = _executable("containerd-shim-runc-v1", "the first version of containerd's shim for runc", _RUNS)
SHIM_V2 = _executable("containerd-shim-runc-v2", "the second version of containerd's shim for runc", _RUNS)
RUNC = _executable("runc", "runc, which makes a process a container", _RUNS)
RUNC_IN_SBIN = _executable("runc", "runc, which makes a process a container", _RUNS, "/usr/sbin")

RUN_CONTAINERD = _directory(
    "/run/containerd",
    "containerd's directory for what runs now",
    "It holds the sockets and the state of running containers; changing them takes containers over.",
)
VAR_LIB_DOCKER = _directory(
    "/var/lib/docker",
    "the directory where Docker keeps images, containers, volumes and their configuration",
    "Changing it changes what containers are made of, and their data, behind the daemon's back.",
    (f"{_SNAP_DATA}/common/var-lib-docker",),
    docker_daemon.DATA_ROOT,
)
ETC_DOCKER = _directory(
    "/etc/docker",
    "the directory of the daemon's configuration, keys and certificates",
    "The certificates here decide who may command the daemon, and whom it trusts for images.",
    (f"{_SNAP_DATA}/current/config",),
)
DOCKER_SERVICE = _unit("docker.service", "the unit file that starts the daemon with its options")
DOCKER_SOCKET = _unit("docker.socket", "the unit file that makes the daemon's socket and says who may use it")
DOCKER_SOCK = _socket(
    "/var/run/docker.sock",
    "the socket that the daemon takes commands from",
    "Who may write to this socket is root on the host; a change of its owner or mode gives that away.",
    docker_daemon.HOST,
)
CONTAINERD_SOCK = _socket(
    "/run/containerd/containerd.sock",
    "the socket that containerd takes commands from",
    "Who may write to this socket commands containers past the daemon and its limits.",
    docker_daemon.CONTAINERD,
)
DEFAULT_DOCKER = _file("/etc/default/docker", "the file of the daemon's start options on Debian and its kin")
SYSCONFIG_DOCKER = _file("/etc/sysconfig/docker", "the file of the daemon's start options on Red Hat and its kin")
DAEMON_JSON = _file(
    docker_daemon.DAEMON_JSON,
    "the daemon's configuration file",
    (f"{_SNAP_DATA}/current/config/daemon.json",),
    docker_daemon.CONFIG_FILE,
)
CONTAINERD_CONFIG = _file("/etc/containerd/config.toml", "containerd's configuration file")

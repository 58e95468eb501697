"""Which paths a control asks for on a host, from what was seen of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from auditrules.audit.model.collected import File
from auditrules.benchmarks.docker_daemon import PROGRAMS, DockerDaemon
from auditrules.benchmarks.services import Found, HostProcess, Services
from auditrules.benchmarks.targets import Target, targets
from tests.fixtures.judged import CONTROLS, required

OWN = "/usr/bin/dockerd"
PATHS = sorted({path for control in CONTROLS for path in required(control).places})
NOWHERE: Mapping[str, Found | None] = dict.fromkeys(PATHS)
JSON = "/etc/docker/daemon.json"
SERVICE = "/usr/lib/systemd/system/docker.service"


def seen(*paths: str, **types: str) -> dict[str, Found | None]:
    return {**NOWHERE, **{path: Found(path, types.get("type", "file")) for path in paths}}


def of(services: Services, number: str, version: str = "1.2.0") -> list[Target]:
    return dict(every(services))[version, number]


def every(services: Services) -> Iterator[tuple[tuple[str, str], list[Target]]]:
    """The targets of each control of Docker's."""
    for control in CONTROLS:
        wanted = required(control)
        assert wanted.docker is not None
        yield (control.version, control.id), [*targets(wanted.path, wanted.type, wanted.docker, services)]


def told(services: Services, number: str, version: str = "1.2.0") -> list[tuple[str, str, str]]:
    found = of(services, number, version)
    return [(each.path, each.origin.value, each.reason.value if each.reason else "") for each in found]


def test_every_control_has_its_own_path_first_whatever_the_host() -> None:
    for services in (Services(), Services(found=NOWHERE), Services(found=seen(OWN))):
        firsts = {number: found[0].path for number, found in every(services)}
        assert firsts == {(control.version, control.id): required(control).path for control in CONTROLS}


def test_without_docker_nothing_is_applicable() -> None:
    found = [each for _, found in every(Services(found=NOWHERE)) for each in found]
    assert {each.reason.value for each in found if each.reason} == {"not_installed"}
    assert [each for each in found if each.applicable] == []


def test_containerd_alone_is_no_docker() -> None:
    assert told(Services(found=seen("/usr/bin/containerd")), "1.1.14", "1.8.0") == [
        ("/usr/bin/containerd", "benchmark", "not_installed")
    ]


@pytest.mark.parametrize("place", PROGRAMS)
def test_the_daemon_in_any_usual_place_is_docker(place: str) -> None:
    expected = [(OWN, "benchmark", "absent"), (place, "benchmark", "")]
    assert told(Services(found=seen(place)), "1.2.3") == [each for each in expected if place != OWN or not each[2]]


def test_two_daemons_are_two_targets() -> None:
    assert told(Services(found=seen(OWN, "/usr/local/bin/dockerd")), "1.2.3") == [
        (OWN, "benchmark", ""),
        ("/usr/local/bin/dockerd", "benchmark", ""),
    ]


def test_another_name_of_the_same_file_is_no_further_target() -> None:
    found = seen(OWN) | {"/usr/sbin/dockerd": Found(OWN)}
    assert told(Services((HostProcess(OWN),), found=found), "1.2.3") == [(OWN, "benchmark", "")]


def test_a_running_daemon_in_a_place_of_its_own_is_a_target() -> None:
    path = "/srv/docker/dockerd"
    services = Services((HostProcess(path),), found={**NOWHERE, path: Found(path)})
    assert told(services, "1.2.3") == [(OWN, "benchmark", "absent"), (path, "process", "")]


def test_a_running_daemon_is_no_target_of_another_control() -> None:
    path = "/srv/docker/dockerd"
    services = Services((HostProcess(path),), found={**NOWHERE, path: Found(path)})
    assert told(services, "1.2.11") == [("/usr/bin/containerd", "benchmark", "absent")]


def test_a_link_is_a_target_by_its_name_and_watched_where_it_leads() -> None:
    (target,) = of(Services(found={**NOWHERE, OWN: Found("/opt/docker/dockerd", link=True)}), "1.2.3")
    assert (target.path, target.watched) == (OWN, "/opt/docker/dockerd")


def test_a_link_in_the_middle_leaves_the_name_to_watch() -> None:
    (target,) = of(Services(found={**NOWHERE, OWN: Found("/usr/merged/dockerd")}), "1.2.3")
    assert target.watched == OWN


def test_a_broken_link_in_the_daemons_place_is_something() -> None:
    assert told(Services(found={**NOWHERE, OWN: Found(OWN, "link", link=True)}), "1.2.3") == [(OWN, "benchmark", "")]


@pytest.mark.parametrize(
    ("number", "path", "kind", "error"),
    [
        ("1.2.3", OWN, "dir", "there is something of type dir in the place of the executable"),
        ("1.2.5", "/etc/docker", "file", "there is something of type file in the place of the directory"),
        ("1.2.10", JSON, "dir", "there is something of type dir in the place of the file"),
    ],
)
def test_something_else_in_a_targets_place_is_not_known(number: str, path: str, kind: str, error: str) -> None:
    (target,) = of(Services(found={**seen("/opt/bin/dockerd"), path: Found(path, kind)}), number)[:1]
    assert (target.reason and target.reason.value, target.error) == ("unreadable", error)


@pytest.mark.parametrize("number", ["1.2.4", "1.2.5"])
def test_a_directory_is_wanted_even_if_it_is_not_there(number: str) -> None:
    (target,) = of(Services(found=seen(OWN)), number)
    assert (target.applicable, target.reason) == (True, None)


@pytest.mark.parametrize("number", ["1.2.6", "1.2.7", "1.2.8", "1.2.9", "1.2.10", "1.2.11", "1.2.12"])
def test_what_is_wanted_if_applicable_is_not_where_nothing_is(number: str) -> None:
    (target,) = of(Services(found=seen(OWN)), number)
    assert (target.applicable, target.reason and target.reason.value) == (False, "absent")


# What could not be looked at


def test_a_host_that_could_not_be_looked_at_is_not_known() -> None:
    found = [each for _, found in every(Services()) for each in found]
    assert {(each.reason and each.reason.value, each.error) for each in found} == {
        ("unreadable", "whether there is a Docker daemon on this host is not known")
    }
    assert all(each.applicable for each in found)


def test_a_place_that_could_not_be_looked_at_may_be_the_one() -> None:
    found = {path: None for path in NOWHERE if path != "/usr/local/bin/dockerd"}
    assert told(Services(found=found), "1.2.3") == [
        (OWN, "benchmark", "unreadable"),
        ("/usr/local/bin/dockerd", "benchmark", "unreadable"),
    ]


def test_a_place_that_could_not_be_looked_at_does_not_matter_where_another_is_known() -> None:
    found = {path: what for path, what in seen(OWN).items() if path != "/usr/local/bin/dockerd"}
    assert told(Services(found=found), "1.2.3") == [(OWN, "benchmark", "")]


def test_a_file_that_could_not_be_looked_at_is_left_to_the_rules() -> None:
    found = {path: what for path, what in seen(OWN).items() if path != "/etc/default/docker"}
    assert told(Services(found=found), "1.2.8") == [("/etc/default/docker", "benchmark", "")]


# Units


def test_a_unit_in_its_usual_place_is_one_target() -> None:
    services = Services(units={"docker.service": SERVICE}, found=seen(OWN, SERVICE))
    assert told(services, "1.2.6") == [(SERVICE, "benchmark", "")]


def test_a_unit_in_another_place_is_a_target() -> None:
    path = "/etc/systemd/system/docker.service"
    services = Services(units={"docker.service": path}, found=seen(OWN, path))
    assert told(services, "1.2.6") == [(SERVICE, "benchmark", "absent"), (path, "unit", "")]


def test_a_unit_that_hides_the_packages_own_leaves_both() -> None:
    path = "/etc/systemd/system/docker.service"
    services = Services(units={"docker.service": path}, found=seen(OWN, path, SERVICE))
    assert told(services, "1.2.6") == [(SERVICE, "benchmark", ""), (path, "unit", "")]


# The data root


def with_json(content: bytes | None, error: str = "", *processes: HostProcess) -> Services:
    file = File(JSON, content, error)
    return Services(processes, configs={JSON: file}, found=seen(OWN, JSON))


DATA = ("/var/lib/docker", "benchmark", "")
GONE = ("/var/lib/docker", "benchmark", "absent")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{}", [DATA]),
        (b"", [DATA]),
        (b" \r\n\t", [DATA]),
        (b"\xef\xbb\xbf", [DATA]),
        (b"\xff\xfe", [DATA]),
        (b"null", [DATA]),
        (b'{"data-root": ""}', [DATA]),
        (b'{"data-root": null}', [DATA]),
        (b'\xef\xbb\xbf{"data-root": "/data"}\n', [GONE, ("/data", "daemon.json", "")]),
        ('\ufeff{"data-root": "/data"}'.encode("utf-16-le"), [GONE, ("/data", "daemon.json", "")]),
        ('\ufeff{"data-root": "/data"}'.encode("utf-16-be"), [GONE, ("/data", "daemon.json", "")]),
        (b'{"data-root": "/var/lib/docker/"}', [DATA]),
        (b'{"data-root": "/data//docker/"}', [GONE, ("/data/docker", "daemon.json", "")]),
        (b'{"graph": "/data"}', [GONE, ("/data", "daemon.json", "")]),
        (b'{"data-root": "/d\xc3\xa9"}', [GONE, ("/d\xe9", "daemon.json", "")]),
    ],
)  # fmt: skip
def test_daemon_json_says_where_the_data_is(content: bytes, expected: list[tuple[str, str, str]]) -> None:
    assert told(with_json(content), "1.2.4") == expected


def test_a_data_root_elsewhere_leaves_what_is_in_the_old_place() -> None:
    services = Services(
        configs={JSON: File(JSON, b'{"data-root": "/data"}')},
        found={**seen(OWN), "/var/lib/docker": Found("/var/lib/docker", "dir")},
    )
    assert told(services, "1.2.4") == [DATA, ("/data", "daemon.json", "")]


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (File(JSON, b"data-root: /x"), "expected JSON: Expecting value: line 1 column 1 (char 0)"),
        (File(JSON, b"{} {}"), "expected JSON: Extra data: line 1 column 4 (char 3)"),
        (File(JSON, '{"data-root": "/data"}'.encode("utf-16-le")), "expected JSON: "),
        (File(JSON, b"\xff\xfe\xfd"), "expected JSON: "),
        (File(JSON, b"[" * 100_000), "expected JSON: "),
        (File(JSON, b"[]"), "expected an object"),
        (File(JSON, b'{"data-root": 7}'), "data-root: expected an absolute path"),
        (File(JSON, b'{"data-root": "x"}'), "data-root: expected an absolute path"),
        (File(JSON, b'{"data-root": "/a\\u0000b"}'), "data-root: expected an absolute path"),
        (File(JSON, b'{"data-root": "/a\\ud800"}'), "data-root: expected a path, found half of a character"),
        (
            File(JSON, b'{"data-root": "/' + b"x" * 5000 + b'"}'),
            "data-root: expected a path of less than 4096 bytes",
        ),
        (File(JSON, error="longer than 1048576 bytes, the most that is read"), "longer than 1048576 bytes, the most"),
        (File(JSON, error="expected a regular file, found one of type link"), "expected a regular file, found one"),
    ],
    ids=range(13),
)  # fmt: skip
def test_a_daemon_json_that_does_not_tell_makes_the_place_unknown(file: File, error: str) -> None:
    own, other = of(Services(configs={JSON: file}, found=seen(OWN, JSON)), "1.2.4")
    assert (own.path, own.reason) == ("/var/lib/docker", None)
    assert (other.path, other.origin.value, other.reason and other.reason.value) == ("", "daemon.json", "unreadable")
    assert other.error.startswith(f"{JSON}: {error}")


def test_a_daemon_json_that_does_not_tell_is_the_business_of_what_it_may_place() -> None:
    services = with_json(b"?")
    unclear = {key for key, found in every(services) if any(each.error for each in found)}
    assert {number for version, number in unclear if version == "1.2.0"} == {"1.2.4"}
    assert {number for version, number in unclear if version == "1.8.0"} == {
        "1.1.5",
        "1.1.8",
        "1.1.9",
    }


def test_a_daemon_json_without_docker_says_nothing() -> None:
    services = Services(configs={JSON: File(JSON, b"?")}, found=NOWHERE)
    assert told(services, "1.2.4") == [("/var/lib/docker", "benchmark", "not_installed")]


@pytest.mark.parametrize(
    "words", [("--data-root", "/data"), ("--data-root=/data",), ("-g", "/data"), ("--graph=/data",)]
)
def test_a_running_daemon_was_told_where_the_data_is(words: tuple[str, ...]) -> None:
    services = Services(daemons=(DockerDaemon(OWN, ("-H", "fd://", *words)),), found=seen(OWN))
    assert told(services, "1.2.4") == [("/var/lib/docker", "benchmark", "absent"), ("/data", "process", "")]


@pytest.mark.parametrize("words", [("--data-root",), ("--data-root=",), ("--data-root", "relative")])
def test_a_daemon_that_was_told_no_path_makes_the_place_unknown(words: tuple[str, ...]) -> None:
    _, other = of(Services(daemons=(DockerDaemon(OWN, words),), found=seen(OWN)), "1.2.4")
    assert other.error == f"{OWN}: --data-root: expected an absolute path"


OTHER = "/etc/other/daemon.json"
TOLD_OTHER = DockerDaemon(OWN, (f"--config-file={OTHER}",))


def test_another_configuration_file_says_where_the_data_is() -> None:
    services = Services(daemons=(TOLD_OTHER,), configs={OTHER: File(OTHER, b'{"data-root": "/data"}')}, found=seen(OWN))
    assert told(services, "1.2.4") == [GONE, ("/data", "daemon.json", "")]


def test_another_configuration_file_that_is_not_read_makes_the_place_unknown() -> None:
    found = {**seen(OWN), "/var/lib/docker": Found("/var/lib/docker", "dir")}
    _, other = of(Services(daemons=(TOLD_OTHER,), found=found), "1.2.4")
    assert (other.reason and other.reason.value) == "unreadable"
    assert other.error == f"{OWN}: its configuration file {OTHER} is not there"


def test_another_configuration_file_is_itself_a_target() -> None:
    services = Services(daemons=(TOLD_OTHER,), found={**seen(OWN), OTHER: Found(OTHER)})
    assert told(services, "1.2.10") == [(JSON, "benchmark", "absent"), (OTHER, "process", "")]


def test_what_a_daemon_was_told_on_its_command_line_needs_no_file() -> None:
    daemon = DockerDaemon(OWN, (f"--config-file={OTHER}", "-Dg", "/data"))
    assert told(Services(daemons=(daemon,), found=seen(OWN)), "1.2.4") == [GONE, ("/data", "process", "")]


def test_sockets_that_a_daemon_was_told_are_targets() -> None:
    path = "/srv/docker.sock"
    daemon = DockerDaemon(OWN, ("-H", "fd://", "-Hunix:///srv//docker.sock", "-H=tcp://0.0.0.0:2376"))
    services = Services(daemons=(daemon,), found={**seen(OWN), path: Found(path, "socket")})
    assert told(services, "1.1.9", "1.8.0") == [("/var/run/docker.sock", "benchmark", "absent"), (path, "process", "")]


def test_what_a_unit_would_start_is_of_the_unit() -> None:
    daemon = DockerDaemon("/usr/lib/systemd/system/docker.service", ("--data-root", "/data"), by_unit=True)
    assert told(Services(daemons=(daemon,), found=seen(OWN)), "1.2.4") == [GONE, ("/data", "unit", "")]


def test_a_unit_that_does_not_tell_makes_the_place_unknown() -> None:
    _, other = of(Services(unclear="docker.service: Permission denied", found=seen(OWN)), "1.2.4")
    assert other.error == "docker.service: Permission denied"


def test_the_data_of_a_snap_is_where_snaps_keep_it() -> None:
    found = {
        **seen("/snap/docker/current/bin/dockerd"),
        "/var/snap/docker/common/var-lib-docker": Found("/var/snap/docker/common/var-lib-docker", "dir"),
    }
    assert told(Services(found=found), "1.2.4") == [GONE, ("/var/snap/docker/common/var-lib-docker", "benchmark", "")]

"""Where a daemon was told to keep its things, as dockerd's own parser of options reads it."""

from __future__ import annotations

import pytest

from auditrules.audit.model.collected import File
from auditrules.benchmarks.docker_daemon import (
    CONFIG_FILE,
    DATA_ROOT,
    HOST,
    DockerDaemon,
    UnclearError,
    expanded,
    places,
)

WORDS = (
    (("--data-root", "/data"), DATA_ROOT, ("/data",)),
    (("--data-root=/data",), DATA_ROOT, ("/data",)),
    (("--graph=/data",), DATA_ROOT, ("/data",)),
    (("-g", "/data"), DATA_ROOT, ("/data",)),
    (("-g/data",), DATA_ROOT, ("/data",)),
    (("-g=/data",), DATA_ROOT, ("/data",)),
    (("-Dg", "/data"), DATA_ROOT, ("/data",)),
    (("-Dg/data",), DATA_ROOT, ("/data",)),
    (("-D", "-l", "debug", "-g", "/data"), DATA_ROOT, ("/data",)),
    (("-Ggroup", "-g", "/data"), DATA_ROOT, ("/data",)),
    (("-G", "-g", "/data"), DATA_ROOT, ()),  # the group is called -g
    (("-lg", "/data"), DATA_ROOT, ()),  # the level is g
    (("--data-root",), DATA_ROOT, ("",)),
    (("-g",), DATA_ROOT, ("",)),
    (("--", "--data-root=/data"), DATA_ROOT, ()),
    (("--data-rooted=/data",), DATA_ROOT, ()),
    (("-H", "fd://", "-H", "unix:///a.sock"), HOST, ("fd://", "unix:///a.sock")),
    (("--config-file", "/a", "--config-file=/b"), CONFIG_FILE, ("/a", "/b")),
)


@pytest.mark.parametrize(("words", "option", "values"), WORDS)
def test_options_are_read_as_the_daemon_reads_them(
    words: tuple[str, ...], option: str, values: tuple[str, ...]
) -> None:
    assert DockerDaemon("dockerd", words).option_values(option) == values


def test_the_last_configuration_file_counts() -> None:
    assert DockerDaemon("dockerd", ("--config-file", "/a", "--config-file=/b//c")).config_file == "/b/c"


def test_without_a_word_the_configuration_file_is_the_usual_one() -> None:
    assert DockerDaemon("dockerd", ("-D",)).config_file == "/etc/docker/daemon.json"


def test_a_configuration_file_without_an_absolute_path_is_unclear() -> None:
    with pytest.raises(UnclearError) as caught:
        DockerDaemon("dockerd", ("--config-file=daemon.json",)).config_file  # noqa: B018 - it raises
    assert str(caught.value) == "dockerd: --config-file: expected an absolute path"


ENVIRONMENT = File("/etc/default/docker", b'# comment\nDOCKER_OPTS="-D --data-root /data"\nexport ROOT=/srv # here\n')


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("-H", "fd://", "$DOCKER_OPTS"), ("-H", "fd://", "-D", "--data-root", "/data")),
        (("${DOCKER_OPTS}",), ("-D --data-root /data",)),
        (("--data-root=${ROOT}/docker",), ("--data-root=/srv/docker",)),
        (("$NOBODY", "-D"), ("-D",)),
    ],
)
def test_variables_of_environment_files_stand_in_the_words_of_a_unit(
    words: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert expanded(words, [ENVIRONMENT]) == found


UNREAD = File("/etc/sysconfig/docker", error="Permission denied")


def test_a_variable_is_unclear_if_a_file_that_may_hold_it_cannot_be_read() -> None:
    with pytest.raises(UnclearError) as caught:
        expanded(("-D", "$OPTIONS"), [ENVIRONMENT, UNREAD])
    assert str(caught.value) == "/etc/sysconfig/docker: Permission denied"


def test_words_without_a_variable_need_no_environment_file() -> None:
    assert expanded(("-D", "--data-root=/$"), [UNREAD]) == ("-D", "--data-root=/$")


@pytest.mark.parametrize("host", ["unix://", " unix:// ", "", " "])
def test_a_unix_socket_without_a_path_is_the_usual_one(host: str) -> None:
    daemon = DockerDaemon("dockerd", ("-H", host))
    assert list(places(HOST, [daemon], {})) == [("/var/run/docker.sock", daemon)]

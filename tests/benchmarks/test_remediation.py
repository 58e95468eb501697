from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks.remediation import remedies_text, rule_line
from auditrules.benchmarks.requirement import Remedy
from tests.fixtures.judged import CONTROLS, remedy

BY_ID = {(each.version, each.id): each for each in CONTROLS}
DAEMON, DATA, SOCKET = BY_ID["1.2.0", "1.2.3"], BY_ID["1.2.0", "1.2.4"], BY_ID["1.8.0", "1.1.8"]
LOAD = (
    "then run augenrules --load. If the rules are locked (enabled 2), they load at the next boot. Afterwards "
    "auditctl -l must show the rule."
)
PUT = "into /etc/audit/rules.d/docker.rules, " + LOAD
CANT = (
    "auditctl can't express this path in a rules file: give it another name, or watch the directory above it, {folder}."
)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/usr/bin/dockerd", "-w /usr/bin/dockerd -k docker"),
        ("/opt/my docker/dockerd", "-w /opt/my\\ docker/dockerd -k docker"),
        ("/opt/a\\b", "-w /opt/a\\\\b -k docker"),
        ("/opt/é'\"$(x)", "-w /opt/é'\"$(x) -k docker"),
        ("/opt/#x -p r", "-w /opt/#x\\ -p\\ r -k docker"),
        ("/data", "-w /data -k docker"),
        ("/opt/a\nb", None),
        ("/opt/a\0b", None),
        ("/opt/a\x07b", None),
        ("/opt/a\x04b", None),
        ("/" + "x" * 256, None),
        ("/x" * 2048, None),
        ("/a b" * 1023, "-w " + "/a\\ b" * 1023 + " -k docker"),
        ("/   " * 1020, None),  # longer than auditctl reads in one piece
        ("dockerd", None),
        ("", None),
        ("/usr/bin/", None),
    ],
    ids=lambda value: repr(value)[:20] if isinstance(value, str) else "",
)
def test_the_line_for_a_path(path: str, line: str | None) -> None:
    assert rule_line(path, "docker") == line


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20))
def test_a_line_watches_the_path_or_there_is_none(name: str) -> None:
    line = rule_line(f"/{name}", "docker")
    said = parse_line(line, Facts()) if line is not None else None
    field = said.rule.watched() if said is not None and said.rule is not None else None
    assert (field.value if field is not None else None) == (f"/{name}" if line is not None else None)


def test_what_to_do_names_line_file_and_load() -> None:
    assert remedy(DAEMON, "/usr/bin/dockerd") == f"Put the line -w /usr/bin/dockerd -k docker {PUT}"


def test_a_directory_has_to_be_there() -> None:
    assert remedy(DATA, "/data/docker") == (
        "Create the directory first if it is missing; otherwise the watch is not recursive. "
        f"Put the line -w /data/docker -k docker {PUT}"
    )


def test_what_is_gone_at_boot_needs_its_directory_made_again() -> None:
    assert remedy(SOCKET, "/run/containerd/containerd.sock") == (
        f"Put the line -w /run/containerd/containerd.sock -k docker {PUT} Rules load at boot before "
        "/run/containerd is there, and without it auditctl refuses the line and all behind it, or watches one name: "
        "put the line d /run/containerd 0711 root root - into /etc/tmpfiles.d/docker-audit.conf."
    )


def test_what_is_in_run_itself_needs_no_directory() -> None:
    assert "tmpfiles" not in remedy(SOCKET, "/var/run/docker.sock")


def test_a_path_that_no_line_can_say_is_told() -> None:
    assert remedy(DAEMON, "/opt/a\nb/dockerd") == CANT.format(folder="/opt/a\nb")


def test_what_several_requirements_share_is_said_once() -> None:
    several = [Remedy(repair="Install it.", first=f"Set `{name}`.", text="Load it.") for name in ("a", "b")]
    assert remedies_text(several) == "Install it. Set `a`. Set `b`. Load it."

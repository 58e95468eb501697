"""A system of which only the name is known: what it has as it is installed, and what is not known of it."""

from __future__ import annotations

from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks import BENCHMARKS
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.privileged_programs import SearchState
from auditrules.benchmarks.requirement import Fact
from auditrules.host.named_system import NO_PROGRAMS, NamedSystem

UBUNTU = OsRelease("ubuntu", "24.04")
CONTROLS = [each for each in BENCHMARKS if each.short_name == "cis-ubuntu-24.04"][-1].controls
SYSTEM = NamedSystem(UBUNTU, Facts(assumed=True), CONTROLS)


def test_a_path_of_a_control_is_there_as_what_the_control_says() -> None:
    seen = SYSTEM.look(["/etc/passwd", "/etc/pam.d"])
    assert {path: entry.type for path, entry in seen.items()} == {
        "/": "dir",
        "/etc": "dir",
        "/etc/passwd": "file",
        "/etc/pam.d": "dir",
    }


def test_dockers_socket_is_one() -> None:
    assert SYSTEM.look(["/run/containerd/containerd.sock"])["/run/containerd/containerd.sock"].type == "socket"


def test_it_has_its_name_and_the_users_that_login_defs_is_shipped_with() -> None:
    login = SYSTEM.fact(Fact.LOGIN)
    assert (SYSTEM.fact(Fact.SYSTEM), getattr(login, "uid_min", None)) == (UBUNTU, 1000)


def test_its_privileged_programs_are_not_known() -> None:
    assert SYSTEM.fact(Fact.PRIVILEGED) is NO_PROGRAMS
    assert NO_PROGRAMS.state is SearchState.FAILED


def test_no_file_of_it_is_read() -> None:
    assert (SYSTEM.sources().rules_d, SYSTEM.sources().units, SYSTEM.site()) == ((), None, ())

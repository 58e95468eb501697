r"""Where sudo logs to, by Defaults lines. Their reading was compared with `cvtsudoers -f json` of sudo 1.9.13."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.benchmarks.configuration.sudoers import (
    SudoersInclude,
    SudoersUnclear,
    SudoLog,
    sudo_log,
    sudoers_statements,
)

FILE = "/etc/sudoers"


def log(content: str) -> SudoLog:
    return sudo_log(sudoers_statements(FILE, content.encode()))


@pytest.mark.parametrize(
    ("content", "paths"),
    [
        ("Defaults logfile=/var/log/sudo.log", ["/var/log/sudo.log"]),
        ('Defaults logfile="/var/log/sudo.log"', ["/var/log/sudo.log"]),
        ("Defaults\tlogfile = /a", ["/a"]),
        ("  Defaults logfile=/a\r", ["/a"]),
        ("Defaults requiretty, logfile=/a, use_pty", ["/a"]),
        ('Defaults env_keep+="X Y",logfile=/a', ["/a"]),
        ("Defaults logfile=/a\\ b", ["/a b"]),
        ('Defaults logfile="/a b"', ["/a b"]),
        ("Defaults logfile=/a # the log", ["/a"]),
        ("Defaults logfile=/a#logfile=/b", ["/a"]),
        ('Defaults logfile="/a#b"', ["/a#b"]),
        ("Defaults logfile=/a\\,b", ["/a,b"]),
        ("Defaults logfile=/a\nDefaults logfile=/b", ["/b"]),
        ("Defaults logfile=/a, logfile=/b", ["/b"]),
        ("Defaults logfile=/a\nDefaults !logfile", []),
        ("Defaults !logfile\nDefaults logfile=/a", ["/a"]),
        ("Defaults logfile+=/a", ["/a"]),
        ("Defaults log_year, \\\n  logfile=/a", ["/a"]),
        ("Defaults \\\n\\\n logfile=/a", ["/a"]),
        ('Defaults logfile="/a\\\n   b"', ["/ab"]),
        # Those of some users, hosts, commands and target users are logs, too.
        ("Defaults logfile=/a\nDefaults:bob logfile=/b", ["/a", "/b"]),
        ("Defaults@web logfile=/b\nDefaults logfile=/a", ["/a", "/b"]),
        ("Defaults!/bin/ls logfile=/b", ["/b"]),
        ("Defaults>root logfile=/b", ["/b"]),
        ("Defaults:bob, eve , ann logfile=/b", ["/b"]),
        ('Defaults:"bob the user" logfile=/b', ["/b"]),
        ("Defaults logfile=/a\nDefaults:bob !logfile", ["/a"]),
        # None of these says it.
        ("", []),
        ("#Defaults logfile=/a", []),
        ("# x \\\nDefaults logfile=/a", ["/a"]),
        ("root ALL=(ALL) ALL \\\nDefaults logfile=/a", []),
        ("Defaults iolog_file=/a", []),
        ("Defaults mailerpath=logfile", []),
        ('Defaults badpass_message="logfile=/a"', []),
        ("Defaultslogfile=/a", []),
        ("User_Alias LOG = logfile", []),
    ],
)
def test_the_log_files(content: str, paths: list[str]) -> None:
    found = log(content + "\n")
    assert ([*found.paths], found.error) == (paths, "")


@pytest.mark.parametrize(
    "content",
    [
        "Defaults logfile=sudo.log",
        "Defaults logfile",
        "Defaults logfile=",
        "Defaults !logfile=/a",
        "Defaults logfile=/a b",
        "Defaults logfile=(/a)",
        'Defaults logfile="/a',
        "Defaults logfile=/var/\\\nlog",
        "Defaults \x1b logfile",
    ],
)
def test_what_sudo_would_not_take_is_unclear(content: str) -> None:
    found = log(f"{content}\n")
    assert found.error.startswith(f"{FILE}, line 1: expected Defaults that can be read, found '") or (
        content == "Defaults \x1b logfile" and not found.paths
    )
    assert found.error.isprintable()


@pytest.mark.parametrize(
    ("content", "path", "folder"),
    [
        ("#include /etc/sudoers.local", "/etc/sudoers.local", False),
        ("@include /etc/sudoers.local", "/etc/sudoers.local", False),
        ("#includedir /etc/sudoers.d", "/etc/sudoers.d", True),
        ("  @includedir\t/etc/sudoers.d", "/etc/sudoers.d", True),
        ("@include local", "/etc/local", False),
        ("@include /etc/a\\ b", "/etc/a b", False),
        ('@include "/etc/a b"', "/etc/a b", False),
        ("@include /etc/a # x", "/etc/a", False),
    ],
)
def test_includes(content: str, path: str, folder: bool) -> None:
    assert [*sudoers_statements(FILE, content.encode())] == [SudoersInclude(FILE, 1, path, folder)]


@pytest.mark.parametrize("content", ["# include /etc/x", "#includes /etc/x", "x @include /etc/x", "##include /etc/x"])
def test_what_no_include_is(content: str) -> None:
    assert [*sudoers_statements(FILE, content.encode())] == []


def test_an_include_that_hangs_on_the_host_is_unclear() -> None:
    (found,) = sudoers_statements(FILE, b"@include /etc/sudoers.%h\n")
    assert isinstance(found, SudoersUnclear)


@given(
    st.one_of(st.binary(), st.text(alphabet='Defaults logfile=/a"\\\n,!#:@').map(lambda t: f"Defaults {t}".encode()))
)
def test_law_any_bytes_are_a_log_or_none(content: bytes) -> None:
    found = sudo_log(sudoers_statements(FILE, content))
    assert all(path.startswith("/") for path in found.paths)
    assert found.error.isprintable()
    if found.paths:
        assert b"logfile" in content.replace(b"\\", b"").replace(b"\n", b"") or b"\\" in content

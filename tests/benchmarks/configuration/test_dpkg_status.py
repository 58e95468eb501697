"""dpkg's record of what is installed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.dpkg_status import INSTALLED, STATUS, STATUS_D, Packages, parse_packages


def stanza(name: str, state: str = "install ok installed", more: str = "") -> bytes:
    return f"Package: {name}\nStatus: {state}\nPriority: optional\n{more}\n".encode()


def parse(content: bytes) -> Packages:
    return parse_packages(File(STATUS, content), (), rpm=False)


@pytest.mark.parametrize(
    ("content", "state"),
    [
        (stanza("auditd"), "installed"),
        (stanza("libc6") + stanza("auditd") + stanza("zsh"), "installed"),
        (stanza("auditd", "hold ok installed"), "installed"),
        (stanza("auditd", "deinstall ok config-files"), "config-files"),
        (stanza("auditd", "install ok half-configured"), "half-configured"),
        (stanza("auditd", "install ok triggers-pending"), "triggers-pending"),
        (b"package: auditd\nSTATUS: install ok installed\n", "installed"),
        (b"Status: install ok installed\nPackage: auditd", "installed"),
        (stanza("auditd").replace(b"\n", b"\r\n"), "installed"),
        (b"Package: auditd\n", "unknown"),
        (b"Package: auditd\nStatus: installed\n", "unknown"),
        (stanza("auditd", "deinstall ok config-files") + stanza("auditd"), "installed"),
        (stanza("auditd") + stanza("auditd", "deinstall ok config-files"), "installed"),
        # Nothing of these is a package of that name.
        (stanza("auditd-doc"), None),
        (stanza("x", more="Provides: auditd\nReplaces: auditd\n"), None),
        (stanza("x", more="Description: y\n Package: auditd\n Status: install ok installed\n"), None),
        (b"X-Package: auditd\nStatus: install ok installed\n", None),
        (b"Package: auditd x\nStatus: install ok installed\n", None),
    ],
)
def test_a_state(content: bytes, state: str | None) -> None:
    assert (parse(content).dpkg or {}).get("auditd") == state


def test_a_status_of_another_stanza_counts_for_that_one_only() -> None:
    assert parse(b"Package: auditd\n\nStatus: install ok installed\n").dpkg == {"auditd": "unknown"}


def test_what_a_file_of_status_d_names_is_installed() -> None:
    part = File(f"{STATUS_D}/auditd", b"Package: auditd\nVersion: 1\n")
    assert parse_packages(None, [part], rpm=False).dpkg == {"auditd": "installed"}


@pytest.mark.parametrize("status", [None, File(STATUS, b""), File(STATUS, b"\n")])
def test_without_a_record_nothing_is_known_of_dpkg(status: File | None) -> None:
    assert parse_packages(status, (), rpm=True) == Packages(None, rpm=True)


def test_a_record_that_can_not_be_read_says_why() -> None:
    assert parse_packages(File(STATUS, error="Permission denied"), (), rpm=False) == Packages(
        error=f"{STATUS}: Permission denied"
    )


@given(st.one_of(st.binary(), st.text("Package: Status\ninlled ok").map(str.encode)))
def test_law_any_bytes_are_a_record(content: bytes) -> None:
    found = parse(content).dpkg or {}
    for name, state in found.items():
        assert name.encode("utf-8", "surrogateescape") in content
        assert state not in INSTALLED or state.encode() in content.lower()

"""Facts of a host: how they are shown, and entries made for a few paths."""

from __future__ import annotations

from auditrules.audit.model.host_facts import Entry, Facts, ordinary_files


def test_facts_are_shown_by_what_they_hold() -> None:
    assert repr(Facts()) == "Facts(3.0.9, x86_64)"
    known = Facts((4, 2, 1), "aarch64", {"/": Entry("dir")}, {"root": 0}, {})
    assert repr(known) == "Facts(4.2.1, aarch64, 1 files, 1 users)"


def test_paths_are_files_below_directories_and_with_a_slash_at_the_end_directories() -> None:
    assert ordinary_files("/etc/passwd", "/etc/audit/", "/") == {
        "/": Entry("dir"),
        "/etc": Entry("dir"),
        "/etc/passwd": Entry("file"),
        "/etc/audit": Entry("dir"),
    }

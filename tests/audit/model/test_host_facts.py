"""Versions of auditctl as text and as numbers."""

from __future__ import annotations

import pytest

from auditrules.audit.model.host_facts import Version, parse_version

VERSIONS: list[tuple[str, Version | None]] = [
    ("3.0.9", (3, 0, 9)),
    ("4.2", (4, 2, 0)),
    ("4", (4, 0, 0)),
    ("  3.1.5\n", (3, 1, 5)),
    ("3.1.5-4.el9", (3, 1, 5)),
    ("3.0.9.1", (3, 0, 9)),
    ("2.8.5rc1", (2, 8, 5)),
    ("3.x.1", (3, 0, 0)),
    ("", None),
    ("v3.0", None),
    ("unknown", None),
    ("٣.1", None),
    ("9" * 5000, None),
    ("3.1." + "9" * 5000, (3, 1, 0)),
]


@pytest.mark.parametrize(("text", "version"), VERSIONS, ids=[case[0][:20] for case in VERSIONS])
def test_a_version_is_its_first_three_numbers(text: str, version: Version | None) -> None:
    assert parse_version(text) == version

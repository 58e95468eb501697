from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.filesystem.looked_up import FileResults
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Entry, Facts

FILES: Mapping[str, Entry] = {"/": Entry("dir"), "/etc": Entry("dir"), "/etc/x": Entry("file", ino=1)}
FACTS = Facts(files=FILES)


def type_of(path: str, facts: Facts) -> str:
    return FileSystem(facts).walk(path).type or ""


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        (Facts(files=dict(FILES)), True),
        (Facts(files={**FILES, "/etc/y": Entry("file")}), True),
        (Facts(files={**FILES, "/etc/x": Entry("dir", ino=1)}), False),
        (Facts(files={path: entry for path, entry in FILES.items() if path != "/etc/x"}), False),
        (Facts(files=FILES, users={"root": 0}), False),
        (Facts(files=FILES, version=(2, 8, 5)), False),
    ],
    ids=["equal facts", "another file too", "the file is another", "the file is not known", "users", "a version"],
)
def test_a_result_is_kept_while_what_it_was_made_of_is_the_same(facts: Facts, kept: bool) -> None:
    asked: list[str] = []

    def make(path: str, facts: Facts) -> str:
        asked.append(path)
        return type_of(path, facts)

    earlier = FileResults(make, FACTS)
    earlier("/etc/x")
    assert FileResults(make, facts, earlier)("/etc/x") == type_of("/etc/x", facts)
    assert asked == ["/etc/x"] * (1 if kept else 2)


def test_of_a_host_that_nobody_asks_about_two_earlier_results_are_let_go_of() -> None:
    earlier = FileResults(type_of, FACTS)
    earlier("/etc/x")
    later = FileResults(type_of, FACTS, FileResults(type_of, FACTS, earlier))
    assert later.results == {}

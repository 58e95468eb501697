"""The corpus of logs is as osqueryd left it."""

from __future__ import annotations

from pathlib import Path

import pytest

LOGS = Path(__file__).parents[1] / "corpus" / "osquery-logs"
LEVELS = {"INFO", "WARNING", "ERROR", "FATAL"}
# glog gives each level a link to its newest file; every other file is dated.
NEWEST = sorted(path for path in LOGS.glob("*/*/osqueryd.*") if path.name.partition(".")[2] in LEVELS)


def test_the_corpus_holds_links_of_glog() -> None:
    assert len(NEWEST) > 50


@pytest.mark.parametrize("path", NEWEST, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_name_without_a_date_is_a_link_to_the_newest_file_of_its_level(path: Path) -> None:
    assert path.is_symlink()
    assert path.readlink() == Path(path.readlink().name)
    assert path.resolve() in path.parent.glob(f"{path.name}.*")

"""The stand-in's logger and schedule against what a real osqueryd wrote, byte for byte."""

from __future__ import annotations

import calendar
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.core import captured
from tests.core.captured import History
from tests.core.logger import RESULTS, SNAPSHOTS, Log, StatusLog
from tests.core.schedule import Flags, Kept, Osqueryd

HOSTS = [
    pytest.param(variant, host, id=f"{variant} {host.name}")
    for variant in captured.FORMS
    for host in sorted((captured.FOLDER / variant).iterdir())
]
STATUS_LINE = re.compile(r"([IWE])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6}) +(\d+) (\S+)\] (.*)")
LEVELS = {"I": "INFO", "W": "WARNING", "E": "ERROR"}

CONFIG = json.loads((captured.FOLDER / "config/cis-docker.conf").read_text("utf-8"))
TIMELINE: list[dict[str, Any]] = json.loads((captured.FOLDER / "timeline.json").read_text("utf-8"))

# Of the other hosts' rows the logs don't tell all: an extension that comes and goes, a second that osqueryd ran late.
REPLAYED = [
    (variant, host)
    for variant in captured.FORMS
    for host in ("web-1", "db-1", "ci-1", "edge-1")
    if (variant, host) not in {("2-batch", "web-1"), ("3-snapshot-events", "db-1")}
]


@pytest.mark.parametrize(("variant", "host"), HOSTS)
@pytest.mark.parametrize("name", [RESULTS, SNAPSHOTS])
def test_a_captured_line_that_is_read_and_written_is_the_same_bytes(
    tmp_path: Path, variant: str, host: Path, name: str
) -> None:
    log = Log(tmp_path, captured.FORMS[variant])
    for item in captured.items(host, name):
        log.write(item)
    assert _content(tmp_path / name) == _content(host / name)


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path)) for path in captured.status_files()])
def test_captured_status_files_that_are_read_and_written_are_the_same_bytes(tmp_path: Path, path: Path) -> None:
    """All of a process: from the lines of INFO come the files of the levels above, and the links to the newest."""
    header, lines = path.read_text("utf-8").splitlines()[:4], path.read_text("utf-8").splitlines()[4:]
    status = StatusLog(tmp_path, header[1].removeprefix("Running on machine: "), int(path.suffix[1:]))
    year = int(header[0].partition("at: ")[2][:4])
    for line in lines:
        found = STATUS_LINE.fullmatch(line)
        assert found is not None
        level, *when, micro, thread, place, message = found.groups()
        at = calendar.timegm((year, *map(int, when))) + int(micro) / 1_000_000
        status.write(LEVELS[level], at, int(thread), place, message)
    written = [each for each in sorted(tmp_path.iterdir()) if not each.is_symlink()]
    assert {each.name: each.read_bytes() for each in written} == {
        each.name: each.read_bytes() for each in path.parent.glob(f"osqueryd.*{path.suffix}")
    }
    assert (tmp_path / "osqueryd.INFO").readlink() == Path(path.name)


@pytest.mark.parametrize(("variant", "host"), REPLAYED)
def test_the_schedule_writes_what_osqueryd_wrote_of_the_same_rows(tmp_path: Path, variant: str, host: str) -> None:
    source, form = captured.FOLDER / variant / host, captured.FORMS[variant]
    delimiter = "/" if variant == "6-delimiter-slash" else "_"
    history = History.of(source)
    said = captured.items(source, RESULTS) + captured.items(source, SNAPSHOTS)
    names = {
        query["query"]: delimiter.join(("pack", "cis-docker", name))
        for name, query in CONFIG["packs"]["cis-docker"]["queries"].items()
        if not query.get("snapshot")
    }
    kept = Kept()
    for run in next(each["hosts"][host] for each in TIMELINE if each["variant"] == variant):
        times = [item.time for item in said if run["start"] <= item.time <= run["stop"]]
        if not times:
            continue
        daemon = Osqueryd(
            Flags(host, run["schedule_epoch"], 0, delimiter, form=form),
            CONFIG["packs"],
            lambda sql: history.rows(names[sql], daemon.now),  # noqa: B023 - asked while the daemon is this one
            (Log(tmp_path, form), StatusLog(tmp_path, host, 700)),
            decorations=said[0].decorations,
            kept=Kept() if run["db_wiped_before"] else kept,
            start=min(times) - 1,
        )
        daemon.run(max(times))
        kept = daemon.kept
    for name in (RESULTS, SNAPSHOTS):
        assert _lines(tmp_path / name) == _lines(source / name)


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []

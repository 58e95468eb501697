"""A report that goes through the outline of a store says what one says that goes through all rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from auditrules.report.inputs import ReportRequest
from auditrules.report.model import Report
from auditrules.report.pipeline import compact_store, make_report
from auditrules.report.storage.store import open_store
from auditrules.report.storage.update import update_store
from tests.laws import law
from tests.mutations import SOAK
from tests.report.logs import (
    DAY,
    HOUR,
    NOON,
    Line,
    added,
    failed,
    loaded,
    make_outline,
    outlines_of_few,
    row,
    snapshot,
    write,
)

pytestmark = pytest.mark.engine

STEP = 12 * HOUR
STEPS = 14
START = NOON - STEPS * STEP
QUERY = "pack_cis-docker_cis_docker_1_2_3_snapshot"
AGES = (13 * HOUR, 26 * HOUR, 7 * DAY)


def lines_of(chance: random.Random) -> Iterator[tuple[int, Line, bool]]:
    """Give lines, their times and whether they are trouble: hosts say mostly the same."""
    troubles = {name: chance.choice((0.0, 0.0, 0.0, 0.1)) for name in TROUBLES}
    hosts = [
        (host, chance.choice(("snapshots", "snapshots", "both", "all in one")))
        for host in "abc"[: chance.randint(1, 3)]
    ]
    status = {(host, control): "pass" for host, _ in hosts for control in ("1.2.3", "1.2.4")}
    for step in range(STEPS):
        for place, (host, style) in enumerate(hosts):
            time = START + step * STEP + place
            for name, often in troubles.items():
                if chance.random() < often:
                    said = row(chance.choice(("pass", "fail")), evidence=f"{name} {chance.random()}")
                    yield time, TROUBLES[name](host, time + chance.choice((-HOUR, 0, 0, 1)), said), True
            if chance.random() < 0.08:
                continue
            rows = []
            for control in ("1.2.3", "1.2.4"):
                before = status[host, control]
                if chance.random() < 0.12:
                    status[host, control] = chance.choice(("pass", "fail", "unknown", "not_applicable"))
                rows.append(row(status[host, control], control, evidence=f"step {step}"))
                if style == "both" and before != status[host, control]:
                    yield time, added(host, time - 60, row(before, control), "removed"), False
                    yield time, added(host, time - 60, row(status[host, control], control)), False
            if style == "all in one":
                yield time, snapshot(host, time, *rows, name="pack_cis-docker_cis_docker_all_snapshot"), False
            else:
                yield from ((time, snapshot(host, time, each), False) for each in rows)


def _said(more: Line, **columns: str) -> Callable[[str, int, Line], Line]:
    """Give what makes a snapshot that says something else, and with other keys of its line."""
    return lambda host, time, said: {**snapshot(host, time, {**said, **columns}), **more}


TROUBLES: dict[str, Callable[[str, int, Line], Line]] = {
    "failed": lambda host, time, _: failed(host, time, QUERY),
    "lost": lambda host, time, _: loaded(host, time, 0),
    "loaded": lambda host, time, _: loaded(host, time, 1),
    "no rows": lambda host, time, _: snapshot(host, time),
    "removed": lambda host, time, said: added(host, time, said, "removed"),
    "another query": lambda host, time, said: added(host, time, said, name="pack_other_cis_docker_1_2_3"),
    "another identifier": lambda host, time, said: {**snapshot(host, time, said), "hostIdentifier": f"{host}2"},
    "without domain": lambda host, time, said: {
        **snapshot(host, time, said),
        "decorations": {"host_uuid": f"uuid-{host}", "hostname": host},
    },
    "without host_uuid": _said({"decorations": {}}),
    "another target": _said({}, target="/other"),
    "another control": _said({"name": QUERY}, control="1.2.4"),
    "unknown word": _said({}, status="odd"),
    "something else": _said({}),
    "behind": _said({"unixTime": 5}),
    "ahead": _said({"unixTime": NOON + 40 * DAY}),
    "a little ahead": _said({"unixTime": NOON + HOUR // 2}),
}


def batches_of(chance: random.Random) -> Sequence[Sequence[Line]]:
    """Give what each run finds: mostly what is new, some of it late, and some of it twice."""
    runs = chance.randint(1, 4)
    batches: list[list[Line]] = [[] for _ in range(runs)]
    late, twice = chance.choice((0.0, 0.1, 0.3)), chance.choice((0.0, 0.0, 0.03))
    for time, line, is_trouble in lines_of(chance):
        place = min(runs - 1, (time - START) * runs // (STEPS * STEP))
        place = chance.randrange(place, runs) if is_trouble and chance.random() < late else place
        batches[place].append(line)
        if chance.random() < twice:
            batches[chance.randrange(place, runs)].append(line)
    return batches


def asked(chance: random.Random, now: int) -> ReportRequest:
    until = chance.choice((None, None, None, START + chance.randrange(STEPS) * STEP, now))
    return ReportRequest(now=now, until=until, max_age=chance.choice(AGES), since=chance.choice((None, NOON - 3 * DAY)))


def differs(chance: random.Random, folder: Path) -> str:
    """Make stores of logs from a seed, run by run; returns in what their last reports differ, and counts outlines."""
    logs, plain, own = (folder / name for name in ("logs", "plain", "outlined"))
    logs.mkdir()
    batches = batches_of(chance)
    for number, batch in enumerate(batches):
        for part in range(parts := chance.randint(1, 2)):
            write(logs / f"{number}-{part}", batch[part::parts])
        now = START + (number + 1) * STEPS * STEP // len(batches) + chance.choice((0, 0, 100, -STEP))
        request = asked(chance, now)
        if number < len(batches) - 1:
            for store in (plain, own):
                with open_store(str(store)) as opened:
                    update_store(opened, [str(logs)], now)
                    if store is own:
                        with outlines_of_few():
                            make_outline(opened, request)
            if chance.random() < 0.2:
                compact_store(str(own))
    event(f"{len(list(own.glob('outline/*')))} outlines before the last run")
    expected = make_report([str(logs)], request, store=str(plain))
    with outlines_of_few():
        found = make_report([str(logs)], request, store=str(own))
    same = {field.name: (getattr(found, field.name), getattr(expected, field.name)) for field in fields(Report)}
    return "; ".join(name for name, (ours, theirs) in same.items() if ours != theirs)


@law(20 if SOAK else 0.25)  # a second each
@given(st.randoms(use_true_random=False))
def test_an_outline_changes_nothing_of_a_report(chance: random.Random) -> None:
    with TemporaryDirectory() as folder:
        assert differs(chance, Path(folder)) == ""

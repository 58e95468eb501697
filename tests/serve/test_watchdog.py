"""Under osqueryd's own limits: a share of one processor, and a watchdog that ends what takes too much."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.core import Core, Database
from tests.core.quota import Watchdog, quota

PACK = Path(__file__).parents[2] / "packs" / "cis-docker.conf"
RULES = 10_000
SHARE = 20  # per cent of a processor: CPUQuota of osqueryd's unit


@pytest.mark.full
@pytest.mark.root("mount", "cgroup")
def test_with_10000_rules_the_whole_pack_is_answered_cold_within_the_limits_of_osqueryd() -> None:
    queries = json.loads(PACK.read_text(encoding="utf-8"))["queries"]
    with tempfile.TemporaryDirectory(prefix="st", dir="/tmp") as folder, Core(Path(folder)) as core:
        process = core.run("tests.core.stressed", flags=("busy", str(RULES)))
        with quota(process.popen.pid, SHARE) as kind, Watchdog(process.popen.pid) as watchdog:
            extension = core.registered()
            database = Database()
            for table in extension.registry["table"]:
                database.attach(table, core.call)
            start = time.monotonic()
            took = {}
            for name, query in queries.items():
                began = time.monotonic()
                assert database.query(query["query"]), name
                took[name] = time.monotonic() - began
            whole = time.monotonic() - start
        slowest = max(took, key=lambda name: took[name])
        sys.stdout.write(
            f"cgroup {kind}, {SHARE} %: {len(queries)} queries in {whole:.1f} s, the slowest {slowest} in "
            f"{took[slowest]:.1f} s; {max(watchdog.spent):.0f} ms of CPU in {len(watchdog.spent)} looks at most, "
            f"{watchdog.growth:.1f} MiB more; ended with 1 processor: {watchdog.kills(1)}, "
            f"with 2: {watchdog.kills(2)}\n"
        )
        assert process.running
        assert list(core.extensions) == [extension.uuid]
        assert not watchdog.kills(max(2, os.cpu_count() or 1))

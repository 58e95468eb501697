"""The main job over the real protocol: the installed extension, a real socket, the pack's SQL, a verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from auditrules import __version__
from auditrules.host.surroundings import HostSurroundings
from auditrules.sql.standins import stand_ins
from auditrules.tables import SCHEMAS
from tests.core.manager import Core, Extension
from tests.core.tables import Database, local
from tests.fixtures.hosts import root, saved

EXTENSION = Path(sys.executable).with_name("auditrules.ext")
PACKS = Path(__file__).parents[2] / "packs"
WATCH = "-w /usr/bin/dockerd -p rwxa -k docker"


def started(core: Core, folder: Path, *rules: str, files: dict[str, str] | None = None) -> Extension:
    """Start the extension as osquery does, over a host with a Docker daemon and these rules in its kernel."""
    host = root(folder / "host", files or {})
    listing = folder / "listing"
    listing.write_bytes(saved(*rules))
    core.spawn([str(EXTENSION), "--root", str(host), "--kernel", str(listing)])
    return core.registered()


def database(core: Core, folder: Path) -> Database:
    """The extension's tables as osquery shows them, and osquery's own `file`."""
    found = Database()
    for schema in SCHEMAS:
        found.attach(schema.name, core.call)
    surroundings = HostSurroundings(str(folder / "host"))
    (file,) = (table for table in stand_ins(surroundings, "", "", ()) if table.schema.name == "file")
    found.attach("file", local(file))
    return found


def queries(pack: str) -> dict[str, str]:
    """The SQL of a shipped pack, by the name of the query."""
    whole = json.loads((PACKS / f"{pack}.conf").read_text("utf-8"))
    return {name: query["query"] for name, query in whole["queries"].items()}


def test_the_extension_tells_osquery_its_name_version_and_tables(core: Core, folder: Path) -> None:
    extension = started(core, folder, WATCH)
    assert extension.version == __version__
    assert extension.registry == {"table": {schema.name: schema.routes() for schema in SCHEMAS}}


@pytest.mark.parametrize("query", ["cis_docker_1_2_3", "cis_docker_1_2_3_snapshot"])
@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ((WATCH,), ("pass", "covered")),
        ((), ("fail", "no_rule")),
        (("-a never,task", WATCH), ("fail", "task_never")),
    ],
    ids=["watched", "no rule", "never,task"],
)
def test_the_pack_judges_over_the_wire(
    core: Core, folder: Path, query: str, rules: tuple[str, ...], verdict: tuple[str, str]
) -> None:
    started(core, folder, *rules)
    (row,) = database(core, folder).query(queries("cis-docker")[query])
    assert row[6:8] == verdict


@pytest.mark.parametrize("query", ["audit_rules_status", "audit_rules_inventory"])
def test_the_inventory_of_the_pack_answers_over_the_wire(core: Core, folder: Path, query: str) -> None:
    started(core, folder, WATCH)
    assert len(database(core, folder).query(queries("audit-rules")[query])) == 1


def test_a_path_is_found_in_kernel_and_files_over_the_wire(core: Core, folder: Path) -> None:
    started(core, folder, WATCH, files={"etc/audit/rules.d/docker.rules": f"{WATCH}\n"})
    sql = "SELECT source, permissions, keys FROM audit_rules WHERE path = '/usr/bin/dockerd' ORDER BY source"
    assert database(core, folder).query(sql) == [("kernel", "rwxa", "docker"), ("rules.d", "rwxa", "docker")]


def test_or_loses_no_rule_over_the_wire(core: Core, folder: Path) -> None:
    started(core, folder, WATCH, "-w /etc/docker -p wa -k docker")
    sql = "SELECT path FROM audit_rules WHERE path = '/usr/bin/dockerd' OR keys = 'docker' ORDER BY path"
    assert database(core, folder).query(sql) == [("/etc/docker",), ("/usr/bin/dockerd",)]


def test_an_unknown_reader_is_a_usage_error_before_anything_is_registered(core: Core) -> None:
    process = core.spawn([str(EXTENSION), "--kernel", "no-such-reader"])
    assert process.ended() == 2
    assert process.stderr.startswith("auditrules: ")
    assert process.stderr.count("\n") == 1

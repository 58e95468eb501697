from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter import api

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "extension"


def lint(folder: Path, sources: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(sources)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, text=True)


def test_the_contracts_hold() -> None:
    done = lint(PROJECT, SOURCES)
    assert done.returncode == 0, done.stdout + done.stderr


# a line that doesn't belong in a module, and what import-linter says of it
WRONG = (
    ("audit/model/host_facts.py", "import os", "auditrules.audit.model.host_facts -> os (l."),
    (
        "plugin/schema.py",
        "import auditrules.audit.model.host_facts",
        "auditrules.plugin.schema -> auditrules.audit.model.host_facts (l.",
    ),
    (
        "audit/model/host_facts.py",
        "import auditrules.sql.result",
        "auditrules.audit.model.host_facts -> auditrules.sql.result (l.",
    ),
    ("tables/status.py", "import auditrules.host", "auditrules.tables.status -> auditrules.host (l."),
    ("host/collect.py", "import subprocess", "auditrules.host.collect -> subprocess (l."),
    ("cli/entry.py", "import thrift", "auditrules.cli.entry -> thrift (l."),
    ("plugin/table.py", "import apsw", "auditrules.plugin.table -> apsw (l."),
    ("doctor/judge.py", "import os", "auditrules.doctor.judge -> os (l."),
    ("serve/lifecycle.py", "import auditrules.cli", "auditrules.serve.lifecycle -> auditrules.cli (l."),
    ("stray.py", "", "auditrules.stray"),
)


def test_an_import_where_it_does_not_belong_breaks_a_contract(tmp_path: Path) -> None:
    shutil.copytree(SOURCES, tmp_path / "extension", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    for module, line, _ in WRONG:
        with (tmp_path / "extension/auditrules" / module).open("a") as stream:
            stream.write(f"\n{line}\n")
    done = lint(tmp_path, tmp_path / "extension")
    assert done.returncode == 1
    assert [complaint for *_, complaint in WRONG if complaint not in done.stdout] == []


def pure_modules() -> list[Path]:
    """The files of the modules that the second contract calls pure."""
    contracts = api.read_configuration(str(PROJECT / "pyproject.toml"))["contracts_options"]
    (names,) = (each["source_modules"] for each in contracts if str(each["name"]).startswith("pure modules"))
    places = [SOURCES.joinpath(*name.split(".")) for name in names]
    return [file for place in places for file in ([*place.rglob("*.py")] or [place.with_suffix(".py")])]


@pytest.mark.parametrize("file", pure_modules(), ids=lambda file: str(file.relative_to(SOURCES)))
def test_a_pure_module_opens_prints_and_asks_nothing(file: Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = {call.id for call in calls if isinstance(call, ast.Name)}
    assert names & {"__import__", "breakpoint", "compile", "eval", "exec", "input", "open", "print"} == set()

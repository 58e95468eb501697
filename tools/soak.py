"""Run the stress tests with the figures that are promised, and the random queries on the SQLite that osquery has too.

The package apsw has that SQLite, 3.42.0, for Python 3.10 and 3.11 only: without either of them this fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.test_all import interpreter

PROJECT = Path(__file__).resolve().parents[1]
OLD_SQLITE = PROJECT / ".venvs" / "sqlite-3.42"
VERSIONS = ("3.11", "3.10")

STRESS = (
    *("tests/serve/test_stress.py", "tests/serve/test_watchdog.py", "tests/core/test_queries.py"),
    *("tests/audit/test_mutated_inputs.py", "tests/report/test_mutated_inputs.py"),
    *("tests/report/storage/test_interrupted.py", "tests/report/evaluate/test_outline.py"),
)
QUERIES = ("tests/core/test_queries.py", "tests/core/test_tables.py", "tests/tables/test_coverage_queries.py")


def main() -> int:
    """Run both; 1 if anything failed or no Python has the old SQLite."""
    print("== the stress tests", flush=True)
    failed = _soaked(Path(sys.executable), STRESS)
    python = next(filter(None, (interpreter(version, os.environ) for version in VERSIONS)), None)
    if python is None:
        print(f"expected one of Python {', '.join(VERSIONS)}, which alone have apsw with SQLite 3.42, found neither")
        return 1
    print(f"\n== the random queries on SQLite 3.42, with {python}", flush=True)
    made = subprocess.run([python, PROJECT / "tools/environment.py", OLD_SQLITE, "sqlite-3.42"], check=False)
    if made.returncode != 0:
        return 1
    return int(_soaked(OLD_SQLITE / "bin/python", QUERIES) or failed)


def _soaked(python: Path, files: tuple[str, ...]) -> bool:
    """Whether a test failed. One after the other: they measure, and wait for one another's processes."""
    options = ("-v", "-rP", "--no-header", "--timeout=0", "-m", "not package")
    command: list[str | Path] = [python, "-m", "pytest", *options, *files]
    return subprocess.run(command, check=False, cwd=PROJECT, env={**os.environ, "SOAK": "1"}).returncode != 0


if __name__ == "__main__":
    sys.exit(main())

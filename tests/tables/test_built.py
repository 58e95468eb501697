"""What is in memory of an extension that nobody has asked anything yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Makes each table that a host at rest has the rows of, and prints what was imported for it.
AT_REST = """\
import sys
from auditrules.plugin.table import select
from auditrules.serve import backing
from auditrules.tables import SCHEMAS
for table in backing.tables(SCHEMAS, sys.argv[1], "none"):
    if table.eager:
        assert select(table, {"action": "generate"}).code == 0
print(*sys.modules)
"""


def test_at_rest_nothing_is_imported_that_only_a_question_needs(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", AT_REST, tmp_path], capture_output=True, check=True, text=True)
    imported = done.stdout.split()
    assert "auditrules.audit.boot.drift" in imported
    dear = ("auditrules.audit.coverage", "auditrules.benchmarks", "auditrules.audit.rule_sets", "dataclasses")
    assert [name for name in imported if name.startswith(dear)] == []

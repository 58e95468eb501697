"""The extension that one would write in an afternoon: a TablePlugin that runs `auditctl -l` and splits its lines.

It serves the columns of `audit_rules`; what a listing does not say stays empty.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import Any

import osquery

from auditrules.tables.schemas import AUDIT_RULES

AUDITCTL = os.environ["BENCH_AUDITCTL"]


@osquery.register_plugin
class AuditRules(osquery.TablePlugin):  # type: ignore[misc] # osquery-python has no types
    """The table."""

    def name(self) -> str:
        """Name it."""
        return AUDIT_RULES.name

    def columns(self) -> list[Any]:
        """Declare it."""
        return [osquery.TableColumn(name=name, type=osquery.STRING) for name in AUDIT_RULES.names]

    def generate(self, context: Any) -> list[dict[str, str]]:  # noqa: ARG002 - the interface's
        """Fill it."""
        listing = subprocess.run([AUDITCTL, "-l"], capture_output=True, check=True, text=True).stdout
        return [row(line, place) for place, line in enumerate(listing.splitlines(), 1)]


def row(line: str, place: int) -> dict[str, str]:
    """One line as a row."""
    found = dict.fromkeys(AUDIT_RULES.names, "")
    found |= {"source": "kernel", "position": str(place), "text": line, "rule": line, "action": "always"}
    words = iter(shlex.split(line))
    fields = []
    for flag in words:
        value = next(words, "")
        if flag == "-a":
            found["action"], _, found["list"] = value.partition(",")
        elif flag == "-S":
            found["syscalls"] = value
        elif flag == "-w":
            found |= {"path": value, "list": "exit", "type": "watch"}
        elif flag == "-p":
            found["permissions"] = value
        elif flag == "-k" or value.startswith("key="):
            found["keys"] = value.removeprefix("key=")
        elif value.startswith(("path=", "dir=")):
            found["path"] = value.partition("=")[2]
        elif value.startswith("arch="):
            found["arch"] = value.removeprefix("arch=")
        else:
            fields.append(value)
    return {**found, "fields": ",".join(fields)}


if __name__ == "__main__":
    osquery.start_extension(name="plain", version="1.0.0")

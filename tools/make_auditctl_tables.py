"""What auditctl's tables hold at each tag of audit-userspace: `python3 tools/make_auditctl_tables.py GIT_DIRECTORY`.

Writes tests/corpus/auditctl-tables.jsonl: a row for each version and table, with the number of names, the last number
and the SHA-256 of all lines `NUMBER NAME`, sorted. GIT_DIRECTORY is a clone of github.com/linux-audit/audit-userspace.
Record types are numbered by its own headers and by those of this system's kernel.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

OUTPUT = Path(__file__).parents[1] / "tests" / "corpus" / "auditctl-tables.jsonl"
MACHINES = ("x86_64", "i386", "aarch64", "arm", "ppc", "s390x", "s390", "riscv64")
TAG = re.compile(r"v((?:2\.8|3|4)[.\d]*)")
ENTRY = re.compile(r'^_S\(\s*(\w+)\s*,\s*"([^"]*)"\s*\)', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CONSTANT = re.compile(r"^#define\s+(AUDIT_\w+)\s+(\d+)", re.MULTILINE)
HEADERS = ("lib/audit-records.h", "lib/libaudit.h")
KERNEL_HEADER = Path("/usr/include/linux/audit.h")


def git(directory: str, *arguments: str) -> str:
    """What git prints; empty where it fails, as of a file that a tag does not have."""
    command = ["git", "-C", directory, *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout


def rows(directory: str) -> Iterator[dict[str, object]]:
    """The rows, by version and table."""
    for tag in git(directory, "tag", "--sort=v:refname").split():
        named = TAG.fullmatch(tag)
        if named is None:
            continue
        texts = [KERNEL_HEADER.read_text("utf-8"), *(git(directory, "show", f"{tag}:{path}") for path in HEADERS)]
        constants = dict(pair for text in texts for pair in CONSTANT.findall(text))
        for table in (*MACHINES, "msg_type"):
            path = "lib/msg_typetab.h" if table == "msg_type" else f"lib/{table}_table.h"
            entries = ENTRY.findall(COMMENT.sub("", git(directory, "show", f"{tag}:{path}")))
            pairs = sorted({(int(constants.get(number, number)), name) for number, name in entries})
            lines = "".join(f"{number} {name}\n" for number, name in pairs)
            if pairs:
                digest = hashlib.sha256(lines.encode()).hexdigest()
                row = {"auditctl": named[1], "table": table, "names": len(pairs), "last": pairs[-1][0]}
                yield {**row, "sha256": digest}


def main(arguments: list[str]) -> int:
    """Write the file."""
    if len(arguments) != 1:
        sys.stderr.write(__doc__ or "")
        return 2
    OUTPUT.write_text("".join(f"{json.dumps(row)}\n" for row in rows(arguments[0])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write packs/ from auditrules.packs; with --check, only say whether the files are current."""

from __future__ import annotations

import sys
from pathlib import Path

from auditrules.packs.shipped import PACKS

FOLDER = Path(__file__).parents[1] / "packs"


def main(arguments: list[str]) -> int:
    """Write the files, or compare them. Exits 1 where a pack has a problem or a file is not current."""
    problems = [problem for pack in PACKS for problem in pack.problems()]
    stale = []
    for pack in PACKS:
        path = FOLDER / f"{pack.name}.conf"
        if "--check" in arguments:
            if not path.exists() or path.read_text("utf-8") != pack.text():
                stale.append(f"{path.name} is not current: run {Path(__file__).name}")
        elif not problems:
            path.write_text(pack.text(), "utf-8")
    for line in [*problems, *stale]:
        print(line, file=sys.stderr)
    return 1 if problems or stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

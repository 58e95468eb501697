"""Make all that is installed from: `python -m tools.package`, in the environment that `make package` sets up.

It makes the extension as one file, packages for Debian and for systems with rpm, a tarball that needs no Python, the
bills of what is in them, and SHA256SUMS. The same sources, Pythons and SOURCE_DATE_EPOCH make the same bytes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.release import archive, bill, contents, frozen, needs, systems
from tools.release.project import PROJECT, PROJECT_NAME, sha256
from tools.test_all import VERSIONS, interpreter

EXTENSION = "auditrules.ext"
SUMS = "SHA256SUMS"


def main(arguments: Sequence[str]) -> int:
    """Make the files, or say what is missing."""
    parser = argparse.ArgumentParser(description="make packages of the extension")
    parser.add_argument("--output", metavar="DIR", type=Path, default=PROJECT / "dist", help="default: dist")
    options = parser.parse_args(arguments)
    if problems := list(needs.missing()):
        print("\n".join(problems), file=sys.stderr)
        return 1
    try:
        files = make(options.output)
    except (subprocess.CalledProcessError, bill.BillError, contents.ContentError) as error:
        print(error, file=sys.stderr)
        return 1
    for file in files:
        print(f"{file.stat().st_size:>10}  {file.name}")
    return 0


def make(folder: Path) -> list[Path]:
    """Make the files in a folder, after those of an earlier run are gone from it; returns them by name."""
    folder.mkdir(exist_ok=True)
    for old in list(_made(folder)):
        old.unlink()
    pythons = {version: path for version in VERSIONS if (path := interpreter(version, os.environ))}
    for version in VERSIONS:
        if version not in pythons:
            print(f"no Python {version} here: there the extension compiles itself at each start", file=sys.stderr)
    extension = folder / EXTENSION
    extension.write_bytes(archive.build(pythons))
    extension.chmod(0o755)
    systems.build(extension, folder)
    (folder / f"{PROJECT_NAME}.cdx.json").write_text(bill.of_archive(extension), encoding="utf-8")
    with frozen.tree() as tree:
        name = frozen.name(tree)
        (folder / f"{name}.tar.gz").write_bytes(frozen.tarball(tree))
        (folder / f"{name}.cdx.json").write_text(bill.of_tree(tree), encoding="utf-8")
    (folder / SUMS).write_text("".join(_sums(folder)), encoding="utf-8")
    return sorted(_made(folder))


def _made(folder: Path) -> Iterator[Path]:
    return (each for each in folder.iterdir() if each.name in {EXTENSION, SUMS} or each.name.startswith(PROJECT_NAME))


def _sums(folder: Path) -> Iterator[str]:
    return (f"{sha256(path)}  {path.name}\n" for path in sorted(_made(folder)) if path.name != SUMS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

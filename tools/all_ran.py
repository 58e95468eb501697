"""Compare runs of the tests: `tools/all_ran.py --collected FILE --root FILE... --user FILE...`, files of --outcomes.

Fails where root's runs skipped a test, where a user's run skipped one that is not marked `root`, and where a test of
those collected passed in no run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ended:
    """How a test ended in one run."""

    test: str
    outcome: str
    reason: str = ""
    root: bool = False

    @property
    def skip(self) -> str:
        """The test with why it was skipped."""
        return f"{self.test}: {self.reason}"


def main(arguments: Sequence[str]) -> int:
    """Print what was not tested, or that all was; the last line counts both, and the code is 1 if anything was not."""
    parser = argparse.ArgumentParser(
        description="fail where a test has run nowhere, or was skipped where it may not be"
    )
    parser.add_argument("--collected", type=Path, required=True, help="all tests there are: of pytest --collect-only")
    parser.add_argument("--root", type=Path, nargs="+", required=True, help="what root's runs came to")
    parser.add_argument("--user", type=Path, nargs="+", required=True, help="what an ordinary user's runs came to")
    options = parser.parse_args(arguments)
    root, user = list(_read(options.root)), list(_read(options.user))
    collected = {each.test for each in _read([options.collected])}
    found = list(problems(collected, root, user))
    for problem in found:
        print(problem)
    skipped = [each for each in user if each.outcome == "skipped"]
    if not found:
        ran = f"{len(root)} as root, {len(user) - len(skipped)} as a user too"
        print(f"Of {len(collected)} tests each has passed: {ran}.")
        for each in skipped:
            print(f"  not as a user: {each.skip}")
    passed = {each.test for each in (*root, *user) if each.outcome == "passed"}
    print(f"{len(passed)} passed, {len(found)} failed")
    return 1 if found else 0


def problems(collected: Iterable[str], root: Iterable[Ended], user: Iterable[Ended]) -> Iterator[str]:
    """What was not tested, a line each."""
    root, user = tuple(root), tuple(user)
    for each in root:
        if each.outcome == "skipped":
            yield f"skipped as root: {each.skip}"
    for each in user:
        if each.outcome == "skipped" and not each.root:
            yield f"skipped as a user, but not marked root: {each.skip}"
    passed = {each.test for each in (*root, *user) if each.outcome == "passed"}
    for test in sorted(set(collected) - passed):
        yield f"passed in no run: {test}"


def _read(files: Iterable[Path]) -> Iterator[Ended]:
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            yield Ended(**json.loads(line))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

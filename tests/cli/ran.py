"""Runs of the command line within the test's process."""

from __future__ import annotations

import io
from typing import NamedTuple

from auditrules.cli import main
from auditrules.cli.environment import Environment


class Ran(NamedTuple):
    """How a command ended: its exit code, its result, and what stands on standard error."""

    code: int
    out: str
    err: str


def ran(*arguments: str, environment: Environment | None = None) -> Ran:
    """Run a command."""
    out, err = io.StringIO(), io.StringIO()
    code = main(arguments, stdout=out, stderr=err, environment=environment)
    return Ran(code, out.getvalue(), err.getvalue())


def refused(*arguments: str) -> str:
    """Run a command that ends with 2, without a result, and give the one line that says why."""
    code, out, err = ran(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err

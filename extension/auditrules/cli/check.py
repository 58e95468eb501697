"""`auditrules check`: judge a host by the benchmarks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from auditrules.check import Control, check, exit_code
from auditrules.cli.command import Problem, add_format
from auditrules.cli.world import World, add_host, database, in_world
from auditrules.present import Format, present, verdicts

_EPILOG = """\
examples:
  auditrules check                              this host, as text
  auditrules check --control 1.2.3 --format json
  auditrules check --benchmark 1.8.0            the controls of another version
  auditrules check --kernel listing.txt         a saved "auditctl -l"
  auditrules check --root /mnt/image            the files of another host

exit codes: 0 nothing fails, 1 a control fails, 2 it could not be run, 3 none fails but one is unknown
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    add_host(parser)
    add_format(parser)
    parser.add_argument(
        "--benchmark", metavar="VERSION", default="", help="this version of the benchmark (default: the oldest known)"
    )
    parser.add_argument(
        "--control", metavar="ID", action="append", default=[], help="only this one; may be given more than once"
    )
    parser.set_defaults(run=_run)


@in_world
def _run(options: argparse.Namespace, world: World) -> tuple[str, int]:
    controls = _chosen(world.controls, options.benchmark, options.control)
    with database(options, world) as tables:
        result = check(controls, tables.query)
    form = Format(options.format)
    return verdicts(result) if form is Format.TABLE else present(result, form), exit_code(result)


def _chosen(controls: Sequence[Control], version: str, ids: Sequence[str]) -> Sequence[Control]:
    versions = list(dict.fromkeys(control.version for control in controls))
    if version and version not in versions:
        raise Problem(f"expected a benchmark out of {', '.join(versions)}, found {version}")
    wanted = [control for control in controls if control.version == (version or versions[0])]
    known = [control.id for control in wanted]
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise Problem(f"expected a control out of {', '.join(known)}, found {', '.join(unknown)}")
    return [control for control in wanted if not ids or control.id in ids]

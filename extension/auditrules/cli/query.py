"""`auditrules query`: one SELECT on the tables."""

from __future__ import annotations

import argparse

from auditrules.cli.command import add_format
from auditrules.cli.world import World, add_host, database, in_world
from auditrules.present import Format, present

_EPILOG = """\
examples:
  auditrules query "SELECT * FROM audit_status" --format line
  auditrules query "SELECT path, permissions, keys FROM audit_rules WHERE source = 'kernel'"
  auditrules query "SELECT name FROM osquery_registry"    the tables there are

exit codes: 0 the query ran, 2 it did not
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.epilog = _EPILOG
    add_host(parser)
    add_format(parser)
    parser.add_argument("sql", metavar="SQL", help="the query, as SQLite understands it")
    parser.set_defaults(run=_run)


@in_world
def _run(options: argparse.Namespace, world: World) -> tuple[str, int]:
    with database(options, world) as tables:
        return present(tables.query(options.sql), Format(options.format)), 0

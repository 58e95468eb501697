"""`auditrules query`: one SELECT on the tables."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from auditrules.cli.command import World, add, add_format, add_host, database
from auditrules.present import Format, present

if TYPE_CHECKING:
    from auditrules.cli.command import Commands

_EPILOG = """\
examples:
  auditrules query "SELECT * FROM audit_status" --format line
  auditrules query "SELECT path, permissions, keys FROM audit_rules WHERE source = 'kernel'"
  auditrules query "SELECT name FROM osquery_registry"    the tables there are

exit codes: 0 the query ran, 2 it did not
"""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = add(commands, "query", "run one SELECT on the tables", _EPILOG)
    add_host(parser)
    add_format(parser)
    parser.add_argument("sql", metavar="SQL", help="the query, as SQLite understands it")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace, world: World) -> tuple[str, int]:
    with database(options, world) as tables:
        return present(tables.query(options.sql), Format(options.format)), 0

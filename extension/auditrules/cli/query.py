"""`auditrules query`: runs one SELECT on the tables."""

from __future__ import annotations

import argparse

from auditrules.cli.command import add_format, warn
from auditrules.cli.environment import Environment, add_host, add_site, database, in_environment
from auditrules.cli.unread import RecordedCalls
from auditrules.present import Format, present
from auditrules.values import replace

_EPILOG = """\
examples:
  auditrules query "SELECT * FROM audit_status" --format line
  auditrules query "SELECT path, permissions, keys FROM audit_rules WHERE source = 'kernel'"
  auditrules query "SELECT name FROM osquery_registry"    the tables there are

exit codes: 0 the query ran, 2 it did not, 3 it ran and may lack rows: what could not be read stands on standard error
"""


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    add_host(parser)
    add_site(parser)
    add_format(parser)
    parser.add_argument("sql", metavar="SQL", help="the query, as SQLite understands it")
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    calls = RecordedCalls(environment.build)
    with database(options, replace(environment, build=calls.tables_of)) as tables:
        result = tables.query(options.sql)
    unread = calls.unread()
    for reason in unread:
        warn(f"could not be read, so that rows may be missing: {reason}")
    return present(result, Format(options.format)), 3 if unread else 0

"""Builds the tables of this host. It is imported only after the registration, as it imports all our code."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence

from auditrules.host import Host, HostError, KeptHost
from auditrules.host.limits import Limits, SearchLimits
from auditrules.plugin.schema import Schema
from auditrules.plugin.table import Table
from auditrules.serve.lifecycle import UsageError
from auditrules.tables.built import build
from auditrules.values import replace

# All of osquery's scheduled queries wait while one runs. Pings are answered by other threads meanwhile.
LIMITS = Limits(search=SearchLimits(wait=5.0, rests=True))

_YOUNG = 100_000  # objects that are made before Python looks for garbage among them; its own threshold is below 10,000


def spare_collector() -> None:
    """Let Python look for garbage more seldom, and not in what is there now: our code stays as long as the process.

    A look at a host with many rules makes tens of thousands of objects, of which next to none refer to each other.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG)


def tables(schemas: Sequence[Schema], root: str, kernel: str) -> list[Table]:
    """Build the tables of the host, with the names of the schemas. Raises UsageError if there is no such host."""
    try:
        host = Host(root, kernel, limits=LIMITS)
    except HostError as error:
        raise UsageError(str(error)) from error
    made = build(KeptHost(host, time.monotonic))
    spare_collector()
    return [replace(table, schema=schema) for table, schema in zip(made, schemas, strict=True)]

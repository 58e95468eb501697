"""The first call of a process that knows nothing yet, in milliseconds: `python -m bench.cold FILE`."""

from __future__ import annotations

import sys
import time

from auditrules.plugin.table import select
from auditrules.serve import backing
from auditrules.serve.splice import Splicer
from auditrules.tables import SCHEMAS
from tests.core.stressed import over

if __name__ == "__main__":
    with over("given", sys.argv[1]):
        table = backing.tables(SCHEMAS, "/", "netlink")[0]
        splicer = Splicer(table.schema)
        start = time.perf_counter()
        found = select(table, {"action": "generate"})
        for _ in splicer.chunks(found.rows, found.columns):
            pass
        print((time.perf_counter() - start) * 1000)

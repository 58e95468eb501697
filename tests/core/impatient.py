"""The extension's own program with the sample table and short times, so that a test need not wait for long ones."""

from __future__ import annotations

import sys

from auditrules.serve import backing, exchange_limits, extension, lifecycle, wire
from tests.core.replaced import replaced
from tests.core.sample import TABLE

if __name__ == "__main__":
    replaced(extension, SCHEMAS=(TABLE.schema,))
    replaced(backing, build=lambda _host: (TABLE,))
    replaced(lifecycle, DUPLICATE_WAIT=0.0)
    replaced(wire, CORE_TIMEOUT=0.3, PEER_TIMEOUT=0.5)
    replaced(exchange_limits, BUSY_TIMEOUT=0.2)
    sys.exit(extension.main())

"""The extension's own program with the sample table and short times, so that a test need not wait for long ones."""

from __future__ import annotations

import sys
from unittest.mock import patch

from auditrules.serve import backing, exchange_limits, extension, lifecycle, wire
from tests.core.sample import TABLE

if __name__ == "__main__":
    with (
        patch.object(extension, "SCHEMAS", (TABLE.schema,)),
        patch.object(backing, "build", lambda _host: (TABLE,)),
        patch.object(lifecycle, "DUPLICATE_WAIT", 0.0),
        patch.object(wire, "CORE_TIMEOUT", 0.3),
        patch.object(wire, "PEER_TIMEOUT", 0.5),
        patch.object(exchange_limits, "BUSY_TIMEOUT", 0.2),
    ):
        sys.exit(extension.main())

"""The extension's own program, with the sample table in the place of the real ones."""

from __future__ import annotations

import sys
from unittest.mock import patch

from auditrules.serve import backing, extension
from tests.core.sample import TABLE

if __name__ == "__main__":
    with patch.object(extension, "SCHEMAS", (TABLE.schema,)), patch.object(backing, "build", lambda _host: (TABLE,)):
        sys.exit(extension.main())

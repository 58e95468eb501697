"""The extension's own program, with the sample table in the place of the real ones."""

from __future__ import annotations

import sys

from auditrules.serve import backing, extension
from tests.core.replaced import replaced
from tests.core.sample import TABLE

if __name__ == "__main__":
    replaced(extension, SCHEMAS=(TABLE.schema,))
    replaced(backing, build=lambda _host: (TABLE,))
    sys.exit(extension.main())

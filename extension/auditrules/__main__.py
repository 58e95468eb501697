"""`python -m auditrules` is the command `auditrules`."""

import sys

from auditrules.cli import main

if __name__ == "__main__":
    sys.exit(main())

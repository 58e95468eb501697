"""A parent for the extension that can be killed: osquery's watcher, while the core lives in the test."""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, "-m", "tests.core.extension", *sys.argv[1:]], check=False).returncode)

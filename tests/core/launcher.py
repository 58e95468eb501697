"""A parent for the extension that can be killed: osquery's watcher, while the core lives in the test.

It hands on the descriptors that it has inherited, as the watcher does.
"""

from __future__ import annotations

import subprocess
import sys

if __name__ == "__main__":
    command = [sys.executable, "-m", "tests.core.extension", *sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False, close_fds=False).returncode)

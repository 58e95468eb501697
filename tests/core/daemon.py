"""osqueryd as a process that can be killed: a core that starts the extension in FOLDER and waits."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.core.manager import Core

if __name__ == "__main__":
    with Core(Path(sys.argv[1])) as core:
        core.run("tests.core.extension", interval="0.2")
        print(core.registered().uuid, flush=True)  # noqa: T201 - a word to the test
        signal.pause()

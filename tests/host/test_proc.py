"""What /proc tells of a process."""

from __future__ import annotations

import os
from pathlib import Path

from auditrules.host.proc import process_name, process_start


def test_a_process_has_a_name_and_a_start() -> None:
    own = f"/proc/{os.getpid()}"
    assert process_name(own) == Path(own, "comm").read_text().removesuffix("\n")
    first, start = process_start("/proc/1"), process_start(own)
    assert first is not None
    assert start is not None
    assert first <= start


def test_of_a_process_that_is_gone_nothing_is_known(tmp_path: Path) -> None:
    assert (process_name(str(tmp_path)), process_start(str(tmp_path))) == ("", None)

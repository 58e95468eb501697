"""What changed behind the paths of rules since they were loaded: what the kernel records by then, and what we say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

HERE = Path(__file__).parent
FILES: dict[str, bytes | Path] = {
    "/opt/tests/vm/__init__.py": b"",
    "/opt/tests/vm/access": HERE / "access",
    "/opt/history.py": HERE / "history_in_guest.py",
}
COVERED, MADE, MOUNTED = ("wa", "permissions_missing"), ("", "replaced"), ("", "mounted_after_load")

# Whether the kernel records that a file there is opened for writing, and what we say: letters, and the reason.
CHANGED = {
    "the same directory": (True, COVERED),
    "a directory made anew in a tree": (True, COVERED),
    "a file replaced in its directory": (True, COVERED),
    "a directory above the watched one's made anew": (False, MADE),
    "a link led elsewhere": (False, MADE),
    "a directory exchanged for a new one": (False, MADE),
    "a file system mounted over it": (False, MOUNTED),
    "a mount of fstab unmounted": (False, MOUNTED),
    "a mount of fstab moved away": (False, MOUNTED),
    "another file system over that of fstab": (False, MOUNTED),
    "a mount that was there before the load": (True, COVERED),
    # What a reader that comes after the change cannot see: nothing is younger than the load.
    "a directory that is older than the load moved there": (False, COVERED),
    "a mount by hand unmounted": (False, COVERED),
    "a mount by hand moved away": (False, COVERED),
}
# What one tells who looked before.
REMEMBERED = {
    "a directory that is older than the load moved there": "replaced",
    "a mount by hand unmounted": "mounted_after_load",
    "a mount by hand moved away": "mounted_after_load",
}


@pytest.fixture(scope="module")
def said(guest: Guest) -> Any:
    done = guest.run("auditctl -e 1 >/dev/null; PYTHONPATH=/opt python3 /opt/history.py", FILES, timeout=900)
    assert done.returncode == 0, done.text
    return json.loads(done.files_out["history.json"])


@pytest.mark.parametrize(("name", "recorded"), [(name, each[0]) for name, each in CHANGED.items()])
def test_what_the_kernel_records_after_a_change(said: Any, name: str, recorded: bool) -> None:
    assert bool(said["changed"][name]["keys"]) is recorded


@pytest.mark.parametrize(("name", "told"), [(name, each[1]) for name, each in CHANGED.items()])
def test_what_is_told_after_a_change(said: Any, name: str, told: tuple[str, str]) -> None:
    row = said["changed"][name]["said"]
    assert (row["recorded"], row["reason"]) == told
    assert row["unknown"] == ("" if told[0] else "wa")


@pytest.mark.parametrize("name", CHANGED)
def test_who_looked_before_says_of_nothing_that_it_is_recorded_of_which_the_kernel_is_silent(
    said: Any, name: str
) -> None:
    recorded, (_, reason) = CHANGED[name]
    told = said["remembered"][name]
    assert told["recorded"] == ("wa" if recorded else "")
    assert told["reason"] == REMEMBERED.get(name, reason)
    again = said["remembered, loaded again"][name]
    assert again["reason"] == said["loaded again"][name]["said"]["reason"]


# Boot's mounts that are not there stay a sign: whether they were there at the load, nothing tells.
@pytest.mark.parametrize("name", [name for name in CHANGED if "a mount of fstab" not in name])
def test_rules_that_are_loaded_again_are_on_what_is_there(said: Any, name: str) -> None:
    answers = said["loaded again"][name]
    assert (answers["keys"] != [], answers["said"]["recorded"]) == (True, "wa")

"""Rights of root that some tests need: each is tried, and a test without it is skipped with what was in the way.

A test is marked `root` with the names of its rights. Such a test alone may be skipped where an ordinary user runs it.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache

import pytest

from tests.core.quota import quota

NOBODY = 65534
LACKING = 77  # the exit code of an attempt that the machine refused, as automake's tests have it

# cap_net_raw+ep as setcap(8) writes it: vfs_cap_data of linux/capability.h, revision 2.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)

MOUNT = f"""
import sys
from tests.core.stressed import dead
try:
    dead(sys.argv[1])
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit({LACKING})
"""


@cache
def own() -> str:
    """Whether files that a test makes are root's."""
    return "" if os.geteuid() == 0 else "needs files that are root's"


@cache
def give_away() -> str:
    """Whether a file can be made another user's."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            os.chown(folder, NOBODY, NOBODY)
        except OSError as error:
            return f"needs the right to give a file to another user: {error.strerror}"
    return ""


@cache
def mount() -> str:
    """Whether a FUSE file system can be mounted in a mount namespace of a process alone."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", MOUNT, folder],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(entry or "." for entry in sys.path)},
            capture_output=True,
            check=False,
            text=True,
        )
    if done.returncode == LACKING:
        return f"needs to mount FUSE in a mount namespace of its own: {done.stderr.strip()}"
    assert done.returncode == 0, done.stderr
    return ""


@cache
def capability() -> str:
    """Whether a file can be given capabilities."""
    with tempfile.NamedTemporaryFile() as file:
        try:
            os.setxattr(file.name, "security.capability", CAPABILITY)
        except OSError as error:
            return f"needs the right to give a file capabilities: {error.strerror}"
    return ""


@cache
def cgroup() -> str:
    """Whether a cgroup can be made that limits processors."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        try:
            with quota(process.pid, 50):
                pass
        except OSError as error:
            return f"needs the right to make a cgroup: {error}"
        finally:
            process.kill()
    return ""


RIGHTS: Mapping[str, Callable[[], str]] = {
    "own": own,
    "give_away": give_away,
    "mount": mount,
    "capability": capability,
    "cgroup": cgroup,
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that lacks a right it is marked with."""
    for marker in item.iter_markers("root"):
        for right in marker.args:
            if lack := RIGHTS[right]():
                pytest.skip(lack)


@contextmanager
def a_user() -> Iterator[None]:
    """Be a user who is not root, as whoever runs this may be already."""
    if os.geteuid() != 0:
        yield
        return
    try:
        os.seteuid(NOBODY)
    except OSError as error:
        pytest.skip(f"needs the right of root to become another user: {error.strerror}")
    try:
        yield
    finally:
        os.seteuid(0)

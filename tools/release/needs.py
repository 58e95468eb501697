"""What packaging needs of a machine and pip can't bring."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterator

# What PyInstaller runs, and the packages of Debian and of Red Hat that have it.
PROGRAMS = {
    "ldd": "libc-bin (Debian), glibc-common (Red Hat)",
    "objcopy": "binutils",
    "objdump": "binutils",
    "strip": "binutils",
}


def missing() -> Iterator[str]:
    """A line for each thing that is not there, with what to install."""
    for program, package in PROGRAMS.items():
        if not shutil.which(program):
            yield f"{program} is not there, which PyInstaller runs: install {package}"
    if not sysconfig.get_config_var("Py_ENABLE_SHARED"):
        yield f"{sys.executable} has no shared library, which PyInstaller needs: choose another with PYTHON="

"""What the guest is made of, as data, and where its parts are kept on this machine."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).resolve().parents[2]
QEMU = "qemu-system-x86_64"
MACHINE = "x86_64"

# The metapackage depends on the current image.
KERNEL = "linux-image-cloud-amd64"

PYTHON = "python3.11"

# Downloaded and unpacked, never installed: auditd's post-install script would start auditing on this very machine.
PACKAGES = (
    "auditd",
    "busybox-static",
    # what augenrules runs, so that sorting and messages are those of a Debian host and not busybox's
    "coreutils",
    "dash",
    "diffutils",
    "findutils",
    "gawk",
    "grep",
    "mawk",
    "sed",
    "bash",
    # Python, with all of its standard library
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "python3.11-minimal",
    # the libraries of them all
    "libacl1",
    "libattr1",
    "libaudit-common",
    "libaudit1",
    "libauparse0",
    "libbz2-1.0",
    "libc6",
    "libcap-ng0",
    "libcrypt1",
    "libdb5.3",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "libgmp10",
    "libgssapi-krb5-2",
    "liblzma5",
    "libmpfr6",
    "libncursesw6",
    "libnsl2",
    "libpcre2-8-0",
    "libreadline8",
    "libselinux1",
    "libsigsegv2",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libtinfo6",
    "libtirpc3",
    "libuuid1",
    "libwrap0",
    "zlib1g",
    # what libtirpc3 draws in, for the one module nis
    "libcom-err2",
    "libk5crypto3",
    "libkeyutils1",
    "libkrb5-3",
    "libkrb5support0",
)

# Nothing of this is ever looked at, and each MiB costs time at boot.
LEFT_OUT = (
    "usr/lib/x86_64-linux-gnu/gconv",
    "usr/share/doc",
    "usr/share/gcc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
)

# Debian's Python looks here for what is not its own.
SITE = "usr/lib/python3/dist-packages"


class RigError(Exception):
    """The rig is not there, or a guest did not get to the end of its script; the message says why."""


def wheels() -> tuple[str, ...]:
    """What our code imports, as the installed project declares it."""
    declared = map(Requirement, importlib.metadata.requires("osquery-audit-rules") or ())
    return tuple(
        f"{each.name}{each.specifier}" for each in declared if not each.marker or each.marker.evaluate({"extra": "sql"})
    )


def cache() -> Path:
    """The folder of all that is kept; it may be deleted at any time, and vm-setup fills it again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "osquery-audit-rules-vm")


def unpacked() -> Path:
    """The folder that holds the guest's files and kernel once vm-setup is through; named by what is asked for."""
    wanted = repr((KERNEL, PACKAGES, PYTHON, wheels())).encode()
    return cache() / f"unpacked-{hashlib.sha256(wanted).hexdigest()[:16]}"

"""Reading which kernel a host runs, and the configuration that it was built with, where the host keeps it."""

from __future__ import annotations

import os
from contextlib import suppress

from auditrules.audit.kernel.kernel_build import newest_release, runs_x32
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import KernelBuild
from auditrules.audit.model.text import decode
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

MODULES = "/lib/modules"
OF_RUNNING = "/proc/config.gz"  # where the kernel was built with CONFIG_IKCONFIG_PROC
_GZIP = 31  # a window of any size, behind gzip's header


def read_kernel_build(tree: Tree, release: str, limit: int, cmdline: File | None, *, here: bool) -> KernelBuild:
    """Read the build of a kernel's release. Empty: of the kernel that runs or, of another root, of the newest there.

    `here` says that the root is this machine's. Of a configuration at most `limit` bytes are read.
    """
    running = here and not release
    release = release or (os.uname().release if here else "")
    if not release:
        with suppress(UnreadableError):  # then it is not known
            release = newest_release(tree.names(MODULES))
    config = read_kernel_config(tree, release, limit, running=running)
    options = decode(cmdline.content or b"") if cmdline else ""
    return KernelBuild(release, runs_x32(config, os.uname().machine, options))


def read_kernel_config(tree: Tree, release: str, limit: int, *, running: bool) -> bytes | None:
    """Read the configuration of a kernel's release, at most `limit` bytes; `running`: it is the one that runs.

    None: it is not there, or not readable.
    """
    if not release or "/" in release:
        return None
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/config"):
        file = tree.read(path, limit)
        if file is not None and file.content:
            return file.content
    packed = tree.read(OF_RUNNING, limit) if running else None
    return _unpacked(packed.content, limit) if packed is not None and packed.content else None


def _unpacked(content: bytes, limit: int) -> bytes | None:
    import zlib  # noqa: PLC0415 - few hosts need it

    unpacking = zlib.decompressobj(_GZIP)
    try:
        found = unpacking.decompress(content, limit)
    except zlib.error:
        return None
    return found if unpacking.eof else None

"""Reads the host's kernel release, and the build configuration of that kernel if the host has it."""

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
# What the folder of a release has that is installed; one of a release that went may be left with less.
_OF_MODULES = frozenset({"kernel", "modules.builtin", "modules.dep", "modules.order", "vmlinuz"})
_GZIP = 31  # a window of any size, behind gzip's header


def read_kernel_build(tree: Tree, release: str, limit: int, cmdline: File | None, *, here: bool) -> KernelBuild:
    """Read the build of the kernel with this release; empty: the running one or, under another root, the newest.

    `here`: the root is this machine's. At most `limit` bytes of a configuration are read.
    """
    running = here and not release
    release = release or (os.uname().release if here else "")
    if not release:
        with suppress(UnreadableError):  # then the release stays unknown
            release = _newest(tree)
    config = read_kernel_config(tree, release, limit, running=running)
    options = decode(cmdline.content or b"") if cmdline else ""
    return KernelBuild(release, runs_x32(config, os.uname().machine, options))


def _newest(tree: Tree) -> str:
    """The newest release with modules; if no folder has any, the newest with a folder. Raises UnreadableError."""
    folders = {}
    for name in tree.names(MODULES):
        with suppress(UnreadableError):  # no folder
            folders[name] = bool(_OF_MODULES.intersection(tree.names(f"{MODULES}/{name}")))
    return newest_release(name for name, there in folders.items() if there) or newest_release(folders)


def read_kernel_config(tree: Tree, release: str, limit: int, *, running: bool) -> bytes | None:
    """Read the configuration of the kernel with this release, at most `limit` bytes. `running`: that kernel runs now.

    None: there is none, or it can't be read.
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

"""The configuration that a kernel was built with, where a host keeps it."""

from __future__ import annotations

from auditrules.host.rootfs import Tree

OF_RUNNING = "/proc/config.gz"  # where the kernel was built with CONFIG_IKCONFIG_PROC
_GZIP = 31  # a window of any size, behind gzip's header


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

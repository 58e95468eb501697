"""Reads the files of boot loaders, which contain the kernel's next command line."""

from __future__ import annotations

from collections.abc import Iterator

from auditrules.audit.boot.boot_loader import (
    CUSTOM_CFG,
    DEFAULT_GRUB,
    ENTRIES,
    GRUB_CFG,
    GRUBENV,
    KERNEL_CMDLINE,
    LOADER_CONF,
)
from auditrules.audit.model.collected import BootFiles
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

MOST_FILES = 200
MOST_BYTES = 1 << 18  # of one of them; a grub.cfg has some 10 KiB

BOOT = "/boot"
PARTITIONS = (BOOT, "/efi", "/boot/efi")  # where systemd and distributions mount those that a boot loader reads
_GRUB = ("/boot/grub", "/boot/grub2")


def read_boot_files(tree: Tree) -> BootFiles:
    """Read the files of GRUB, the entries of the Boot Loader Specification, and the files that they are made from."""
    errors: list[str] = []
    paths = list(_paths(tree, errors))
    if len(paths) > MOST_FILES:
        errors.append(f"more than {MOST_FILES} files of boot loaders, the most that are read")
    found = (tree.read(path, MOST_BYTES) for path in paths[:MOST_FILES])
    images = [
        name for each in PARTITIONS for name in _names(tree, f"{each}/EFI/Linux", errors) if name.endswith(".efi")
    ]
    return BootFiles(
        files=tuple(file for file in found if file is not None),
        images=any(name.endswith(".efi") for name in images),
        occupied=bool(_names(tree, BOOT, errors)),
        error="; ".join(dict.fromkeys(errors)),
    )


def _paths(tree: Tree, errors: list[str]) -> Iterator[str]:
    systems = (f"{each}/EFI/{name}" for each in PARTITIONS[1:] for name in _names(tree, f"{each}/EFI", errors))
    for folder in (*_GRUB, *systems):
        yield from (f"{folder}/{name}" for name in (GRUB_CFG, GRUBENV, CUSTOM_CFG))
    for each in PARTITIONS:
        yield f"{each}/{LOADER_CONF}"
        yield from (f"{each}/{ENTRIES}/{name}" for name in _names(tree, f"{each}/{ENTRIES}", errors) if _is_entry(name))
    yield from KERNEL_CMDLINE
    yield DEFAULT_GRUB
    yield from (
        f"{DEFAULT_GRUB}.d/{name}" for name in _names(tree, f"{DEFAULT_GRUB}.d", errors) if name.endswith(".cfg")
    )


def _is_entry(name: str) -> bool:
    return name.endswith(".conf")


def _names(tree: Tree, folder: str, errors: list[str]) -> tuple[str, ...]:
    try:
        return tree.names(folder)
    except UnreadableError as error:
        errors.append(f"{folder}: {error}")
        return ()

"""Reads the configuration that benchmarks ask about: regular files up to a size, and links only inside the root."""

from __future__ import annotations

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration import dpkg_status, faillock_conf, login_defs, os_release
from auditrules.benchmarks.configuration.dpkg_status import Packages, parse_packages
from auditrules.benchmarks.configuration.faillock_conf import FaillockDir, read_faillock
from auditrules.benchmarks.configuration.login_defs import LoginDefs, read_login_defs
from auditrules.benchmarks.configuration.mount_points import FSTAB, MountPoints, parse_mount_points
from auditrules.benchmarks.configuration.os_release import OsRelease, read_os_release
from auditrules.host.open_folders import UnreadableError
from auditrules.host.rootfs import Tree

MOST_DROP_INS = 100  # in one folder
MOST_FSTAB = 1 << 20  # bytes


def read_system(tree: Tree) -> OsRelease:
    """Read which system the host is."""
    return read_os_release(*(tree.read(path, os_release.MOST_BYTES) for path in os_release.PATHS))


def read_login(tree: Tree) -> LoginDefs:
    """Read from which user id on users log in."""
    first = next(filter(None, (tree.read(path, login_defs.MOST_BYTES) for path in login_defs.PATHS)), None)
    return read_login_defs([*([first] if first else ()), *drop_ins(tree, login_defs.DROP_INS, ".defs")])


def read_faillock_dir(tree: Tree) -> FaillockDir:
    """Read where pam_faillock keeps its tallies."""
    files = (tree.read(path, faillock_conf.MOST_BYTES) for path in faillock_conf.PATHS)
    whole = tree.read(faillock_conf.PAM_CONF, faillock_conf.MOST_BYTES)
    pam = (each for folder in faillock_conf.PAM_FOLDERS for each in drop_ins(tree, folder, ""))
    return read_faillock(next(filter(None, files), None), (*([whole] if whole else []), *pam))


def read_packages(tree: Tree) -> Packages:
    """Read which packages are installed."""
    status = tree.read(dpkg_status.STATUS, dpkg_status.MOST_BYTES)
    parts = drop_ins(tree, dpkg_status.STATUS_D, "", most=dpkg_status.MOST_FILES)
    parts = [part for part in parts if not part.path.endswith(".md5sums")]
    return parse_packages(status, parts, rpm=any(_is_folder(tree, path) for path in dpkg_status.RPM))


def read_mounts(tree: Tree, mountinfo: bytes | None) -> MountPoints:
    """Read the present mounts, if `mountinfo` is known, and those of fstab."""
    return parse_mount_points(mountinfo, tree.read(FSTAB, MOST_FSTAB))


def _is_folder(tree: Tree, path: str) -> bool:
    end = tree.end(path)
    return end is not None and end[1].type == "dir"


def drop_ins(tree: Tree, folder: str, ending: str, *, most: int = MOST_DROP_INS) -> list[File]:
    """Read the files of a folder with this ending, sorted by name. If that fails, give one `File` with the error."""
    try:
        names = [name for name in tree.names(folder) if name.endswith(ending) and not name.startswith(".")]
    except UnreadableError as error:
        return [File(folder, error=str(error))]
    if len(names) > most:
        return [File(folder, error=f"expected at most {most} files, found {len(names)}")]
    files = (tree.read(f"{folder}/{name}", login_defs.MOST_BYTES) for name in names)
    return [file for file in files if file is not None]

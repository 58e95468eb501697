"""Bring what the rig needs, once per machine: `make vm-setup [KERNEL=6.12]`.

QEMU is installed if it isn't there, for which root is needed. All that goes into the guest is downloaded and unpacked
into a cache folder, and nothing of it is installed. A second run finds everything there.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.vm import kernels
from tests.vm.contents import KERNEL, LEFT_OUT, MACHINE, PACKAGES, PYTHON, QEMU, SITE, RigError, cache, unpacked, wheels
from tests.vm.guest import Guest, compiled, loader

# apt would rather download as a user of its own, who may not write into our folder; other runs of apt are waited for.
APT = ("apt-get", "-q", "-o", "APT::Sandbox::User=root", "-o", "DPkg::Lock::Timeout=300")
ASK_APT = ("apt-cache", "depends", "--important")
ELF = b"\x7fELF"
LIBRARY = re.compile(r"^\s*(?P<name>\S+) => (?P<place>.+)$", re.MULTILINE)


def main(releases: Sequence[str]) -> int:
    """Bring it all, with the kernels of some more releases, or say in one line what is in the way."""
    try:
        _qemu()
        _parts()
        for release in releases:
            kernels.bring(release)
            os.environ[kernels.CHOSEN] = release
        result = Guest.ready().run("uname -r; auditctl -v")
        print(f"the guest is ready, and kept in {cache()}: {result.text}", end="")
    except RigError as error:
        print(f"vm-setup: {error}", file=sys.stderr)
        return 1
    return 0


def _qemu() -> None:
    if platform.machine() != MACHINE:
        raise RigError(f"the rig's guest is {MACHINE}, and this machine is {platform.machine()}")
    if shutil.which(QEMU):
        return
    if os.geteuid() != 0:
        raise RigError(f"{QEMU} is not installed: run this as root, or install the package qemu-system-x86")
    _run(*APT, "update")
    _run(*APT, "install", "--yes", "--no-install-recommends", "qemu-system-x86")


def _parts() -> None:
    """The guest's kernel and files, all or none."""
    if unpacked().exists():
        return
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=cache()) as work:
        parts = Path(work, "parts")
        root = parts / "root"
        (root / SITE).mkdir(parents=True)
        for deb in _download(Path(work), (_kernel(), *PACKAGES)):
            kernel = deb.name.startswith("linux-image-")
            _run("dpkg-deb", "-x", str(deb), str(parts / "kernel" if kernel else root))
        _install_wheels(root / SITE)
        for name in LEFT_OUT:
            shutil.rmtree(root / name, ignore_errors=True)
        _expect_libraries(root)
        compiled(root, root / "usr/lib" / PYTHON, root / SITE)
        parts.chmod(0o755)
        parts.rename(unpacked())


def _kernel() -> str:
    """The package of the current kernel, on which the metapackage depends."""
    for _ in _updated_between():
        said = subprocess.run((*ASK_APT, KERNEL), capture_output=True, text=True, check=False)
        for line in said.stdout.splitlines():
            relation, _, name = line.strip().partition(": ")
            if relation == "Depends" and name.startswith("linux-image-"):
                return name
    raise RigError(f"apt knows no package {KERNEL}; the rig is made of the packages of Debian 12")


def _download(folder: Path, packages: Sequence[str]) -> list[Path]:
    for _ in _updated_between():
        if subprocess.run([*APT, "-q", "download", *packages], cwd=folder, check=False).returncode == 0:
            return sorted(folder.glob("*.deb"))
    raise RigError("apt-get could not download the guest's packages; what it says stands above")


def _updated_between() -> Iterator[None]:
    """Two tries, with the lists of packages brought up to date between them (which only root may do)."""
    yield
    if os.geteuid() == 0:
        _run(*APT, "update")
        yield


def _install_wheels(folder: Path) -> None:
    """What our code imports, built for the guest's Python, whatever Python this is."""
    target = ("--target", str(folder), "--only-binary", ":all:", "--implementation", "cp")
    version = PYTHON.removeprefix("python")
    platforms = [word for tag in ("2_28", "2_17") for word in ("--platform", f"manylinux_{tag}_{MACHINE}")]
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--root-user-action", "ignore", "--no-compile"),
        *(*target, "--python-version", version, *platforms, *wheels()),
    )


def _expect_libraries(root: Path) -> None:
    """Raise `RigError` if a program or library needs one that is in none of the packages."""
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            if stream.read(len(ELF)) != ELF:
                continue
        said = subprocess.run([*loader(root), "--list", path], capture_output=True, text=True, check=False)
        for needed in LIBRARY.finditer(said.stdout):
            if not needed["place"].startswith(f"{root}/"):
                raise RigError(f"{path.relative_to(root)} needs {needed['name']}, which no package of the guest holds")


def _run(*command: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, check=False).returncode != 0:
        raise RigError(f"{' '.join(command)} failed; what it says stands above")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

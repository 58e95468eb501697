"""Other kernels than the guest's own: Debian's of all its releases, each downloaded once and unpacked, never installed.

`make vm-setup KERNEL=6.12` brings the newest of a release, `make vm KERNELS="5.10 6.12"` asks each. `oldest` and
`newest` stand for those of all that Debian has.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.vm.contents import RigError, cache

# What a run asks, where it is not the kernel that the guest's own release of Debian has.
CHOSEN = "VM_KERNEL"

# Where Debian keeps kernels: what this machine takes packages from, with other suites.
SUITES = (
    *("bullseye", "bullseye-security", "bookworm", "bookworm-security", "bookworm-backports"),
    *("trixie", "trixie-security", "trixie-backports", "sid"),
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ASK_APT = ("apt-cache",)
INDEX_TARGETS = ("apt-get", "indextargets", "--format")
RELEASE = re.compile(r"\d+\.\d+(?:\.\d+)*")
OLDEST, NEWEST = "oldest", "newest"
BINARY = "linux-binary-"
PLACES = ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")


def chosen() -> str:
    """The release that this run asks; empty: the guest's own."""
    return os.environ.get(CHOSEN, "")


def image(release: str) -> Path:
    """The kernel of a release that is there, or `RigError`."""
    for place in PLACES:
        for found in _folder(release).glob(place):
            return found
    raise RigError(f"the kernel {release} is not there: run `make vm-setup KERNEL={release}`")


def release_of(kernel: Path) -> str:
    """The release of a kernel by its file's name, or by its folder's."""
    return kernel.name.removeprefix("vmlinuz-") if "-" in kernel.name else kernel.parent.name


def bring(release: str) -> None:
    """Download the newest kernel of a release, such as 6.12, if none is there."""
    if release not in (OLDEST, NEWEST) and not RELEASE.fullmatch(release):
        raise RigError(f"expected the release of a kernel such as 6.12, oldest or newest, found {release!r}")
    if _folder(release).exists():
        return
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=cache()) as work:
        apt = _apt(Path(work))
        _run(*apt, "-q", "update")
        names = [*_known(apt, "linux-image-"), *_known(apt, BINARY)]
        package = package_of(names, release)
        _run(*apt, "-q", "download", holder_of(package, names), folder=Path(work))
        (deb,) = Path(work).glob("*.deb")
        parts = Path(work, "parts")
        _run("dpkg-deb", "-x", str(deb), str(parts))
        _folder(release).parent.mkdir(exist_ok=True)
        parts.chmod(0o755)
        parts.rename(_folder(release))


def package_of(packages: Iterable[str], release: str) -> str:
    """The newest of the cloud kernels of a release, or the oldest or newest of all, or `RigError`."""
    numbers = r"\d+\.\d+" if release in (OLDEST, NEWEST) else re.escape(release)
    wanted = re.compile(rf"linux-image-{numbers}(?!\d)[\w.+~-]*-cloud-amd64")
    found = sorted((name for name in packages if wanted.fullmatch(name)), key=_numbers)
    if not found:
        raise RigError(f"Debian has no kernel {release} for the cloud")
    return found[0] if release == OLDEST else found[-1]


def _numbers(package: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", package.removesuffix("amd64"))]


def holder_of(package: str, packages: Iterable[str]) -> str:
    """The package that holds the kernel itself: from Linux 7.1 on Debian's linux-image only depends on it."""
    binary = package.replace("linux-image-", BINARY, 1)
    return binary if binary in packages else package


def _known(apt: Sequence[str], prefix: str) -> list[str]:
    """The packages that apt's lists have."""
    told = subprocess.run((*ASK_APT, *apt[1:], "pkgnames", prefix), capture_output=True, text=True, check=False)
    return told.stdout.split()


def _folder(release: str) -> Path:
    return cache() / "kernels" / release


def _apt(work: Path) -> tuple[str, ...]:
    """apt-get with lists of its own, of all suites: this machine's sources stay as they are."""
    (work / "lists/partial").mkdir(parents=True)
    (work / "cache/archives/partial").mkdir(parents=True)
    sites = _sites()
    lines = (f"deb [signed-by={KEYRING}] {sites[suite.endswith('-security')]} {suite} main\n" for suite in SUITES)
    (work / "sources.list").write_text("".join(lines), encoding="utf-8")
    options = (
        f"Dir::Etc::sourcelist={work}/sources.list",
        "Dir::Etc::sourceparts=/dev/null",
        f"Dir::State::lists={work}/lists",
        f"Dir::Cache={work}/cache",
        "APT::Sandbox::User=root",
    )
    return ("apt-get", *(word for option in options for word in ("-o", option)))


def _sites() -> dict[bool, str]:
    """Where this machine takes Debian's packages from, and its security updates."""
    told = subprocess.run((*INDEX_TARGETS, "$(SITE) $(RELEASE)"), capture_output=True, text=True, check=False)
    pairs = (line.split() for line in told.stdout.splitlines())
    sites = {release.endswith("-security"): site for site, release in pairs}
    if set(sites) != {True, False}:
        raise RigError("this machine's apt has no Debian release with its security updates to take kernels from")
    return sites


def _run(*command: str, folder: Path | None = None) -> None:
    if subprocess.run(command, stdin=subprocess.DEVNULL, cwd=folder, check=False).returncode != 0:
        raise RigError(f"{' '.join(command)} failed; what it says stands above")

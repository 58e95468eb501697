"""The packages: installed into a clean root, run there against the stand-in core, upgraded and removed."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from auditrules import __version__
from tests.packaging.dist import EXTENSION as MADE
from tests.packaging.dist import PYTHON, below, only, registers, said
from tests.packaging.roots import Root, clean, copied
from tools.release.project import PROJECT, PROJECT_NAME

pytestmark = [pytest.mark.package, pytest.mark.xdist_group("packages")]

EXTENSION = "/usr/lib/osquery/extensions/auditrules.ext"
LOAD = "etc/osquery/extensions.load"
NEXT = "99.0.0"  # a version after this one
RPM = ("rpm", "--force-debian", "--dbpath", "/var/lib/rpm")  # Debian's would rather not, and elsewhere


@pytest.fixture(scope="module")
def bare() -> Iterator[Root]:
    with short() as folder:
        yield clean(folder)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages of a version after this one."""
    folder = tmp_path_factory.mktemp("later")
    code = (
        "import sys; from pathlib import Path; from tools.release import systems\n"
        f"systems.__version__ = {NEXT!r}\n"
        "systems.build(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    subprocess.run([PYTHON, "-c", code, MADE, folder], cwd=PROJECT, check=True)
    return folder


class Manager:
    """dpkg, or rpm from outside, at work on a root."""

    def __init__(self, root: Root, form: str) -> None:
        self.root = root
        self.form = form
        self.package = only(f"*.{form}")

    def install(self, package: Path, expect: int | None = 0) -> str:
        if self.form == "rpm":
            return said([*RPM, "--root", str(self.root.path), "--upgrade", str(package)], expect)
        inside = self.root.path / "run" / package.name
        inside.write_bytes(package.read_bytes())
        return self.root.run("dpkg", "--install", f"/run/{package.name}", expect=expect)

    def remove(self) -> str:
        if self.form == "rpm":
            return said([*RPM, "--root", str(self.root.path), "--erase", PROJECT_NAME])
        return self.root.run("dpkg", "--remove", PROJECT_NAME)

    def installed(self) -> str:
        """The version that is installed; empty for none."""
        if self.form == "rpm":
            query = [*RPM, "--root", str(self.root.path), "-q", "--qf", "%{VERSION}", PROJECT_NAME]
            told = said(query, None)
            return "" if "not installed" in told else told
        told = self.root.run("dpkg-query", "--show", "--showformat", "${Version}", PROJECT_NAME, expect=None)
        return "" if "no packages found" in told else told


@pytest.fixture(scope="module", params=["deb", "rpm"])
def manager(request: pytest.FixtureRequest, bare: Root, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manager]:
    """A package manager with a clean root of its own, in which nothing but Python is installed."""
    with short() as folder:
        root = copied(bare, folder / "x")
        root.core()  # makes the link that gives its socket one path, before anybody looks
        one = Manager(root, request.param)
        if one.form == "rpm":  # which knows nothing of what Debian's packages brought
            one.install(python311(tmp_path_factory.mktemp("rpmbuild")))
        yield one


@contextmanager
def short() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's. At the end no root in it is left."""
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")
    yield Path(folder)
    said(["rm", "-rf", "--one-file-system", folder])


@pytest.fixture
def installed(manager: Manager) -> Iterator[Manager]:
    manager.install(manager.package)
    yield manager
    manager.remove()


def test_rpm_asks_for_a_python_by_any_of_its_names(bare: Root) -> None:
    with short() as folder:
        refused = Manager(copied(bare, folder / "x"), "rpm").install(only("*.rpm"), expect=1)
    wanted = "(python3 >= 3.10 or python3.11 or python3.12 or python3.13)"
    assert f"error: Failed dependencies:\n\t{wanted} is needed by {PROJECT_NAME}-{__version__}-1.noarch\n" in refused


def python311(folder: Path) -> Path:
    spec = folder / "python.spec"
    spec.write_text(
        "Name: python3.11\nVersion: 3.11.9\nRelease: 1\nSummary: A name\nLicense: none\nBuildArch: noarch\n"
        "%description\nA name.\n%files\n",
        encoding="utf-8",
    )
    said(["rpmbuild", "-bb", "--define", f"_topdir {folder}", str(spec)])
    (made,) = folder.rglob("*.rpm")
    return made


def test_the_package_puts_the_extension_where_osquery_takes_it(installed: Manager) -> None:
    found = (installed.root.path / EXTENSION.lstrip("/")).lstat()
    assert (oct(found.st_mode), found.st_uid, found.st_gid) == ("0o100755", 0, 0)
    assert (installed.root.path / EXTENSION.lstrip("/")).read_bytes() == MADE.read_bytes()


def test_the_package_names_it_in_the_load_file(installed: Manager) -> None:
    assert (installed.root.path / LOAD).read_text("utf-8") == f"{EXTENSION}\n"


def test_the_package_brings_the_packs(installed: Manager) -> None:
    assert below(installed.root.path / "usr/share/osquery-audit-rules/packs") == below(PROJECT / "packs")


def test_the_installed_extension_serves_osquery(installed: Manager) -> None:
    with installed.root.core() as core:
        registers(core, "/usr/sbin/chroot", str(installed.root.path), EXTENSION)


def test_the_installed_command_line_has_the_version(installed: Manager) -> None:
    assert installed.root.run("/usr/bin/auditrules", "--version") == f"auditrules {__version__}\n"
    assert installed.installed() == __version__


def test_the_installed_doctor_finds_the_extension_well(installed: Manager) -> None:
    mounts = installed.root.path / "proc/self/mounts"  # all of /proc that there is
    mounts.parent.mkdir(parents=True)
    mounts.touch()
    told = json.loads(installed.root.run("/usr/bin/auditrules", "doctor", "--format", "json", expect=1))
    well = [line["finding"] for line in told if line["severity"] == "ok" and line["subject"] not in {"kernel", "audit"}]
    assert well == [
        f"/{LOAD} names {EXTENSION}",
        f"{EXTENSION} is a file that osquery loads",
        f"{EXTENSION} finds /usr/bin/python3.11",
        *(f"{name} can be read" for name in sorted(packs()) if name.endswith(".conf")),
    ]
    mounts.unlink()
    mounts.parent.rmdir()


def packs() -> list[str]:
    return [f"/usr/share/{PROJECT_NAME}/packs/{name}" for name in below(PROJECT / "packs") if "/" not in name]


def test_installing_takes_nothing_away_and_removing_leaves_all_as_before(manager: Manager) -> None:
    before = manager.root.seen()
    manager.install(manager.package)
    during = manager.root.seen()
    assert {name: during.get(name) for name in before} == before
    manager.remove()
    assert manager.root.seen() == before


def test_a_host_with_osquery_and_fleet_is_as_before(manager: Manager) -> None:
    theirs = {LOAD: b"/opt/a.ext\n", "opt/orbit/extensions.load": b"", "usr/lib/osquery/extensions/a.ext": b"#!\n"}
    for name, content in theirs.items():
        path = manager.root.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    before = manager.root.seen()
    manager.install(manager.package)
    assert (manager.root.path / LOAD).read_text("utf-8") == f"/opt/a.ext\n{EXTENSION}\n"
    assert (manager.root.path / "opt/orbit/extensions.load").read_text("utf-8") == f"{EXTENSION}\n"
    manager.remove()
    assert manager.root.seen() == before
    said(["rm", "-r", *(str(manager.root.path / name) for name in ("etc/osquery", "opt/orbit", "usr/lib/osquery"))])


def test_an_upgrade_keeps_one_line_and_serves(installed: Manager, later: Path) -> None:
    (package,) = later.glob(f"*.{installed.form}")
    installed.install(package)
    assert installed.installed() == NEXT
    assert (installed.root.path / LOAD).read_text("utf-8") == f"{EXTENSION}\n"
    with installed.root.core() as core:
        registers(core, "/usr/sbin/chroot", str(installed.root.path), EXTENSION)


def test_removed_after_an_upgrade_all_is_as_before(manager: Manager, later: Path) -> None:
    before = manager.root.seen()
    manager.install(manager.package)
    (package,) = later.glob(f"*.{manager.form}")
    manager.install(package)
    manager.remove()
    assert (manager.installed(), manager.root.seen()) == ("", before)

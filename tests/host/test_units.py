"""What of a root says how it boots: which files are read, which links count, and what boot then loads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.boot import Boot
from auditrules.audit.boot.mount_units import early_mounts
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Sources, Units
from auditrules.host import Host
from auditrules.host.rootfs import Tree
from auditrules.host.units import MOST_BYTES, MOST_FILES, MOST_MOUNTS, read_units
from auditrules.plugin.context import Context
from auditrules.tables import build
from tests.fixtures.boots import LINKS, boot_root
from tests.fixtures.hosts import Given
from tests.host.roots import write

ETC, USR = "etc/systemd/system", "usr/lib/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
DOCKER = [
    "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=x -F key=docker",
    "-a always,exit -S all -F path=/etc/docker -F perm=wa -F key=docker",
]
RUNS = "auditd.service runs /sbin/augenrules --load"

# Each host of the fixtures: loader, why, `enabled`, and the rules.
BOOTS: dict[str, tuple[str, str, int | None, list[str]]] = {
    "debian12": ("augenrules", RUNS, 1, DOCKER),
    "rhel9": ("augenrules", RUNS, 1, DOCKER),
    "amazon": ("augenrules", RUNS, 1, ["-a never,task"]),
    "audit4": ("augenrules", "audit-rules.service runs /usr/sbin/augenrules --load", 1, DOCKER),
    "disabled": ("none", "auditd.service is not enabled", None, []),
    "masked": ("none", "auditd.service is masked", None, []),
}


def collected(root: Path) -> Sources:
    return Host(str(root), "none").sources()


def booted(sources: Sources) -> Boot:
    return HostAudit(sources).boot


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (WANTS, USR, "etc/audit/rules.d", "usr/bin", "usr/sbin"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def read(root: Path) -> Units:
    with closing(Tree(str(root), lambda _: "")) as tree:
        return read_units(tree)


def files(root: Path) -> Iterator[tuple[str, bytes | None]]:
    return ((file.path, file.content) for file in read(root).files)


def test_every_host_of_the_fixtures_is_told() -> None:
    assert BOOTS.keys() == LINKS.keys()


@pytest.mark.parametrize("name", BOOTS)
def test_a_host_boots(tmp_path: Path, name: str) -> None:
    said = booted(collected(boot_root(name, tmp_path)))
    assert said.loaded is not None
    rules = [render(rule, "x86_64") for rule in said.loaded.rules]
    assert (said.loader.value, said.reason, said.enabled, rules) == BOOTS[name]
    assert (said.assumed, said.loaded.refused) == (False, ())


@pytest.mark.parametrize("name", BOOTS)
def test_the_status_names_the_loader(tmp_path: Path, name: str) -> None:
    sources = collected(boot_root(name, tmp_path))
    table = next(each for each in build(Given.at_rest(sources)) if each.schema.name == "audit_status")
    assert [row["boot_loader"] for row in table.rows(Context())] == [BOOTS[name][0]]


def test_red_hats_awk_drops_an_indented_comment_and_debians_stops_at_one_with_a_tab(tmp_path: Path) -> None:
    stops = {}
    for name in ("rhel9", "debian12"):
        host = boot_root(name, tmp_path)
        write(host, "etc/audit/rules.d/10.rules", "\t# a comment\n")
        loaded = booted(collected(host)).loaded
        stops[name] = loaded.stopped_at if loaded else None
    assert stops == {"rhel9": None, "debian12": 5}


def test_a_package_file_is_read_once_where_lib_is_a_link(root: Path) -> None:
    write(root, f"{USR}/auditd.service")
    (root / "lib").symlink_to("usr/lib")
    assert list(files(root)) == [("/usr/lib/systemd/system/auditd.service", b"x")]


def test_lib_is_looked_at_where_it_is_a_folder_of_its_own(root: Path) -> None:
    write(root, "lib/systemd/system/auditd.service")
    assert list(files(root)) == [("/lib/systemd/system/auditd.service", b"x")]


def test_units_and_drop_ins_of_audit_are_read_and_nothing_else(root: Path) -> None:
    read_too = (
        "etc/systemd/system.control/auditd.service.d/50.conf",
        f"{ETC}/audit-.service.d/x.conf",
        f"{ETC}/audit-rules.service.d/x.conf",
        f"{ETC}/auditd.service",
        f"{USR}/augenrules.service",
        f"{USR}/service.d/all.conf",
    )
    for path in (
        *read_too,
        f"{ETC}/sshd.service",
        f"{ETC}/auditd.service.d/x.txt",
        f"{ETC}/auditd.service.d/.x.conf",
        f"{ETC}/sshd.service.d/x.conf",
        f"{USR}/.auditd.service",
    ):
        write(root, path)
    assert [path for path, _ in files(root)] == [f"/{path}" for path in read_too]


def test_links_are_told_with_their_texts(root: Path) -> None:
    write(root, f"{USR}/auditd.service")
    (root / ETC / "auditd.service").symlink_to("/usr/lib/systemd/system/auditd.service")
    (root / ETC / "audit-rules.service").symlink_to("/dev/null")
    (root / ETC / "default.target").symlink_to("../../../usr/lib/systemd/system/rescue.target")
    (root / WANTS / "auditd.service").symlink_to("nowhere")
    (root / WANTS / "sshd.service").symlink_to("/usr/lib/systemd/system/sshd.service")
    found = read(root)
    assert found.links == {
        "/etc/systemd/system/auditd.service": "/usr/lib/systemd/system/auditd.service",
        "/etc/systemd/system/audit-rules.service": "/dev/null",
        "/etc/systemd/system/default.target": "../../../usr/lib/systemd/system/rescue.target",
        "/etc/systemd/system/multi-user.target.wants/auditd.service": "nowhere",
    }
    assert [(file.path, file.content) for file in found.files] == [
        ("/etc/systemd/system/auditd.service", b"x"),
        ("/usr/lib/systemd/system/auditd.service", b"x"),
    ]


# What stands in place of a unit file, and what is said of it.
ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "a FIFO": (os.mkfifo, "expected a regular file, found a FIFO"),
    "a folder": (lambda path: path.mkdir(), "expected a regular file, found a directory"),
    "a link to itself": (lambda path: path.symlink_to("auditd.service"), "Too many levels of symbolic links: /"),
    "a link to nothing": (
        lambda path: path.symlink_to("/nowhere"),
        "No such file or directory: /nowhere",
    ),
    "too much": (
        lambda path: path.write_bytes(b"x" * (MOST_BYTES + 1)),
        "longer than 1048576 bytes, the most that is read",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_a_unit_file_that_is_none_says_so_and_the_loader_is_unknown(root: Path, case: str) -> None:
    make, error = ODD[case]
    make(root / ETC / "auditd.service")
    (found,) = read(root).files
    assert (found.path, found.content) == ("/etc/systemd/system/auditd.service", None)
    assert found.error.startswith(error)
    said = booted(collected(root))
    assert (said.loader.value, said.loaded) == ("unknown", None)
    assert said.reason == f"/etc/systemd/system/auditd.service: {found.error}"


def test_a_unit_link_does_not_lead_out_of_the_root(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "auditd.service"
    outside.write_text("secret")
    (root / ETC / "auditd.service").symlink_to(outside)
    (found,) = read(root).files
    assert found.content is None


def test_a_folder_that_is_none_is_an_error(root: Path) -> None:
    write(root, f"{ETC}/auditd.service.d")
    assert read(root).error == ("/etc/systemd/system/auditd.service.d: expected a directory, found a regular file")


def test_too_many_drop_ins_are_an_error(root: Path) -> None:
    for number in range(MOST_FILES + 1):
        write(root, f"{ETC}/auditd.service.d/{number}.conf")
    found = read(root)
    assert (len(found.files), found.error) == (
        MOST_FILES,
        "more than 200 unit files and drop-ins for audit, the most that are read",
    )


def test_a_root_without_systemd_has_no_units(tmp_path: Path) -> None:
    assert read(tmp_path) == Units()


# Links and files below the root, and the awk that systemd would run.
AWKS: dict[str, tuple[dict[str, str], list[str], str]] = {
    "Debian": (
        {"usr/bin/awk": "/etc/alternatives/awk", "etc/alternatives/awk": "/usr/bin/mawk"},
        ["usr/bin/mawk"],
        "/usr/bin/mawk",
    ),
    "a relative link": ({"usr/bin/awk": "gawk"}, ["usr/bin/gawk"], "/usr/bin/gawk"),
    "busybox": ({"usr/bin/awk": "../../bin/busybox"}, ["bin/busybox"], "/bin/busybox"),
    "no link": ({}, ["usr/bin/awk"], "/usr/bin/awk"),
    "in /bin": ({}, ["bin/awk"], "/bin/awk"),
    "a local one first": ({"usr/bin/awk": "gawk"}, ["usr/bin/gawk", "usr/local/bin/awk"], "/usr/local/bin/awk"),
    "a link to nothing": ({"usr/bin/awk": "gawk"}, [], ""),
    "a circle": ({"usr/bin/awk": "awk"}, [], ""),
    "none": ({}, [], ""),
}


@pytest.mark.parametrize(("links", "programs", "awk"), AWKS.values(), ids=AWKS)
def test_the_awk_is_found(root: Path, links: dict[str, str], programs: list[str], awk: str) -> None:
    for path in programs:
        write(root, path)
    for path, target in links.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    assert read(root).awk == awk


@pytest.mark.parametrize("folder", ["usr/sbin", "sbin"])
def test_the_script_is_found(root: Path, folder: str) -> None:
    assert not read(root).augenrules
    write(root, f"{folder}/augenrules")
    assert read(root).augenrules


def test_no_rules_d_and_an_empty_one_are_not_the_same(root: Path) -> None:
    write(root, "usr/sbin/augenrules")
    write(root, "etc/audit/audit.rules", "-w /etc/docker -p wa\n")
    assert booted(collected(root)).loader.value == "augenrules"
    (root / "etc/audit/rules.d").rmdir()
    assert booted(collected(root)).loader.value == "unknown"


def test_what_is_no_rules_file_in_rules_d_adds_nothing(root: Path) -> None:
    write(root, "usr/sbin/augenrules")
    write(root, "etc/audit/rules.d/c.rules", "-w /etc/docker -p wa\n")
    (root / "etc/audit/rules.d/a.rules").mkdir()
    (root / "etc/audit/rules.d/b.rules").symlink_to("nowhere")
    said = booted(collected(root))
    assert said.merged is not None
    assert said.merged.complaints == (("a.rules", "Is a directory"), ("b.rules", "No such file or directory"))
    assert said.loaded is not None
    assert len(said.loaded.rules) == 1


def test_a_fifo_in_rules_d_leaves_the_rules_unknown(root: Path) -> None:
    write(root, "usr/sbin/augenrules")
    os.mkfifo(root / "etc/audit/rules.d/a.rules")
    said = booted(collected(root))
    assert (said.loaded, said.reason) == (
        None,
        "/etc/audit/rules.d/a.rules: expected a regular file, found a FIFO",
    )


def test_files_are_values_of_what_was_there(root: Path) -> None:
    write(root, f"{USR}/auditd.service", "[Service]\n")
    assert read(root).files == (File("/usr/lib/systemd/system/auditd.service", b"[Service]\n"),)


MOUNT = "[Mount]\nWhat=/dev/sdb1\nWhere=/srv/data\n"


def test_a_mount_unit_is_read_with_its_drop_ins(root: Path) -> None:
    write(root, f"{USR}/srv-data.mount", MOUNT)
    write(root, f"{USR}/other.mount", MOUNT)
    wants = root / ETC / "local-fs.target.wants"
    wants.mkdir()
    (wants / "srv-data.mount").symlink_to("/usr/lib/systemd/system/srv-data.mount")
    assert (read(root).mounts, early_mounts(read(root))) == (("srv-data.mount",),) * 2
    for folder in ("srv-data.mount.d", "srv-.mount.d", "mount.d"):
        write(root, f"{ETC}/{folder}/x.conf", "[Mount]\nOptions=_netdev\n")
        assert early_mounts(read(root)) == ()
        (root / ETC / folder / "x.conf").unlink()
    assert early_mounts(read(root)) == ("srv-data.mount",)


def test_too_many_files_of_mount_units_are_not_known_to_be_early_and_hide_no_unit_of_audit(root: Path) -> None:
    write(root, f"{USR}/auditd.service", "[Service]\n")
    write(root, f"{USR}/srv-data.mount", MOUNT)
    wants = root / ETC / "local-fs.target.wants"
    wants.mkdir()
    (wants / "srv-data.mount").symlink_to("/usr/lib/systemd/system/srv-data.mount")
    for number in range(MOST_MOUNTS):
        write(root, f"{ETC}/srv-data.mount.d/{number}.conf", "")
    found = read(root)
    assert (early_mounts(found), found.error) == ((), "")
    assert [path for path, _ in files(root)] == ["/usr/lib/systemd/system/auditd.service"]


def test_mounts_of_snaps_are_not_read(root: Path) -> None:
    write(root, f"{ETC}/snap-core-1.mount", MOUNT)
    (root / WANTS / "snap-core-1.mount").symlink_to("/etc/systemd/system/snap-core-1.mount")
    assert read(root) == Units()

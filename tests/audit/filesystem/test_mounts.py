"""Mounts as the kernel and fstab tell of them."""

from __future__ import annotations

import pytest

from auditrules.audit.filesystem.mounts import Mounts, early_points, initrd_points, is_remote, mounted, unit_point
from auditrules.audit.model.host_facts import Mount

MOUNTINFO = rb"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw
30 22 8:2 / /var/lib/docker rw shared:2 master:3 - xfs /dev/sdb1 rw
31 22 8:1 /srv/a\040b /mnt/a\040b rw - ext4 /dev/sda1 rw
32 30 0:44 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
nonsense

"""


def test_each_line_of_mountinfo_is_a_mount() -> None:
    assert mounted(MOUNTINFO, frozenset({"/var/lib/docker"})) == (
        Mount(22, 1, "/", "/", "ext4", "8:1", 0xEF53, early=True),
        Mount(23, 22, "/proc", "/", "proc", "0:21", 0x9FA0, early=True),
        Mount(30, 22, "/var/lib/docker", "/", "xfs", "8:2", 0x58465342, early=True),
        Mount(31, 22, "/mnt/a b", "/srv/a b", "ext4", "8:1", 0xEF53, early=None),
        Mount(32, 30, "/var/lib/docker/overlay2/x/merged", "/", "overlay", "0:44", 0x794C7630, early=None),
    )


def test_of_two_mounts_on_one_point_only_the_first_is_boot_s() -> None:
    text = MOUNTINFO + b"40 30 0:50 / /var/lib/docker rw - tmpfs again rw"
    found = [each.early for each in mounted(text, frozenset({"/var/lib/docker"})) if each.point == "/var/lib/docker"]
    assert found == [True, None]


FSTAB = b"""# comment
UUID=1 / ext4 errors=remount-ro 0 1
/dev/sdb1\t/var/lib/docker/  xfs defaults 0 2
/dev/sdc1 /mnt/a\\040b ext4 defaults
/dev/sdd1 /mnt/later ext4 noauto 0 0
/dev/sde1 /mnt/maybe ext4 rw,nofail 0 0
server:/x /mnt/net nfs4 _netdev 0 0
server:/y /mnt/nfs nfs defaults 0 0
/dev/sdf1 none swap sw 0 0
short line
"""


def test_what_fstab_mounts_before_auditd_is_early() -> None:
    assert early_points(FSTAB, ()) == {"/", "/var/lib/docker", "/mnt/a b"}


def test_usr_and_what_fstab_says_so_of_is_mounted_before_systemd_begins() -> None:
    fstab = b"/dev/sda2 /var/ ext4 defaults,x-initrd.mount 0 2\n/dev/sda3 /srv ext4 defaults 0 2\n"
    assert initrd_points(fstab) == {"/usr", "/var"}


@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("var-lib-docker.mount", "/var/lib/docker"),
        ("-.mount", "/"),
        (r"srv-a\x2db.mount", "/srv/a-b"),
        (r"srv-d\xc3\xa4ten.mount", "/srv/d\u00e4ten"),
        (r"srv-d\xe4.mount", "/srv/d\udce4"),
    ],
)
def test_a_mount_unit_s_name_is_its_point(name: str, point: str) -> None:
    assert unit_point(name) == point
    assert point in early_points(b"", (name,))


REMOTE = (
    *("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "autofs", "virtiofs", "beegfs", "gfs2", "ocfs2", "vboxsf", "lustre"),
    *("fuse", "fuseblk", "fuse.sshfs", "fuse.x\ny", "fuse.\n", "fuse\n", "fuse.ceph-fuse", "other.x", "macfuse"),
)


@pytest.mark.parametrize("fstype", REMOTE)
def test_what_another_or_a_daemon_must_answer_for_is_remote(fstype: str) -> None:
    assert is_remote(fstype)
    assert Mounts({"/mnt": fstype}).remote("/mnt/x") == fstype


@pytest.mark.parametrize(
    "fstype", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "proc", "fusectl", "nfsd", "zfs", "bcachefs"]
)
def test_what_the_kernel_answers_for_alone_is_not_remote(fstype: str) -> None:
    assert not is_remote(fstype)


@pytest.mark.parametrize(
    "line",
    [
        *(rb"33 22 8:1 / /x rw -", rb"33 22 8:1 / /x rw shared:1", rb"33", rb"x y 8:1 / /x rw - ext4 a rw"),
        b"9" * 5_000 + rb" 22 8:1 / /x rw - ext4 a rw",
    ],
    ids=lambda line: line[:30],
)
def test_a_line_of_mountinfo_that_is_cut_is_left_out(line: bytes) -> None:
    whole = rb"22 1 8:1 / / rw - ext4 /dev/sda1 rw"
    assert [each.point for each in mounted(whole + b"\n" + line, frozenset())] == ["/"]


LOCAL = {"/": "ext4", "/proc": "proc", "/var/lib/docker": "xfs"}
CONTAINER = {"/var/lib/docker/overlay2/x/merged": "overlay", "/run/netns/x": "nsfs"}
FAR = {"/mnt/net": "nfs4", "/mnt/net/here": "ext4"}


@pytest.mark.parametrize(
    ("types", "near"),
    [
        (LOCAL, {}),
        ({**LOCAL, **FAR}, FAR),
        ({**LOCAL, **FAR, **CONTAINER}, FAR),
        ({**LOCAL, **FAR, "/mnt/net": "ext4"}, {}),
        ({**LOCAL, "/": "nfs4"}, {}),
    ],
    ids=["no remote one", "a remote one", "and containers", "a local one in its place", "the root is remote"],
)
def test_only_remote_mounts_and_those_below_decide_which_paths_are_remote(
    types: dict[str, str], near: dict[str, str]
) -> None:
    mounts = Mounts(types)
    assert mounts.near_remote.types == near
    paths = [*types, *(f"{point.rstrip('/')}/x" for point in types), "/mnt", "/nothing"]
    assert [mounts.near_remote.remote(path) for path in paths] == [mounts.remote(path) for path in paths]

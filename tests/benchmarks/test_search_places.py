"""Which mounts a search for privileged programs goes through, by the table of mounts of proc(5)."""

from __future__ import annotations

import pytest

from auditrules.benchmarks.search_places import CONTAINERS, SearchPlaces, is_layer, search_places

ROOT = "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw"


def places(*lines: str) -> SearchPlaces:
    return search_places("\n".join((ROOT, *lines, "")).encode())


def points(*lines: str) -> list[str]:
    return [place.point for place in places(*lines).places]


@pytest.mark.parametrize(
    ("line", "searched"),
    [
        ("2 1 8:2 / /home rw,nodev - xfs /dev/sda2 rw", True),
        ("2 1 0:9 / /run rw - tmpfs tmpfs rw", True),
        ("2 1 0:9 / /snap/core/1 ro,nodev - squashfs /dev/loop1 ro", True),
        ("2 1 0:9 / /usr ro,nodev - overlay sysext ro,lowerdir=/run/sysext/usr:/usr", True),
        ("2 1 0:9 / /tank rw - zfs tank rw,xattr", True),
        ("2 1 8:2 / /home rw,nosuid,nodev - xfs /dev/sda2 rw", False),
        ("2 1 8:2 / /home rw,noexec - xfs /dev/sda2 rw", False),
        ("2 1 0:9 / /proc rw - proc proc rw", False),
        ("2 1 8:3 / /boot/efi rw - vfat /dev/sda3 rw", False),
        ("2 1 0:9 / /net rw - nfs4 server:/x rw", False),
        ("2 1 0:9 / /net rw - autofs systemd-1 rw", False),
        ("2 1 0:9 / /mnt rw - fuse.sshfs me@there: rw", False),
        ("2 1 0:9 / /mnt rw - fuseblk /dev/sdb1 rw", False),
        ("2 1 0:9 / /mnt rw - cifs //s/x rw", False),
    ],
)
def test_local_file_systems_are_searched_unless_no_program_gives_rights_there(line: str, searched: bool) -> None:
    assert points(line) == (["/", line.split()[4]] if searched else ["/"])
    assert not places(line).unknown


def test_a_file_system_of_a_type_that_nobody_knows_is_not_touched_and_is_told() -> None:
    found = places("2 1 0:9 / /mnt rw - newfs none rw")
    assert [place.point for place in found.places] == ["/"]
    assert found.unknown == {"/mnt": "newfs"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2 1 0:9 / /net rw - nfs4 server:/x rw", "a network file system or FUSE (nfs4)"),
        ("2 1 8:2 / /home rw,nosuid - xfs /dev/sda2 rw", "nosuid"),
        ("2 1 0:9 / /var/lib/docker/overlay2/a/merged rw - overlay overlay rw", CONTAINERS),
        ("2 1 0:9 / /var/lib/kubelet/pods/x/volumes/y rw - tmpfs tmpfs rw", CONTAINERS),
        ("2 1 0:9 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/a/rootfs rw - overlay overlay rw", CONTAINERS),
    ],
)
def test_what_is_left_out_is_told_with_its_reason(line: str, why: str) -> None:
    assert places(line).left_out == {line.split()[4]: why}


@pytest.mark.parametrize(
    "line",
    [
        "2 1 8:1 /srv/data /mnt rw - ext4 /dev/sda1 rw",
        "2 1 8:1 / /mnt rw - ext4 /dev/sda1 rw",
    ],
)
def test_what_a_bind_mount_shows_again_is_searched_once(line: str) -> None:
    assert points(line) == ["/"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        # What is bound is hidden where it was.
        (["2 1 8:1 /srv/data /mnt rw - ext4 /dev/a rw", "3 1 0:9 / /srv rw - tmpfs tmpfs rw"], ["/", "/mnt", "/srv"]),
        # Where it was it gives no rights.
        (["2 1 8:2 / /home rw,nosuid - xfs /dev/b rw", "3 1 8:2 /a /mnt rw - xfs /dev/b rw"], ["/", "/mnt"]),
        # Bound onto itself: the search of / stops there.
        (["2 1 8:1 /srv /srv rw - ext4 /dev/sda1 rw"], ["/", "/srv"]),
        # Bound out of what is left out.
        (["2 1 8:1 /var/lib/docker/overlay2/a/diff /mnt rw - ext4 /dev/sda1 rw"], ["/", "/mnt"]),
    ],
)  # fmt: skip
def test_what_no_other_mount_shows_is_searched_where_it_is(lines: list[str], found: list[str]) -> None:
    assert points(*lines) == found


def test_a_wider_mount_leaves_to_another_what_that_shows() -> None:
    """The whole of a Btrfs mounted beside its subvolumes."""
    root = "1 0 0:30 /@ / rw - btrfs /dev/sda1 rw,subvol=/@"
    top = "2 1 0:30 / /mnt/top rw - btrfs /dev/sda1 rw,subvol=/"
    found = search_places(f"{root}\n{top}\n".encode())
    assert [(place.point, place.elsewhere) for place in found.places] == [
        ("/", frozenset()),
        ("/mnt/top", frozenset({"/mnt/top/@"})),
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["2 1 8:2 / /mnt rw - ext4 /dev/b rw", "3 2 8:3 / /mnt rw - ext4 /dev/c rw"], [("/mnt", 1)]),
        (["2 1 8:2 / /mnt/a rw - ext4 /dev/b rw", "3 1 8:3 / /mnt rw - ext4 /dev/c rw"], [("/mnt", 1)]),
        (["2 1 8:2 / /mnt rw - ext4 /dev/b rw", "3 2 8:3 / /mnt/a rw - ext4 /dev/c rw"], [("/mnt", 1), ("/mnt/a", 1)]),
    ],
)
def test_a_mount_under_another_is_not_there(lines: list[str], found: list[tuple[str, int]]) -> None:
    reached = points(*lines)
    assert [(point, reached.count(point)) for point in dict.fromkeys(reached)] == [("/", 1), *found]
    assert places(*lines).points == {"/", *(point for point, _ in found)}


def test_escaped_points_are_read() -> None:
    assert points(r"2 1 8:2 / /a\040b\012c rw - ext4 /dev/b rw") == ["/", "/a b\nc"]


def test_lines_that_are_none_are_passed_over() -> None:
    assert points("", "2 1 8:2", "rubbish - ext4", "2 1 8:2 / /a rw ext4 /dev/b rw") == ["/"]


def test_the_layers_of_an_engine_are_found_wherever_it_keeps_them() -> None:
    line = "2 1 0:9 / /data/graph/ab/merged rw - overlay overlay rw,lowerdir=l/X,upperdir=/data/graph/ab/diff"
    assert places(line).layers == {"/data/graph"}
    assert places(line).left_out == {"/data/graph/ab/merged": CONTAINERS}


def test_an_overlay_of_the_host_itself_makes_no_layers() -> None:
    assert not places("2 1 0:9 / /usr ro - overlay sysext rw,lowerdir=/a:/usr,upperdir=/var/up,workdir=/var/w").layers


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("/var/lib/docker/overlay2", True),
        ("/var/lib/containers/storage/overlay", True),
        ("/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs", True),
        ("/var/lib/rancher/k3s/agent/containerd/io.containerd.snapshotter.v1.overlayfs", True),
        ("/var/lib/kubelet/pods", True),
        ("/home/ann/.local/share/containers/storage/overlay", True),
        ("/var/lib/docker", False),
        ("/var/lib/docker/volumes", False),
        ("/usr/local/overlay2", False),
        ("/usr", False),
    ],
)
def test_where_engines_keep_containers(path: str, layer: bool) -> None:
    assert is_layer(path, frozenset()) is layer


def test_thousands_of_mounts_one_over_the_other_are_no_trouble() -> None:
    lines = [f"{number} {number - 1} 0:{number} / /a rw - tmpfs tmpfs rw" for number in range(2, 5000)]
    assert points(*lines) == ["/", "/a"]

"""The names that rules depend on, and the mounts that are not touched."""

from __future__ import annotations

import pytest

from auditrules.audit import needs as limits
from auditrules.audit.filesystem.mounts import Mounts
from auditrules.audit.kernel.rule_data import decoded, encode
from auditrules.audit.model.rule import Action, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.audit.needs import Needs, needs

PATHS: list[tuple[bytes, set[str]]] = [
    (b"-w /usr/bin/dockerd -p x -k docker", {"/usr/bin/dockerd"}),
    (b"-w/x -pwa", {"/x", "/x -pwa"}),
    (b"   -W   /x", {"/x"}),
    (b"-w /x/", {"/x"}),
    (b"-w /", {"/"}),
    (b"-w //", {"/"}),
    (b"-w /x\r", {"/x\r", "/x"}),
    (b"-w /x\0/y", {"/x"}),
    (b"-w /caf\xe9", {"/caf\udce9"}),
    (b"-a always,exit -F path=/p -F dir=/d/ -F exe!=/e", {"/p", "/d", "/e"}),
    (b"-a always,exit -Fpath=/p", {"/p"}),
    (b"-F PATH=/p", {"/p"}),
    (b"-q /mount,/sub", {"/mount,/sub", "/mount", "/sub"}),
    (rb"-w /a\ b -p wa", {"/a b", "/a\\", "/a\\ b"}),
    (rb"-w /a\\b", {"/a\\b", "/a\\\\b"}),
    (rb"-w /a\b\\", {"/a\\b\\", "/a\\b\\\\"}),
    (b"-w /a\\", {"/a\\"}),
    (b"-w /a\x07bc", {"/a c", "/a\x07bc"}),
    (b"-w /sp ace -p wa -k k", {"/sp", "/sp ace"}),
    (b"-a never,exit -F path=/sp ace -F perm=x -F key=k", {"/sp", "/sp ace"}),
    (b"-a never,exit -F path=/sp ace", {"/sp", "/sp ace"}),
    (b"-p wa-w /glued", {"/glued"}),
    (b"-w relative -k /key", set()),
    (b"# -w /comment", set()),
    (b"  # -w /comment", set()),
    (b"-w /" + b"x" * 4094, {"/" + "x" * 4094}),
    (b"-w /" + b"x" * 4095, set()),
    (b"#" * 6143 + b"-w /after/the/cut", {"/after/the/cut"}),
    (b"-w /a\n-w /b\r\n\n-w /c", {"/a", "/b", "/b\r", "/c"}),
]


@pytest.mark.parametrize(("text", "paths"), PATHS)
def test_paths_are_found_in_every_spelling(text: bytes, paths: set[str]) -> None:
    assert needs([text]).paths == paths


NAMES: list[tuple[bytes, set[str], set[str]]] = [
    (b"-F uid=alice -F gid=docker", {"alice"}, {"docker"}),
    (b"-F auid!=alice -Fobj_uid=bob -F loginuid>=carol\r", {"alice", "bob", "carol"}, set()),
    (b"-F auid>=1000 -F auid!=-1 -F auid!=unset -F uid=0x10 -F uid=12abc", set(), set()),
    (b"-C auid!=obj_uid -C uid=euid -C gid!=fsgid", set(), set()),
    (b"-F egid=caf\xe9", set(), {"caf\udce9"}),
    (b"-F uid=a\0b", set(), set()),
    (b"# uid=alice", set(), set()),
]


@pytest.mark.parametrize(("text", "users", "groups"), NAMES)
def test_users_and_groups_are_found_by_their_fields(text: bytes, users: set[str], groups: set[str]) -> None:
    assert needs([text]) == Needs(frozenset(), frozenset(users), frozenset(groups))


def test_texts_are_taken_together() -> None:
    assert needs([b"-w /a", b"-w /b -F uid=c"]) == Needs(frozenset({"/a", "/b"}), frozenset({"c"}), frozenset())


def test_a_path_of_the_kernel_s_rules_is_held_once() -> None:
    payloads = (encode(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS, (Field("path", Operator.EQUAL, "/a/b"),))),)
    (rule,) = decoded(payloads)
    (path,) = needs([], payloads).paths
    assert isinstance(rule, Rule)
    assert path is rule.value("path")


def test_so_many_paths_are_found_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_PATHS", 3)
    assert needs([b"-w /a\n-w /a\n-w /b\n-w /c\n-w /d\n"]).paths == {"/a", "/b", "/c"}


def test_so_many_bytes_of_paths_are_found_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 5)
    assert needs([b"-w /a\n-w /b\n-w /c\n"]).paths == {"/a", "/b"}


def test_so_many_names_are_found_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_NAMES", 1)
    assert len(needs([b"-F uid=a -F uid=b"]).users) == 1


MOUNTS = Mounts.read(
    b"/dev/vda / ext4 rw 0 0\n"
    b"proc /proc proc rw 0 0\n"
    b"fusectl /sys/fs/fuse/connections fusectl rw 0 0\n"
    b"server:/home /home nfs4 rw 0 0\n"
    b"tmpfs /home/local tmpfs rw 0 0\n"
    b"systemd-1 /boot autofs rw 0 0\n"
    b"/dev/vdb /boot ext4 rw 0 0\n"
    b"me@host:/ /mnt/my\\040disk fuse.sshfs rw 0 0\n"
    b"broken\n"
)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", ""),
        ("/etc/passwd", ""),
        ("/home", "nfs4"),
        ("/home/me", "nfs4"),
        ("/homeless", ""),
        ("/home/local/x", ""),
        ("/boot/x", ""),
        ("/mnt/my disk/x", "fuse.sshfs"),
        ("/sys/fs/fuse/connections/38", ""),
    ],
)
def test_the_longest_mount_prefix_says_whether_a_path_is_remote(path: str, kind: str) -> None:
    assert MOUNTS.remote(path) == kind


def test_a_remote_root_is_not_asked_about() -> None:
    assert Mounts.read(b"server:/ / nfs4 rw 0 0\n").remote("/etc/passwd") == ""


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse", "fuse.glusterfs", "autofs", "9p", "ceph", "glusterfs"]
)
def test_file_systems_that_may_hang_are_known(kind: str) -> None:
    assert Mounts.read(f"x /x {kind} rw 0 0\n".encode()).remote("/x") == kind

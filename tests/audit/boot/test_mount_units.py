"""Which mount units auditd waits for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.boot.mount_units import early_mounts
from auditrules.audit.model.collected import File, Units

ETC = "/etc/systemd/system"

# A unit of a mount, what its folders of links are, and whether local-fs.target waits for it.
LOCAL = "[Mount]\nWhat=/dev/sdb1\nWhere=/srv/data\nType=ext4\n"
MOUNTS: dict[str, tuple[Mapping[str, str], tuple[str, ...], bool]] = {
    "local-fs.target requires it": ({"": LOCAL}, ("local-fs.target.requires",), True),
    "local-fs.target wants it": ({"": LOCAL}, ("local-fs.target.wants",), True),
    "multi-user.target wants it": ({"": LOCAL}, ("multi-user.target.wants",), True),
    "remote-fs.target alone wants it": ({"": LOCAL}, ("remote-fs.target.wants",), False),
    "a service that nothing starts wants it": ({"": LOCAL}, ("other.service.wants",), False),
    "one of two wants it": ({"": LOCAL}, ("other.service.wants", "local-fs.target.wants"), True),
    "it waits for the network": ({"": LOCAL + "Options=rw,_netdev\n"}, ("local-fs.target.wants",), False),
    "nobody waits for it": ({"": LOCAL + "Options=nofail\n"}, ("local-fs.target.wants",), False),
    "the network is said last": ({"": LOCAL + "Options=rw\nOptions=_netdev\n"}, ("local-fs.target.wants",), False),
    "a drop-in says the network": (
        {"": LOCAL, ".d/x.conf": "[Mount]\nOptions=_netdev\n"},
        ("local-fs.target.wants",),
        False,
    ),
    "options of another section": ({"": LOCAL + "[Unit]\nOptions=_netdev\n"}, ("local-fs.target.wants",), True),
    "it is remote": ({"": LOCAL.replace("ext4", "nfs")}, ("local-fs.target.wants",), False),
    "it waits for nothing by itself": (
        {"": LOCAL + "[Unit]\nDefaultDependencies=no\n"},
        ("local-fs.target.wants",),
        False,
    ),
    "it says what it comes before": (
        {"": LOCAL + "[Unit]\nDefaultDependencies=no\nBefore=local-fs.target\n"},
        ("local-fs.target.wants",),
        True,
    ),
    "a condition": ({"": LOCAL + "[Unit]\nConditionPathExists=/x\n"}, ("local-fs.target.wants",), False),
    "it comes after the network": ({"": LOCAL + "[Unit]\nAfter=network.target\n"}, ("local-fs.target.wants",), False),
    "it is masked": ({"": ""}, ("local-fs.target.wants",), False),
    "there is no file": ({}, ("local-fs.target.wants",), False),
}


@pytest.mark.parametrize(("files", "folders", "early"), MOUNTS.values(), ids=MOUNTS)
def test_a_mount_unit_is_early_if_auditd_waits_for_it(
    files: Mapping[str, str], folders: tuple[str, ...], early: bool
) -> None:
    name = "srv-data.mount"
    seen = Units(
        tuple(File(f"{ETC}/{name}{suffix}", content.encode()) for suffix, content in files.items()),
        {f"{ETC}/{folder}/{name}": f"../{name}" for folder in folders},
        mounts=(name,),
    )
    assert early_mounts(seen) == ((name,) if early else ())


def test_a_mount_unit_of_another_default_target_is_not_early() -> None:
    files = (File(f"{ETC}/srv-data.mount", LOCAL.encode()),)
    links = {
        f"{ETC}/multi-user.target.wants/srv-data.mount": "../srv-data.mount",
        f"{ETC}/default.target": "/usr/lib/systemd/system/rescue.target",
    }
    assert early_mounts(Units(files, links, mounts=("srv-data.mount",))) == ()

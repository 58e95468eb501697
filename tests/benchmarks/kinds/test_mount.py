"""File systems of their own, and their options: now, and after the next boot."""

from __future__ import annotations

from typing import Any

import pytest

from auditrules.audit.model.collected import File, Units
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.configuration.mount_points import FSTAB, parse_mount_points
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Judged
from tests.fixtures.requirements import host, judge, outcome, requirement

PATH = "/var/log/audit"
OWN = {"path": PATH, "separate": True}
NODEV = {"path": PATH, "options": ["nodev"]}
ALL = {"path": PATH, "options": ["nodev", "nosuid", "noexec"]}
ROOT = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
MET, SEPARATE, MISSING = ("pass", "met"), ("fail", "not_separate"), ("fail", "option_missing")
UNCLEAR = ("unknown", "unclear")
FOLDERS = {
    **dict.fromkeys(("/", "/var", "/var/x", "/data", "/data/x", "/srv"), Entry("dir")),
    "/link": Entry("link", target="data/x"),
    "/srv/gone": Entry("missing"),
}
NO_MATTER = ("not_applicable", "not_separate")


def audit(options: str = "rw", dev: str = "8:2", root: str = "/", fstype: str = "ext4", point: str = PATH) -> str:
    return f"2 1 {dev} {root} {point} {options} - {fstype} /dev/x rw\n"


def judged(
    asked: dict[str, Any],
    *,
    now: str | None = None,
    fstab: str = "",
    source: str = "kernel",
    units: Units | None = None,
    seen: dict[str, Entry] | None = None,
) -> Judged:
    mounts = parse_mount_points(None if now is None else now.encode(), File(FSTAB, fstab.encode()))
    return judge(
        requirement("mount", **asked), host(facts=HostFacts(mounts=mounts), units=units, seen=seen or {}), source
    )


@pytest.mark.parametrize(
    ("asked", "now", "expected"),
    [
        (OWN, ROOT + audit(), MET),
        (OWN, ROOT, SEPARATE),
        (OWN, ROOT + audit(point="/var/log"), SEPARATE),
        (OWN, ROOT + audit(dev="8:1", root="/srv/audit"), SEPARATE),  # a bind mount of the same file system
        (NODEV, ROOT + audit("rw,nodev"), MET),
        (NODEV, ROOT + audit("rw,nosuid"), MISSING),
        (NODEV, ROOT, NO_MATTER),
        (ALL, ROOT + audit("rw,nosuid,nodev,noexec,relatime"), MET),
        (ALL, ROOT + audit("rw,nosuid,nodev"), MISSING),
        (OWN, "", ("unknown", "unreadable")),
        (OWN, None, ("unknown", "unreadable")),
    ],
)
def test_now(asked: dict[str, Any], now: str | None, expected: tuple[str, str]) -> None:
    assert outcome(judged(asked, now=now)) == expected


@pytest.mark.parametrize(
    ("asked", "fstab", "expected"),
    [
        (OWN, f"/dev/x {PATH} ext4 defaults 0 2", MET),
        (OWN, f"/dev/x {PATH}/ ext4 nofail", MET),
        (OWN, f"/dev/x {PATH} ext4 noauto", SEPARATE),
        (OWN, f"/dev/x {PATH} ext4 noauto,x-systemd.automount", MET),
        (OWN, f"#/dev/x {PATH} ext4 defaults", SEPARATE),
        (OWN, "/dev/x /var/log ext4 defaults", SEPARATE),
        (OWN, "", SEPARATE),
        (NODEV, f"/dev/x {PATH} ext4 nodev", MET),
        (NODEV, f"/dev/x {PATH} ext4 defaults", MISSING),
        (NODEV, f"/dev/x {PATH} ext4 nodev,dev", MISSING),
        (NODEV, "", NO_MATTER),
        (OWN, f"/dev/sda2 {PATH} swap sw", SEPARATE),
        (OWN, f"/dev/sda2 {PATH} ignore defaults", SEPARATE),
        (OWN, f"/var/x {PATH} none bind", SEPARATE),
        (OWN, f"/var/x {PATH} none rw,rbind,nofail", SEPARATE),
        (OWN, f"/dev/y /data ext4 defaults\n/data/x {PATH} none bind", MET),
        (OWN, f"/dev/y /data ext4 defaults\n/link {PATH} none bind", MET),
        (OWN, f"/dev/y /data ext4 noauto\n/data/x {PATH} none bind", SEPARATE),
        (OWN, f"/var/x /data none bind\n/data/x {PATH} none bind", SEPARATE),
        (OWN, f"/srv/unseen {PATH} none bind", UNCLEAR),
        (OWN, f"/srv/gone {PATH} none bind", UNCLEAR),
        (OWN, f"nonsense {PATH} none bind", UNCLEAR),
        (OWN, f"UUID=1 / btrfs defaults\nUUID=1 {PATH} btrfs subvol=audit", SEPARATE),
        (OWN, f"UUID=1 / btrfs defaults\nUUID=2 {PATH} btrfs subvol=audit", MET),
        (OWN, f"tmpfs /var tmpfs defaults\ntmpfs {PATH} tmpfs defaults", MET),
        (NODEV, f"/var/x {PATH} none bind,nodev", MET),
        (ALL, f"/dev/x {PATH} ext4 user", MET),
        (NODEV, f"/dev/x {PATH} ext4 nodev\n/dev/y {PATH} ext4 dev", MET),
    ],
)
def test_after_the_next_boot(asked: dict[str, Any], fstab: str, expected: tuple[str, str]) -> None:
    assert outcome(judged(asked, fstab=fstab, source="boot", seen=FOLDERS)) == expected


TWO_NAMES = f"UUID=0a-1b / ext4 defaults\n/dev/vdb1 {PATH} ext4 defaults"


@pytest.mark.parametrize(
    ("root", "own", "expected"),
    [
        ("UUID=0a-1b", "/dev/vdb1", ("unknown", "unclear")),
        ("/dev/vda1", "LABEL=audit", ("unknown", "unclear")),
        ("/dev/mapper/vg-root", "/dev/dm-1", ("unknown", "unclear")),
        ("/dev/mapper/vg-root", "/dev/vg/audit", ("unknown", "unclear")),
        ("UUID=0a-1b", "UUID=0a-1c", MET),
        ("/dev/vg/root", "/dev/logs/audit", MET),
        ("/dev/disk/by-id/a", "/dev/disk/by-id/b", MET),
        ("UUID=0a-1b", "tmpfs", MET),
    ],
)
def test_two_names_of_other_kinds_may_be_of_one_device(root: str, own: str, expected: tuple[str, str]) -> None:
    fstab = f"{root} / ext4 defaults\n{own} {PATH} ext4 defaults"
    assert outcome(judged(OWN, fstab=fstab, source="boot", seen=FOLDERS)) == expected


def test_that_they_are_mounted_now_tells_two_devices_apart() -> None:
    assert outcome(judged(OWN, now=ROOT + audit(), fstab=TWO_NAMES, source="boot", seen=FOLDERS)) == MET
    assert outcome(judged(OWN, now=ROOT, fstab=TWO_NAMES, source="boot", seen=FOLDERS)) == ("unknown", "unclear")


def test_what_was_mounted_by_hand_is_gone_at_boot() -> None:
    now = ROOT + audit("nodev")
    assert outcome(judged(OWN, now=now)) == MET
    assert outcome(judged(OWN, now=now, source="boot")) == SEPARATE


def test_who_mounts_zfs_at_boot_is_not_known() -> None:
    assert outcome(judged(OWN, now=ROOT + audit(fstype="zfs"), source="boot")) == ("unknown", "unclear")


def unit(options: str, folder: str = "/etc/systemd/system") -> Units:
    file = File(f"{folder}/var-log-audit.mount", f"[Mount]\nWhat=/dev/x\nWhere={PATH}\nOptions={options}\n".encode())
    link = {"/etc/systemd/system/local-fs.target.wants/var-log-audit.mount": "../var-log-audit.mount"}
    return Units((file,), link, mounts=("var-log-audit.mount",))


def test_a_mount_unit_mounts() -> None:
    found = judged(NODEV, units=unit("nodev"), source="boot")
    assert (outcome(found), found.evidence) == (
        MET,
        f"/etc/systemd/system/var-log-audit.mount mounts {PATH} with nodev",
    )


@pytest.mark.parametrize(("folder", "expected"), [("/etc/systemd/system", MET), ("/usr/lib/systemd/system", MISSING)])
def test_a_unit_of_etc_goes_before_fstab_and_that_before_one_of_usr(folder: str, expected: tuple[str, str]) -> None:
    found = judged(NODEV, units=unit("nodev", folder), fstab=f"/dev/x {PATH} ext4 defaults", source="boot")
    assert outcome(found) == expected


def test_a_link_is_followed() -> None:
    folders = {path: Entry("dir") for path in ("/", "/var", "/var/log", "/srv", "/srv/audit")}
    seen = {**folders, PATH: Entry("link", "/srv/audit")}
    assert outcome(judged(OWN, now=ROOT + audit(point="/srv/audit"), seen=seen)) == MET


def test_evidence_has_the_line_of_fstab_in_its_twin_only() -> None:
    found = judged(NODEV, fstab=f"\n/dev/x {PATH} ext4 nosuid", source="boot")
    assert found.evidence == f"{FSTAB} mounts {PATH} with nosuid, without nodev"
    assert found.evidence_lines == f"{FSTAB}:2 mounts {PATH} with nosuid, without nodev"
    assert found.remedy.text == (
        f"Add nodev to the options of {PATH} in {FSTAB}, then run `mount -o remount,nodev {PATH}`."
    )


@pytest.mark.parametrize("fields", [{"path": PATH}, {"path": "x", "separate": True}, {"path": PATH, "options": "a"}])
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("mount", **fields)

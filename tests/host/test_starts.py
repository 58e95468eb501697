"""When units and mounts began."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from auditrules.audit.model.host_facts import Mount
from auditrules.host import starts
from auditrules.host.rootfs import local
from auditrules.host.starts import dated, set_back, unit_starts

TMPFS = Mount(2, 1, "/run/user/1000", "/", "tmpfs", "0:44")


def started(folder: Path, name: str, at: float) -> None:
    link = folder / f"invocation:{name}"
    link.symlink_to("0" * 32)
    os.utime(link, (at, at), follow_symlinks=False)


def test_systemd_keeps_when_a_unit_was_started(tmp_path: Path) -> None:
    started(tmp_path, "auditd.service", 1000.5)
    assert unit_starts(["auditd.service", "other.service", "a\0b"], str(tmp_path)) == {"auditd.service": 1000.5}


def test_without_systemd_no_unit_was_started(tmp_path: Path) -> None:
    assert unit_starts(["auditd.service"], str(tmp_path / "none")) == {}
    assert dated((TMPFS,), lambda _: "nfs", folder=str(tmp_path / "none")) == (TMPFS,)


def test_a_mount_that_systemd_made_has_its_time(tmp_path: Path) -> None:
    started(tmp_path, r"srv-a\x2db.mount", 1000.0)
    data = Mount(2, 1, "/srv/a-b", "/", "xfs", "8:2")
    over = replace(data, number=3, parent=2)
    assert dated((data, over), local, folder=str(tmp_path)) == (replace(data, since=1000.0), over)


def test_a_mount_that_systemd_makes_within_the_same_tick_has_its_time(tmp_path: Path) -> None:
    data, now = Mount(2, 1, "/srv", "/", "xfs", "8:2"), time.time()
    os.utime(tmp_path, (now, now))
    assert dated((data,), local, folder=str(tmp_path)) == (data,)
    started(tmp_path, "srv.mount", 1000.0)
    os.utime(tmp_path, (now, now))
    assert dated((data,), local, folder=str(tmp_path)) == (replace(data, since=1000.0),)


def test_a_tmpfs_is_as_old_as_its_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "birth", lambda name, _folder: {b"/run/user/1000": 7.0}.get(name))
    part = replace(TMPFS, number=3, root="/part")
    early = replace(TMPFS, number=4, point="/run/early", early=True)
    assert dated((TMPFS,), local, folder=str(tmp_path)) == (replace(TMPFS, since=7.0),)
    assert dated((part, early), local, folder=str(tmp_path)) == (part, early)


def test_what_is_below_a_remote_mount_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starts, "birth", lambda *_: pytest.fail("touched"))
    assert dated((TMPFS,), lambda path: "nfs4" if path == "/run" else "", folder=str(tmp_path)) == (TMPFS,)


@pytest.mark.parametrize(
    ("point", "made", "early"),
    [
        ("/srv", ("srv", "boot"), True),
        ("/srv", ("boot",), None),
        ("/srv", (), True),  # systemd keeps no such times
        ("/usr", ("boot",), True),
        ("/dev/shm", ("boot",), True),  # noqa: S108 - a mount point
    ],
)
def test_a_mount_of_boot_that_systemd_did_not_make_was_made_anew(
    tmp_path: Path, point: str, made: tuple[str, ...], early: bool | None
) -> None:
    for name in made:
        started(tmp_path, f"{name}.mount", 1000.0)
    (found,) = dated((Mount(2, 1, point, "/", "xfs", "8:2", early=True),), local, {"/usr"}, folder=str(tmp_path))
    assert found.early is early


UNIT, BOOTED, NOW = "auditd.service", 500.0, 9000.0


@pytest.mark.parametrize(
    ("units", "daemon", "booted", "back"),
    [
        ({UNIT: 1000.0}, 1000.4, BOOTED, 0),
        ({UNIT: 1000.0}, 997.0, BOOTED, 0),  # times of files and processes are kept by other clocks
        ({UNIT: 1000.0}, 640.0, BOOTED, 360),
        ({UNIT: 1000.0}, 4600.0, BOOTED, 0),  # it was set forward
        ({UNIT: 1000.0}, None, BOOTED, 0),
        ({"audit-rules.service": 1000.0}, 640.0, BOOTED, 0),
        ({UNIT: 9500.0}, None, BOOTED, 9000),
        ({UNIT: 9500.0}, 8000.0, BOOTED, 1500),
        ({UNIT: 9500.0}, None, None, 0),
        ({}, 640.0, BOOTED, 0),
    ],
)
def test_that_the_clock_was_set_back_shows_by_a_start(
    units: dict[str, float], daemon: float | None, booted: float | None, back: float
) -> None:
    assert set_back(units, daemon, booted, NOW) == back

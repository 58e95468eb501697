"""Options of the kernel, as the kernel takes them: of this boot, and of the next by the boot loader's files."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import BootFiles, File
from auditrules.benchmarks.fields import BenchmarkError
from tests.fixtures.requirements import host, judge, outcome, requirement

AUDIT = {"option": "audit", "value": "1"}
BACKLOG = {"option": "audit_backlog_limit", "min": 8192}

MET, WRONG, NOT_SET = ("pass", "met"), ("fail", "wrong_value"), ("fail", "not_set")


def grub(line: str, *others: File) -> BootFiles:
    """A grub.cfg as grub-mkconfig writes it, with its indentation."""
    text = f"""
set default="0"
menuentry 'Linux' --class gnu-linux {{
\tload_video
\t\tlinux\t/vmlinuz root=/dev/sda1 {line}
\tinitrd /initrd.img
}}
"""
    return BootFiles((File("/boot/grub/grub.cfg", text.encode()), *others), occupied=True)


@pytest.mark.parametrize(
    ("asked", "line", "expected"),
    [
        (AUDIT, "ro quiet audit=1", MET),
        (AUDIT, "audit=1 ro", MET),
        (AUDIT, "audit=on", MET),
        (AUDIT, '"audit=1"', MET),
        (AUDIT, "audit=yes", MET),  # which the kernel complains of, and takes for on
        (AUDIT, "audit=0", WRONG),
        (AUDIT, "audit=off", WRONG),
        (AUDIT, "audit=0 audit=1", WRONG),
        (AUDIT, "audit=1 audit=0", WRONG),
        (AUDIT, "ro quiet", NOT_SET),
        (AUDIT, "noaudit=1", NOT_SET),
        (AUDIT, "audit=1x.audit=0", MET),
        (AUDIT, "myaudit=1", NOT_SET),
        (AUDIT, "ro -- audit=1", NOT_SET),
        (AUDIT, "audit_backlog_limit=8192", NOT_SET),
        (BACKLOG, "audit_backlog_limit=8192", MET),
        (BACKLOG, "audit-backlog-limit=8192", MET),
        (BACKLOG, "audit_backlog_limit=0x2000", MET),
        (BACKLOG, "audit_backlog_limit=020000", MET),
        (BACKLOG, "audit_backlog_limit=0", MET),
        (BACKLOG, "audit_backlog_limit=8191", WRONG),
        (BACKLOG, "audit_backlog_limit=81920 audit_backlog_limit=64", WRONG),
        (BACKLOG, "audit_backlog_limit=64 audit_backlog_limit=9000", MET),
        (BACKLOG, "audit_backlog_limit=9000 audit_backlog_limit=many", MET),
        (BACKLOG, "audit_backlog_limit=-1", WRONG),
        (BACKLOG, "audit_backlog_limit=99999999999", WRONG),
        (BACKLOG, "audit_backlog_limit=", WRONG),
        (BACKLOG, "audit=1", NOT_SET),
        ({"option": "slab_nomerge", "value": "y"}, "slab_nomerge=n slab_nomerge=y", MET),
    ],
)
@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_a_command_line(asked: dict[str, Any], line: str, expected: tuple[str, str], source: str) -> None:
    on = host(cmdline=f"{line}\n".encode()) if source == "kernel" else host(boot_files=grub(line))
    assert outcome(judge(requirement("boot_option", **asked), on, source)) == expected


def test_the_boots_differ() -> None:
    on = host(cmdline=b"ro audit=1\n", boot_files=grub("ro"))
    now, later = (judge(requirement("boot_option", **AUDIT), on, source) for source in ("kernel", "boot"))
    assert (outcome(now), now.evidence) == (MET, "/proc/cmdline says audit=1")
    assert outcome(later) == NOT_SET
    assert later.evidence.startswith("/boot/grub/grub.cfg says nothing of audit; ")


@pytest.mark.parametrize("asked", [AUDIT, BACKLOG])
def test_a_grub_cfg_that_does_not_tell_is_unknown(asked: dict[str, Any]) -> None:
    files = BootFiles((File("/boot/grub/grub.cfg", b"for x in y; do linux z; done\nmenuentry 'a' {\n"),), occupied=True)
    assert judge(requirement("boot_option", **asked), host(boot_files=files), "boot").status.value == "unknown"


@pytest.mark.parametrize("asked", [AUDIT, BACKLOG])
def test_a_boot_loader_that_can_not_be_read_is_unknown(asked: dict[str, Any]) -> None:
    files = BootFiles((File("/boot/grub/grub.cfg", error="Permission denied"),), occupied=True)
    judged = judge(requirement("boot_option", **asked), host(boot_files=files), "boot")
    assert outcome(judged) == ("unknown", "unreadable")
    assert "Permission denied" in judged.evidence


def test_entries_of_which_nobody_knows_which_is_booted_are_unclear() -> None:
    entries = {"a": "ro audit=1", "b": "ro"}
    files = [File(f"/boot/loader/entries/{name}.conf", f"options {o}\n".encode()) for name, o in entries.items()]
    judged = judge(requirement("boot_option", **AUDIT), host(boot_files=BootFiles(tuple(files))), "boot")
    assert outcome(judged) == ("unknown", "unclear")


def test_nobody_knows_the_line_of_an_image_now() -> None:
    assert outcome(judge(requirement("boot_option", **AUDIT), host())) == ("unknown", "unreadable")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (grub("ro"), "Run `update-grub`"),
        (
            BootFiles((File("/boot/grub2/grub.cfg", b"menuentry 'a' {\nlinux /v ro\n}\n"),)),
            "Run `grub2-mkconfig -o /boot/grub2/grub.cfg`",
        ),
        (
            BootFiles((File("/boot/loader/entries/a.conf", b"options ro\n"),)),
            'Run `grubby --update-kernel=ALL --args="audit=1"`',
        ),
        (BootFiles((File("/etc/kernel/cmdline", b"ro\n"),), images=True), "Add `audit=1` to /etc/kernel/cmdline"),
    ],
)
def test_the_remedy_is_for_the_hosts_boot_loader(files: BootFiles, told: str) -> None:
    remedy = judge(requirement("boot_option", **AUDIT), host(boot_files=files), "boot").remedy
    assert told in f"{remedy.first} {remedy.text}"


@pytest.mark.parametrize(("line", "told"), [("ro audit=0", True), ("ro", False)])
def test_the_remedy_takes_another_value_out(line: str, told: bool) -> None:
    remedy = judge(requirement("boot_option", **AUDIT), host(boot_files=grub(line)), "boot").remedy
    assert ("take every other `audit=` out of that file" in remedy.first) is told


@pytest.mark.parametrize(
    "fields",
    [{"option": "audit"}, {"option": "audit", "value": "1", "min": 1}, {"option": "a b", "value": "1"}, {"value": "1"}],
)
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("boot_option", **fields)


@given(st.binary())
def test_law_any_bytes_are_judged(line: bytes) -> None:
    judged = judge(requirement("boot_option", **AUDIT), host(cmdline=line))
    assert judged.evidence.isprintable()
    if judged.status.value == "pass":
        assert b"audit=" in line.replace(b'"', b"")

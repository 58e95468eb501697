"""Which command line the kernel is given at the next boot, by which file, and what is taken where none says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditrules.audit.boot.boot_loader import ANYTHING, next_command_line
from auditrules.audit.boot.kernel_command_line import KernelCommandLine
from auditrules.audit.boot.startup import Loader
from auditrules.audit.model.collected import BootFiles, File
from tests.audit.boot.hosts import booted as boot
from tests.audit.boot.hosts import host

CFG, ENV, DEFAULT = "/boot/grub2/grub.cfg", "/boot/grub2/grubenv", "/etc/default/grub"
BLS = "/boot/loader/entries"
NEXT = "kernel command line of the next boot"

MENU = 'load_env\nset default="${saved_entry}"\nblscfg\n'


def menu(*lines: str) -> str:
    """A grub.cfg with an entry for each command line."""
    return "".join(f"menuentry 'e{number}' {{ linux /vmlinuz {line}\n}}\n" for number, line in enumerate(lines))


def entry(options: str, title: str = "t") -> str:
    return (
        f"title {title}\n# a comment\nversion 1\nlinux /vmlinuz\ninitrd /initrd\noptions {options}\ngrub_class fedora\n"
    )


def found(
    files: Mapping[str, str | None], current: str | None = None, *, occupied: bool = True, images: bool = False
) -> KernelCommandLine:
    read = (
        File(path, error="Permission denied") if text is None else File(path, text.encode())
        for path, text in files.items()
    )
    own = None if current is None else File("/proc/cmdline", f"{current}\n".encode())
    return next_command_line(BootFiles(tuple(read), images, occupied), own)


def told(*lines: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in lines)


OLD, NEW, RESCUE = f"{BLS}/m-5.14.0-9.el9.x86_64.conf", f"{BLS}/m-5.14.0-70.el9.x86_64.conf", f"{BLS}/m-0-rescue.conf"
THREE: dict[str, str | None] = {OLD: entry("old", "Old"), NEW: entry("new", "New"), RESCUE: entry("rescue")}

# The files, and the lines that the next boot may have, whatever the machine was started with.
BY_FILES: dict[str, tuple[dict[str, str | None], tuple[str, ...]]] = {
    "grub.cfg": ({CFG: menu("ro quiet", "x")}, ("ro quiet",)),
    "grub.cfg of Debian": ({"/boot/grub/grub.cfg": menu("ro quiet")}, ("ro quiet",)),
    "grub.cfg on the EFI partition": ({"/boot/efi/EFI/redhat/grub.cfg": menu("ro")}, ("ro",)),
    "a stub on the EFI partition": (
        {"/boot/efi/EFI/debian/grub.cfg": "configfile $prefix/grub.cfg\n", CFG: menu("ro")},
        ("ro",),
    ),
    "two that differ": ({"/boot/efi/EFI/redhat/grub.cfg": menu("audit=0"), CFG: menu("ro")}, ("audit=0", "ro")),
    "grub.cfg before what it is made from": ({CFG: menu("ro"), DEFAULT: 'GRUB_CMDLINE_LINUX="audit=0"\n'}, ("ro",)),
    "the environment beside it": (
        {CFG: MENU.replace("blscfg", "") + menu("a", "b"), ENV: "# GRUB\nsaved_entry=e1\n####"},
        ("b",),
    ),
    "entries, the newest kernel": ({CFG: MENU, **THREE}, ("new",)),
    "entries, the saved one": ({CFG: MENU, ENV: "saved_entry=m-5.14.0-9.el9.x86_64\n", **THREE}, ("old",)),
    "entries, saved by title": ({CFG: MENU, ENV: "saved_entry=Old\n", **THREE}, ("old",)),
    "entries, what is saved is gone": ({CFG: MENU, ENV: "saved_entry=m-5\n", **THREE}, ("new",)),
    "entries that take their options from the environment": (
        {CFG: MENU, ENV: "kernelopts=root=/dev/sda1 audit=0\n", NEW: entry("$kernelopts quiet")},
        ("root=/dev/sda1 audit=0 quiet",),
    ),
    "entries and an environment without grub.cfg": (
        {"/boot/grub2/grubenv": "saved_entry=m-5.14.0-9.el9.x86_64\n", **THREE},
        ("old",),
    ),
    "entries alone: which one, nobody knows": (THREE, ("new", "old", "rescue")),
    "entries and loader.conf": ({"/boot/loader/loader.conf": "timeout 3\ndefault m-5.14.0-7*\n", **THREE}, ("new",)),
    "entries and loader.conf without a default": (
        {"/boot/loader/loader.conf": "default @saved\n", **THREE},
        ("new", "old", "rescue"),
    ),
    "options in two lines": ({NEW: "linux /v\noptions a\noptions\tb\n"}, ("a b",)),
}


@pytest.mark.parametrize(("files", "lines"), BY_FILES.values(), ids=BY_FILES)
@pytest.mark.parametrize("current", [None, "ro quiet audit=1"])
def test_a_boot_loader_s_files_say_it(
    files: dict[str, str | None], lines: tuple[str, ...], current: str | None
) -> None:
    assert found(files, current).possible == told(*lines)


# The same where no such file says it: what is there, this boot's line, the lines, and what evidence says.
WITHOUT: dict[str, tuple[dict[str, str | None], str | None, bool, tuple[str, ...], str]] = {
    "nothing, on this machine": (
        {},
        "ro audit=1",
        True,
        ("ro audit=1",),
        "taken from this boot's, as no boot loader's file says it",
    ),
    "nothing, in a container's root": (
        {},
        None,
        False,
        ("",),
        "taken to say nothing of audit, as no boot loader's file says it",
    ),
    "a kernel without a boot loader": ({}, None, True, ("", "audit=0"), "not known, as no boot loader's file says it"),
    "a kernel without a boot loader, and what its file would be made from": (
        {DEFAULT: "GRUB_CMDLINE_LINUX=audit=0"},
        None,
        True,
        ("audit=0", "", "audit=0"),
        f"not known, as no boot loader's file says it; {DEFAULT} says audit=0",
    ),
    "a grub.cfg that can't be read, on this machine": (
        {CFG: None},
        "ro",
        True,
        ("ro",),
        f"taken from this boot's, as {CFG}: Permission denied",
    ),
    "a grub.cfg that can't be read, in a root": (
        {CFG: None},
        None,
        False,
        ("", "audit=0"),
        f"not known, as {CFG}: Permission denied",
    ),
    "what grub.cfg will be made from, in a root": (
        {DEFAULT: "GRUB_CMDLINE_LINUX=audit=0\nGRUB_CMDLINE_LINUX_DEFAULT='quiet splash'"},
        None,
        False,
        ("", "audit=0 quiet splash"),
        f"taken from {DEFAULT}, as no boot loader's file says it",
    ),
    "what grub.cfg will be made from, on this machine": (
        {
            DEFAULT: 'GRUB_CMDLINE_LINUX="audit=0"',
            f"{DEFAULT}.d/x.cfg": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX a=b"\n',
        },
        "ro",
        True,
        ("ro", "audit=0 a=b"),
        f"taken from this boot's or {DEFAULT}, as no boot loader's file says it",
    ),
    "an assignment that adds": (
        {DEFAULT: 'export GRUB_CMDLINE_LINUX="a"\nGRUB_CMDLINE_LINUX+=" audit=0"\nif bad "quote\n'},
        None,
        False,
        ("", "a audit=0"),
        f"taken from {DEFAULT}, as no boot loader's file says it",
    ),
    "entries will be made from a file": (
        {"/etc/kernel/cmdline": "ro\naudit=0\n"},
        None,
        False,
        ("", "ro audit=0"),
        "taken from /etc/kernel/cmdline, as no boot loader's file says it",
    ),
}


@pytest.mark.parametrize(("files", "current", "occupied", "lines", "remark"), WITHOUT.values(), ids=WITHOUT)
def test_without_a_boot_loader_s_word_evidence_says_what_was_taken(
    files: dict[str, str | None], current: str | None, occupied: bool, lines: tuple[str, ...], remark: str
) -> None:
    line = found(files, current, occupied=occupied)
    assert (line.possible, line.remark) == (told(*lines), f"{NEXT}: {remark}")


def test_a_unified_image_holds_the_line_that_it_is_made_from() -> None:
    assert found({"/etc/kernel/cmdline": "audit=0"}, images=True).possible == told("audit=0")
    assert found({}, images=True).possible == ANYTHING
    assert found(THREE, images=True).possible == ANYTHING


def test_a_default_that_can_t_be_told_is_not_known() -> None:
    line = found({CFG: "menuentry Windows { chainloader +1 }\n"}, "quiet")
    assert line.possible == (("quiet",), *ANYTHING)
    assert line.remark == f"{NEXT}: not known, as the default entry of {CFG} can't be told"
    assert found({CFG: "menuentry x {"}, "quiet").possible == line.possible


def test_evidence_says_where_two_differ_about_audit() -> None:
    assert found({CFG: menu("ro quiet")}, "ro splash").remark == ""
    assert (
        found({CFG: menu("ro audit=0")}, "ro audit=1").remark
        == f"{NEXT}: {CFG} says audit=0; this boot's line says audit=1"
    )
    line = found({CFG: menu("ro audit=1"), DEFAULT: "GRUB_CMDLINE_LINUX=audit=0"}, "audit=1")
    assert line.remark == f"{NEXT}: {CFG} says audit=1; {DEFAULT} says audit=0"


def test_nobody_looked() -> None:
    assert next_command_line(None, None) == KernelCommandLine(((),))
    assert next_command_line(None, File("/proc/cmdline", b"a b\n")) == KernelCommandLine((("a", "b"),))


# What boot ends up with


def booted(files: Mapping[str, str], cmdline: str | None = "quiet") -> tuple[str, int | None, int | None]:
    read = tuple(File(path, text.encode()) for path, text in files.items())
    said = boot(replace(host(cmdline=cmdline), boot_files=BootFiles(read, occupied=bool(files))))
    return said.loader.value, said.enabled, None if said.loaded is None else len(said.loaded.rules)


BOOTS: dict[str, tuple[dict[str, str], str | None, tuple[str, int | None, int | None]]] = {
    "audit=0 in grub.cfg": ({CFG: menu("audit=0")}, "quiet", ("none", 0, 0)),
    "audit=0 in grub.cfg of a root": ({CFG: menu("audit=0")}, None, ("none", 0, 0)),
    "audit=0 at this boot only": ({CFG: menu("quiet")}, "audit=0", ("augenrules", 1, 1)),
    "audit=0 in an entry": ({CFG: MENU, NEW: entry("audit=0")}, None, ("none", 0, 0)),
    "audit=0 in one of several entries": ({NEW: entry("audit=0"), OLD: entry("ro")}, None, ("unknown", None, None)),
    "audit=0 in what grub.cfg is made from": ({DEFAULT: "GRUB_CMDLINE_LINUX=audit=0"}, None, ("unknown", None, None)),
    "audit=1 in one of several entries": ({NEW: entry("audit=1"), OLD: entry("ro")}, None, ("augenrules", 1, 1)),
    "no boot loader in a root that has none": ({}, None, ("augenrules", 1, 1)),
    "a unit masked by the next line": ({CFG: menu("systemd.mask=auditd.service")}, "quiet", ("none", None, 0)),
    "another target": ({CFG: menu("single")}, "quiet", ("unknown", None, None)),
    "another target by name": ({CFG: menu("systemd.unit=emergency.target")}, "quiet", ("unknown", None, None)),
    "another target, and the unit is wanted": (
        {CFG: menu("s systemd.wants=auditd.service")},
        "quiet",
        ("augenrules", 1, 1),
    ),
}


@pytest.mark.parametrize(("files", "cmdline", "end"), BOOTS.values(), ids=BOOTS)
def test_the_next_boot_is_by_the_next_command_line(
    files: dict[str, str], cmdline: str | None, end: tuple[str, int | None, int | None]
) -> None:
    assert booted(files, cmdline) == end


def test_the_reason_names_the_file() -> None:
    said = boot(replace(host(), boot_files=BootFiles((File(CFG, menu("audit=0").encode()),))))
    assert (said.loader, said.reason) == (Loader.NONE, f"the kernel's command line in {CFG} switches audit off")

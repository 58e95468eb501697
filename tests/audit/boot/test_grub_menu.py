"""The default entry of a grub.cfg, as grub-mkconfig of Debian, Ubuntu, SUSE and Fedora writes it, and as a hand may."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditrules.audit.boot.grub_menu import MOST_ITEMS, MOST_VARIABLES, Expand, MenuItem, default_lines
from auditrules.audit.boot.grub_script import ScriptError, parse_script, with_variables
from tests.audit.strategies import TEXT

HEADER = r"""
### BEGIN /etc/grub.d/00_header ###
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="DEFAULT"
fi

if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi

export menuentry_id_option

if [ "${prev_saved_entry}" ]; then
  set saved_entry="${prev_saved_entry}"
  save_env saved_entry
  set prev_saved_entry=
  save_env prev_saved_entry
  set boot_once=true
fi

function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
  fi
}

if loadfont $font ; then
  set gfxmode=auto
  load_video
fi
terminal_output gfxterm
### END /etc/grub.d/00_header ###
"""

LINUX = r"""
### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian GNU/Linux' --class debian --class gnu-linux $menuentry_id_option 'gnulinux-simple-1' {
	load_video
	insmod gzio
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	echo	'Loading Linux 6.1.0-30-amd64 ...'
	linux	/boot/vmlinuz-6.1.0-30-amd64 root=UUID=1 ro  quiet $vt_handoff
	initrd	/boot/initrd.img-6.1.0-30-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1' {
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-30-amd64' --class debian $menuentry_id_option 'gnulinux-30' {
		linux	/boot/vmlinuz-6.1.0-30-amd64 root=UUID=1 ro  quiet
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-9-amd64' --class debian $menuentry_id_option 'gnulinux-9' {
		linux	/boot/vmlinuz-6.1.0-9-amd64 root=UUID=1 ro  quiet audit=0
	}
}
### END /etc/grub.d/10_linux ###
### BEGIN /etc/grub.d/30_os-prober ###
menuentry 'Windows Boot Manager' --class windows $menuentry_id_option 'osprober-efi-1' {
	chainloader /EFI/Microsoft/Boot/bootmgfw.efi
}
if [ "$grub_platform" = "efi" ]; then
	menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
		fwsetup
	}
fi
menuentry 'last' { linux /last audit=1 }
"""

QUIET, OLD, LAST = ("root=UUID=1", "ro", "quiet"), ("root=UUID=1", "ro", "quiet", "audit=0"), ("audit=1",)


def nothing(_: Expand) -> list[MenuItem]:
    return []


def lines(text: str, grubenv: Mapping[str, str] | None = None, custom: str = "") -> set[tuple[str, ...]] | None:
    found = default_lines(text, grubenv or {}, nothing, custom)
    return None if found is None else set(found)


# GRUB_DEFAULT, what grubenv holds, and the command lines that the default entry may give.
DEFAULTS: dict[str, tuple[str, dict[str, str], set[tuple[str, ...]] | None]] = {
    "the first": ("0", {}, {QUIET}),
    "none": ("", {}, {QUIET}),
    "a number in a submenu": ("1>1", {}, {OLD}),
    "a submenu is its first entry": ("1", {}, {QUIET}),
    "a title": ("Debian GNU/Linux", {}, {QUIET}),
    "titles": ("Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 6.1.0-9-amd64", {}, {OLD}),
    "names": ("gnulinux-advanced-1>gnulinux-9", {}, {OLD}),
    "saved": ("${saved_entry}", {"saved_entry": "gnulinux-advanced-1>gnulinux-9"}, {OLD}),
    "saved, but nothing is": ("${saved_entry}", {"kernelopts": "x"}, {QUIET}),
    "saved, without an environment": ("${saved_entry}", {}, {QUIET}),
    "for one boot": ("0", {"next_entry": "1>1"}, {OLD}),
    "for one boot, over what is saved": ("${saved_entry}", {"next_entry": "0", "saved_entry": "1>1"}, {QUIET}),
    "what is not there is the first": ("gone", {}, {QUIET}),
    "another system": ("2", {}, None),
    "a number behind an entry that may not be there": ("4", {}, None),
    "a title behind an entry that may not be there": ("last", {}, None),
}


@pytest.mark.parametrize(("default", "grubenv", "found"), DEFAULTS.values(), ids=DEFAULTS)
def test_the_default_entry(default: str, grubenv: dict[str, str], found: set[tuple[str, ...]] | None) -> None:
    assert lines(HEADER.replace("DEFAULT", default) + LINUX, grubenv) == found


ENTRY = "menuentry x { linux /k %s }\n"
SCRIPTS: dict[str, tuple[str, set[tuple[str, ...]] | None]] = {
    "one line": (ENTRY % "a b", {("a", "b")}),
    "quotes": (ENTRY % "'a  b' \"c $d\" e\\ f", {("a", "b", "c", "e", "f")}),
    "a comment": ("# menuentry y { linux /k audit=0 }\n" + ENTRY % "a # audit=0\n", {("a",)}),
    "a hash in a word": (ENTRY % "a#b", {("a#b",)}),
    "a line that goes on": (ENTRY % "a \\\n b", {("a", "b")}),
    "a variable": ("set o='a b'\n" + ENTRY % "$o ${o}c", {("a", "b", "a", "bc")}),
    "a variable of the entry": ("menuentry x { set o=a; linux /k $o }", {("a",)}),
    "a variable that is set by nobody": (ENTRY % "$o a", {("a",)}),
    "a variable of the machine": (ENTRY % "$grub_platform a", None),
    "a choice that depends on the machine": (
        "if [ $grub_platform = efi ]; then set o=a; else set o=b; fi\n" + ENTRY % "$o",
        {("a",), ("b",)},
    ),
    "a choice that may do nothing": ("if test -e /x; then set o=a; fi\n" + ENTRY % "$o", {("a",), ()}),
    "a choice that is decided": ("set p=1\nif [ $p = 1 ]; then set o=a; else set o=b; fi\n" + ENTRY % "$o", {("a",)}),
    "not": ('if [ ! -z "$p" ]; then set o=a; elif ! [ $p ]; then set o=b; fi\n' + ENTRY % "$o", {("b",)}),
    "a loop": ("while read x; do set o=a; done\n" + ENTRY % "$o", {("a",), ()}),
    "two lines of one entry": ("menuentry x { if $y; then linux /k a; else linux /k b; fi }", {("a",), ("b",)}),
    "Xen": (
        "menuentry x { multiboot2 /xen.gz dom0\nmodule2 /k placeholder a\nmodule2 /initrd }",
        {("placeholder", "a")},
    ),
    "no menu": ("search.fs_uuid 1 root\nset prefix=($root)'/boot/grub'\nconfigfile $prefix/grub.cfg\n", set()),
    "too many values": (
        "".join(f"if test -e /{n}; then set o{n}=a{n}; fi\n" for n in range(5))
        + ENTRY % "".join(f"$o{n}" for n in range(5)),
        None,
    ),
}


@pytest.mark.parametrize(("text", "found"), SCRIPTS.values(), ids=SCRIPTS)
def test_a_script_gives_these_lines(text: str, found: set[tuple[str, ...]] | None) -> None:
    assert lines(text) == found


def test_entries_of_custom_cfg_are_behind_the_others_and_may_be_meant() -> None:
    text = HEADER.replace("DEFAULT", "own") + ENTRY % "a" + "if [ -f $p/custom.cfg ]; then source $p/custom.cfg; fi\n"
    own = "menuentry own { linux /k audit=0 }"
    assert lines(text.replace("own", "0"), custom=own) == {("a",)}
    assert lines(text, custom=own) == {("a",), ("audit=0",)}


def test_entries_of_the_specification_stand_where_blscfg_does() -> None:
    def entries(expand: Expand) -> list[MenuItem]:
        found = expand(with_variables("ro $kernelopts"))
        assert found is not None
        return [MenuItem("t", "id", frozenset(tuple(each.split()) for each in found))]

    text = 'load_env\nif [ -z "${kernelopts}" ]; then\n  set kernelopts="audit=0"\nfi\nblscfg\n'
    assert default_lines(text, {}, entries) == frozenset({("ro", "audit=0")})
    assert default_lines(text, {"kernelopts": "audit=1"}, entries) == frozenset({("ro", "audit=1")})


BOUNDED = {
    "variables": "".join(f"a{n}=1\n" for n in range(MOST_VARIABLES + 2)),
    "entries": (ENTRY % "a") * (MOST_ITEMS + 2),
}


@pytest.mark.parametrize("text", BOUNDED.values(), ids=BOUNDED)
def test_a_script_of_an_unlikely_size_is_none(text: str) -> None:
    with pytest.raises(ScriptError):
        lines(text)


def test_a_value_that_grows_without_end_may_be_anything() -> None:
    assert lines("set a=x\n" + "set a=$a$a\n" * 40 + ENTRY % "$a") is None


@pytest.mark.parametrize(
    "text", ["menuentry x {", "if true; then", "if true", "}", "if x; then y; }", "menuentry " + "x {\nmenuentry " * 30]
)
def test_a_script_whose_blocks_do_not_fit_is_none(text: str) -> None:
    with pytest.raises(ScriptError):
        parse_script(text)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.one_of(TEXT, st.sampled_from([*HEADER.split(), *LINUX.split(" ")])), max_size=30).map(" ".join))
def test_any_text_gives_lines_or_is_no_script(text: str) -> None:
    try:
        found = default_lines(text, {"saved_entry": "x"}, nothing, text)
    except ScriptError:
        return
    assert found is None or all(isinstance(line, tuple) for line in found)

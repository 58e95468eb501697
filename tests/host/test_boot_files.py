"""Which files of boot loaders are read of a root, and that what is no regular file or too much stays unread."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import BootFiles
from auditrules.host import Host
from auditrules.host.boot_files import MOST_BYTES, MOST_FILES, read_boot_files
from auditrules.host.rootfs import Tree, local
from tests.host.roots import write


def read(root: Path) -> BootFiles:
    with closing(Tree(str(root), local)) as tree:
        return read_boot_files(tree)


READ = (
    "boot/grub/grub.cfg",
    "boot/grub/grubenv",
    "boot/grub/custom.cfg",
    "boot/grub2/grub.cfg",
    "efi/EFI/fedora/grub.cfg",
    "boot/efi/EFI/redhat/grub.cfg",
    "boot/efi/EFI/redhat/grubenv",
    "boot/loader/loader.conf",
    "boot/loader/entries/a.conf",
    "efi/loader/entries/b.conf",
    "boot/efi/loader/loader.conf",
    "etc/kernel/cmdline",
    "usr/lib/kernel/cmdline",
    "etc/default/grub",
    "etc/default/grub.d/a.cfg",
)


def test_the_files_of_boot_loaders_are_read_and_nothing_else(tmp_path: Path) -> None:
    for path in (*READ, "boot/vmlinuz", "boot/loader/entries/x.txt", "etc/default/grub.d/x", "boot/grub/fonts/x.pf2"):
        write(tmp_path, path)
    found = read(tmp_path)
    assert [file.path for file in found.files] == [f"/{path}" for path in READ]
    assert (found.images, found.occupied, found.error) == (False, True, "")


def test_a_root_without_a_boot_loader_has_none(tmp_path: Path) -> None:
    assert read(tmp_path) == BootFiles()
    (tmp_path / "boot").mkdir()
    assert read(tmp_path) == BootFiles()


def test_unified_images_are_told(tmp_path: Path) -> None:
    write(tmp_path, "boot/efi/EFI/Linux/debian-6.1.efi")
    assert read(tmp_path) == BootFiles(images=True, occupied=True)


def test_what_is_no_regular_file_or_too_long_is_an_error_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "boot/grub").mkdir(parents=True)
    os.mkfifo(tmp_path / "boot/grub/grub.cfg")
    write(tmp_path, "etc/default/grub", "x" * (MOST_BYTES + 1))
    errors = {file.path: (file.content, file.error) for file in read(tmp_path).files}
    assert errors == {
        "/boot/grub/grub.cfg": (None, "expected a regular file, found a FIFO"),
        "/etc/default/grub": (None, f"longer than {MOST_BYTES} bytes, the most that is read"),
    }


def test_too_many_entries_are_told(tmp_path: Path) -> None:
    for number in range(MOST_FILES + 1):
        write(tmp_path, f"boot/loader/entries/{number}.conf")
    found = read(tmp_path)
    assert found.error == f"more than {MOST_FILES} files of boot loaders, the most that are read"
    assert len(found.files) < MOST_FILES


def test_a_link_does_not_lead_out_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "boot/grub").mkdir(parents=True)
    (tmp_path / "secret").write_text("menuentry x { linux /k audit=0 }")
    (root / "boot/grub/grub.cfg").symlink_to(tmp_path / "secret")
    (file,) = read(root).files
    assert file.content is None


def test_an_image_whose_boot_loader_switches_audit_off_is_not_audited_at_boot(tmp_path: Path) -> None:
    write(tmp_path, "usr/sbin/augenrules")
    write(tmp_path, "usr/bin/mawk")
    write(tmp_path, "etc/audit/rules.d/a.rules", "-w /etc/docker -p wa\n")
    assert HostAudit(Host(str(tmp_path), "none").sources()).boot.loader.value == "augenrules"
    write(tmp_path, "boot/grub/grub.cfg", "menuentry x { linux /vmlinuz root=/dev/sda1 audit=0 }\n")
    said = HostAudit(Host(str(tmp_path), "none").sources()).boot
    assert (said.loader.value, said.enabled) == ("none", 0)

"""Where the configuration of a kernel is read."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import pytest

from auditrules.host.kernel_build import read_kernel_build, read_kernel_config
from auditrules.host.rootfs import Tree, local

TEXT = b"CONFIG_X86_X32_ABI=y\n"
PACKED = gzip.compress(TEXT)
LIMIT = 1 << 16


def config(root: Path, files: dict[str, bytes], release: str = "6.1", *, running: bool = True) -> bytes | None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    with closing(Tree(str(root), local)) as tree:
        return read_kernel_config(tree, release, LIMIT, running=running)


@pytest.mark.parametrize(
    "files",
    [
        {"boot/config-6.1": TEXT, "proc/config.gz": gzip.compress(b"other")},
        {"lib/modules/6.1/config": TEXT},
        {"boot/config-6.1": b"", "proc/config.gz": PACKED},
        {"boot/config-6.1-other": b"other", "proc/config.gz": PACKED},
    ],
)
def test_the_configuration_is_read_where_it_is(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert config(tmp_path, files) == TEXT


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"proc/config.gz": b"no gzip"},
        {"proc/config.gz": PACKED[:-9]},
        {"proc/config.gz": gzip.compress(bytes(LIMIT + 1))},
    ],
    ids=["none", "no gzip", "cut", "too long"],
)
def test_a_configuration_that_cannot_be_read_is_not_known(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert config(tmp_path, files) is None


def test_the_running_kernel_s_is_not_that_of_another(tmp_path: Path) -> None:
    assert config(tmp_path, {"proc/config.gz": PACKED}, running=False) is None


@pytest.mark.parametrize("release", ["", "../x"])
def test_a_release_that_is_no_name_has_none(tmp_path: Path, release: str) -> None:
    assert config(tmp_path, {"proc/config.gz": PACKED}, release) is None


def newest(root: Path, *paths: str) -> str:
    for path in paths:
        place = root / "lib/modules" / path
        (place if path.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
        if not path.endswith("/"):
            place.write_bytes(b"")
    with closing(Tree(str(root), local)) as tree:
        return read_kernel_build(tree, "", LIMIT, None, here=False).release


@pytest.mark.parametrize(
    ("paths", "release"),
    [
        ((), ""),
        (("6.1/modules.dep", "6.12/kernel/"), "6.12"),
        (("6.1/", "6.12/"), "6.12"),
        (("6.1/modules.builtin", "6.12/updates/"), "6.1"),
        (("6.1/modules.dep", "8.8"), "6.1"),
        (("6.1/modules.dep", "9.9 x/modules.dep", "9.9\nx/modules.dep", "-9/modules.dep"), "6.1"),
        (("extra/modules.dep",), ""),
    ],
)
def test_of_another_root_the_newest_release_with_modules_counts(
    tmp_path: Path, paths: tuple[str, ...], release: str
) -> None:
    assert newest(tmp_path, *paths) == release


def test_modules_that_are_no_folder_tell_of_no_release(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/modules").write_bytes(b"")
    assert newest(tmp_path) == ""

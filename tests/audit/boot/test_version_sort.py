"""The order in which augenrules reads rules.d, and whether the real ls agrees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.boot.version_sort import version_sorted
from tests.laws import law

# Seen of augenrules in LANG=C.UTF-8.
_SEEN = "1 1.9 1.10 2-b 9 10 10a 10-A 10-a 010-x 10_a 100-a A B Z a b -x _x é"
ORDER = tuple(f"{name}.rules" for name in _SEEN.split(" "))

MORE = (
    "10.rules 010.rules 10-audit.rules 30-stig.rules 99-finalize.rules",
    "1~.rules 1.rules",
    "a.rules a.b.rules a.1.rules a1.rules aa.rules a-b.rules",
    "x.rules x.rules.rules x1.rules",
    "0.rules 00.rules 1.rules",
)


def test_the_order_is_that_of_a_real_augenrules() -> None:
    assert version_sorted(reversed(ORDER)) == ORDER


@pytest.mark.parametrize("names", MORE)
def test_the_order_does_not_hang_on_the_order_given(names: str) -> None:
    wanted = names.split()
    assert version_sorted(reversed(wanted)) == version_sorted(wanted)


def gnu_ls() -> str | None:
    """An ls of coreutils 9.1 or later, whose order is the one written down here; earlier ones differ in odd names."""
    program = shutil.which("ls")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"GNU coreutils\) (\d+)\.(\d+)", said)
    return program if version and (int(version[1]), int(version[2])) >= (9, 1) else None


LS = gnu_ls()
with_ls = pytest.mark.skipif(
    LS is None and os.environ.get("CI") != "true",
    reason="the order is compared with ls of GNU coreutils 9.1 or later, which CI has to have",
)
NAMES = st.text(st.sampled_from("0123456789aAbBz-_.~+é \x01%"), min_size=1, max_size=10).filter(
    lambda name: name[0] != "."
)


@with_ls
@law(0.4, derandomize=True)
@given(st.sets(NAMES, min_size=2, max_size=25))
def test_the_order_is_that_of_ls(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("rules.d")
    files = [f"{name}.rules" for name in names]
    for name in files:
        (folder / name).touch()
    assert version_sorted(files) == listed(folder)


@with_ls
@pytest.mark.parametrize("names", [" ".join(ORDER), *MORE])
def test_known_names_are_in_the_order_of_ls(tmp_path: Path, names: str) -> None:
    for name in names.split():
        (tmp_path / name).touch()
    assert version_sorted(names.split()) == listed(tmp_path)


def listed(folder: Path) -> tuple[str, ...]:
    assert LS is not None
    done = subprocess.run(
        [LS, "-1v", "--quoting-style=literal", "--show-control-chars", str(folder)],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C", "PATH": os.defpath},
    )
    return tuple(os.fsdecode(done.stdout).removesuffix("\n").split("\n"))

from __future__ import annotations

import pytest

from auditrules.audit.kernel.kernel_build import newest_release, runs_x32


@pytest.mark.parametrize(
    ("config", "machine", "cmdline", "runs"),
    [
        (b"CONFIG_X86_X32_ABI=y\n", "x86_64", "", True),
        (b"CONFIG_64BIT=y\nCONFIG_X86_X32=y\n", "x86_64", "", True),
        (b"# CONFIG_X86_X32_ABI is not set\n", "x86_64", "", False),
        (b"CONFIG_64BIT=y\n", "x86_64", "", False),
        (b"CONFIG_X86_X32_ABI=y\nCONFIG_X86_X32_DISABLED=y\n", "x86_64", "quiet", False),
        (b"CONFIG_X86_X32_ABI=y\nCONFIG_X86_X32_DISABLED=y\n", "x86_64", "quiet syscall.x32=y", True),
        (b"CONFIG_X86_X32_ABI=y\nCONFIG_X86_X32_DISABLED=y\n", "x86_64", "syscall.x32=ON", True),
        (b"CONFIG_64BIT=y\nCONFIG_X86_X3", "x86_64", "", None),
        (b"CONFIG_X86_X32_ABI=y\nCONFIG_X86_X32_DIS", "x86_64", "", None),
        (b"CONFIG_X86_X32_ABI=y\nCONFIG_X86_X32_DIS", "x86_64", "syscall.x32=1", True),
        (None, "x86_64", "", None),
        (b"", "x86_64", "", None),
        (None, "aarch64", "", False),
    ],
)
def test_x32_is_what_the_configuration_says(
    config: bytes | None, machine: str, cmdline: str, runs: bool | None
) -> None:
    assert runs_x32(config, machine, cmdline) is runs


@pytest.mark.parametrize(
    ("names", "newest"),
    [
        (["6.1.0-9-amd64", "6.1.0-10-amd64"], "6.1.0-10-amd64"),
        (["5.15.0-204-generic", "6.8.0-1-generic", "5.9.0"], "6.8.0-1-generic"),
        (["extramodules", "build"], ""),
        ([], ""),
    ],
)
def test_the_newest_release_is_that_of_the_largest_numbers(names: list[str], newest: str) -> None:
    assert newest_release(names) == newest

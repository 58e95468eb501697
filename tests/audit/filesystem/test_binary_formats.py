"""The formats of binfmt_misc, as the kernel's files tell them."""

from __future__ import annotations

import pytest

from auditrules.audit.filesystem.binary_formats import binary_formats, may_have_format
from auditrules.audit.model.host_facts import BinaryFormat

PYTHON = b"enabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 0\nmagic a70d0d0a\n"
FOO = b"enabled\ninterpreter /x/fmt\nflags: OC\nextension .foo\n"
FIXED = b"enabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\nmagic 7f454c46\nmask ffffffff\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"python3.11": PYTHON, "status": b"enabled\n"}, (BinaryFormat("/usr/bin/python3.11"),)),
        ({"foo": FOO, "status": b"enabled\n"}, (BinaryFormat("/x/fmt", ".foo"),)),
        ({"qemu-aarch64": FIXED}, ()),  # its interpreter is open already
        ({"foo": FOO.replace(b"enabled", b"disabled")}, ()),
        ({"foo": FOO, "status": b"disabled\n"}, ()),
        ({"foo": FOO.replace(b"/x/fmt", b"fmt")}, ()),  # no path that is known
        ({"foo": b""}, ()),
        ({}, ()),
    ],
)
def test_the_formats_in_force(files: dict[str, bytes], found: tuple[BinaryFormat, ...]) -> None:
    assert binary_formats(files) == found


@pytest.mark.parametrize(
    ("path", "extension", "may"),
    [
        ("/x/magic.foo", ".foo", True),
        ("/x/magic.foo.bar", ".foo", False),
        ("/x/foo", ".foo", False),
        ("/x/a", "", True),
    ],
)
def test_a_format_with_an_extension_is_one_of_names(path: str, extension: str, *, may: bool) -> None:
    assert may_have_format(path, BinaryFormat("/x/fmt", extension)) is may

from __future__ import annotations

import base64
import gzip
import io
import tarfile

import pytest

from tests.vm.contents import RigError
from tests.vm.guest import Result, Said

MARK = b"0123456789abcdef"


def tar(name: str, content: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return base64.encodebytes(gzip.compress(stream.getvalue()))


def test_output_that_looks_like_the_rigs_own_is_output() -> None:
    output = b"start\nend 0\n\nfedcba9876543210 end 0\n\nfedcba9876543210 done\n"
    line = b"noise %s start\n%s\n%s end 3\n%s\n%s done\n" % (MARK, output, MARK, tar("./a/b", b"\0"), MARK)
    assert Said(line, MARK, b"", in_time=True).result(9) == Result(3, output, {"a/b": b"\0"})


LOST = (
    (b"Kernel panic", b"", True, "the guest died before its script; the last it said:\nKernel panic"),
    (
        b"%s start\nhalf" % MARK,
        b"",
        False,
        f"the guest was not done after 9 s in its script; the last it said:\n{MARK.decode()} start\nhalf",
    ),
    (
        b"",
        b"qemu: no such machine\n",
        True,
        "the guest died before its script; the last it said:\nqemu: no such machine",
    ),
)


@pytest.mark.parametrize(("line", "errors", "in_time", "message"), LOST)
def test_a_guest_that_is_lost_is_an_error_with_its_last_words(
    line: bytes, errors: bytes, in_time: bool, message: str
) -> None:
    with pytest.raises(RigError) as caught:
        Said(line, MARK, errors, in_time=in_time).result(9)
    assert str(caught.value) == message

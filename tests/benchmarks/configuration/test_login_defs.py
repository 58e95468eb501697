"""login.defs: from which uid on users log in, as shadow takes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.login_defs import DEFAULT_UID_MIN, PATHS, LoginDefs, read_login_defs

ETC = PATHS[0]


def read(*contents: bytes) -> LoginDefs:
    paths = (ETC, *(f"{ETC}.d/{number}.defs" for number in range(1, len(contents))))
    return read_login_defs(map(File, paths, contents))


# What is written, and the number that useradd has then.
@pytest.mark.parametrize(
    ("content", "uid_min"),
    [
        (b"UID_MIN 500\n", 500),
        (b"UID_MIN\t\t\t 1000\nUID_MAX\t\t\t60000\n", 1000),
        (b"  UID_MIN 500  \n", 500),
        (b'UID_MIN "500"\n', 500),
        (b'UID_MIN "500" and more\n', 500),
        (b"UID_MIN 0x1f4\n", 500),
        (b"UID_MIN 0X1F4\n", 500),
        (b"UID_MIN 0764\n", 500),
        (b"UID_MIN +500\n", 500),
        (b"UID_MIN 0\n", 0),
        (b"UID_MIN 500\nUID_MIN 600\n", 600),
        (b"UID_MIN 500\n#UID_MIN 600\n", 500),
        (b"UID_MIN 500\nUID_MIN\n", 500),
        (b"SYS_UID_MIN 100\nUID_MIN 500\n", 500),
        (b"uid_min 100\nUID_MIN 500\n", 500),
        (b"UID_MIN 500\r\n", 500),
        (b"UID_MIN 500", 500),
        (b"UID_MIN 4294967294", 4294967294),
    ],
)
def test_a_line_says_the_number(content: bytes, uid_min: int) -> None:
    defs = read(content)
    assert (defs.uid_min, defs.path, defs.error, defs.remark) == (uid_min, ETC, "", "")


@pytest.mark.parametrize(
    "content",
    [b"", b"# UID_MIN 500\n", b"UID_MIN\n", b"UID_MINIMUM 5\n", b"UID_MIN=500\n", b"\0UID_MIN 500\n"],
)
def test_without_a_line_shadows_default_counts(content: bytes) -> None:
    assert read(content) == LoginDefs(
        DEFAULT_UID_MIN, remark=f"UID_MIN is taken to be 1000, as no line of {ETC} says UID_MIN"
    )


@pytest.mark.parametrize(
    "value", [b"500 # users", b"many", b"0x", b"089", b"5e2", b"500.0", b"9" * 400, b"\xff\x1b[1m", b"=500", b"1_000"]
)
def test_what_shadow_can_not_read_is_its_default_and_said(value: bytes) -> None:
    defs = read(b"UID_MIN " + value + b"\n")
    assert (defs.uid_min, defs.path, defs.line) == (DEFAULT_UID_MIN, ETC, 1)
    assert "programs take 1000 in its place" in defs.remark
    assert defs.remark.isprintable()


@pytest.mark.parametrize("value", [b"-1", b"-1000", b"-0x1", b"4294967295", b"99999999999", b"-\x1b[1m"])
def test_what_no_uid_can_be_is_not_known(value: bytes) -> None:
    defs = read(b"UID_MIN " + value + b"\n")
    assert defs.uid_min is None
    assert defs.error.startswith(f"{ETC}: expected UID_MIN")
    assert defs.error.isprintable()


def test_without_a_file_shadows_default_counts() -> None:
    assert read() == LoginDefs(
        DEFAULT_UID_MIN, remark="UID_MIN is taken to be 1000, as there is no /etc/login.defs or /usr/etc/login.defs"
    )


def test_a_drop_in_comes_after_the_file() -> None:
    defs = read(b"UID_MIN 1000\n", b"\nUID_MIN 2000\n")
    assert (defs.uid_min, defs.path, defs.line) == (2000, f"{ETC}.d/1.defs", 2)


def test_a_file_that_can_not_be_read_leaves_it_unknown() -> None:
    files = [File(ETC, b"UID_MIN 1000\n"), File(f"{ETC}.d/a.defs", error="Permission denied")]
    assert read_login_defs(files) == LoginDefs(path=f"{ETC}.d/a.defs", error=f"{ETC}.d/a.defs: Permission denied")


@given(st.one_of(st.binary(), st.binary().map(lambda value: b"UID_MIN " + value)))
def test_law_any_bytes_are_a_uid_or_an_error(content: bytes) -> None:
    defs = read(content)
    assert (defs.uid_min is None) is bool(defs.error)
    assert defs.uid_min is None or 0 <= defs.uid_min < 0xFFFFFFFF
    assert (defs.error + defs.remark).isprintable()

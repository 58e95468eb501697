"""Numbers as C's strtol and strtoul read them."""

from __future__ import annotations

import pytest

from auditrules.audit.model import c_integers

MOST_LONG, MOST_UNSIGNED = 2**63 - 1, 2**64 - 1

STRTOL: list[tuple[str, int]] = [
    ("", 0),
    ("0", 0),
    ("12", 12),
    ("-12", -12),
    ("+12", 12),
    (" \t\n\v\f\r12", 12),
    ("- 12", 0),
    ("--12", 0),
    ("12abc", 12),
    ("1e3", 1),
    ("1_000", 1),
    ("010", 8),
    ("-010", -8),
    ("08", 0),
    ("0x1F", 31),
    ("0X1f", 31),
    ("-0x10", -16),
    ("0x", 0),
    ("0xg", 0),
    ("0x1g", 1),
    ("x1", 0),
    ("٣", 0),
    ("1٣", 1),
    ("9223372036854775807", MOST_LONG),
    ("9223372036854775808", MOST_LONG),
    ("-9223372036854775808", -MOST_LONG - 1),
    ("-9223372036854775809", -MOST_LONG - 1),
    ("9" * 5000, MOST_LONG),
]


@pytest.mark.parametrize(("text", "number"), STRTOL, ids=[repr(case[0])[:30] for case in STRTOL])
def test_strtol_reads_a_prefix_and_saturates(text: str, number: int) -> None:
    assert c_integers.strtol(text) == number


STRTOUL: list[tuple[str, int]] = [
    ("12", 12),
    ("-1", MOST_UNSIGNED),
    ("-12", 2**64 - 12),
    ("18446744073709551615", MOST_UNSIGNED),
    ("18446744073709551616", MOST_UNSIGNED),
    ("-18446744073709551615", 1),
    ("-18446744073709551616", MOST_UNSIGNED),
]


@pytest.mark.parametrize(("text", "number"), STRTOUL)
def test_strtoul_wraps_a_minus_and_saturates(text: str, number: int) -> None:
    assert c_integers.strtol(text, signed=False) == number


@pytest.mark.parametrize(
    ("text", "base", "number"),
    [("c000003e", 16, 0xC000003E), ("0xc000003e", 16, 0xC000003E), ("10", 16, 16), ("010", 10, 10), ("0x10", 10, 0)],
)
def test_a_base_is_kept(text: str, base: int, number: int) -> None:
    assert c_integers.strtol(text, base) == number


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("0", False),
        ("18446744073709551615", False),
        ("18446744073709551616", True),
        ("0x1" + "0" * 16, True),
        ("x", False),
    ],
)
def test_what_is_beyond_64_bits_overflows(text: str, *, over: bool) -> None:
    assert c_integers.overflows(text) is over


@pytest.mark.parametrize(
    ("text", "digit", "negative"),
    [
        ("5", True, False),
        ("5x", True, False),
        ("-5", False, True),
        ("+5", False, False),
        ("-", False, False),
        ("-x", False, False),
        ("", False, False),
        (" 5", False, False),
        ("٣", False, False),
        ("²", False, False),
    ],
)
def test_only_an_ascii_digit_begins_a_number(text: str, *, digit: bool, negative: bool) -> None:
    assert c_integers.is_digit(text) is digit
    assert c_integers.is_negative(text) is negative


@pytest.mark.parametrize(
    ("number", "word", "signed"),
    [(0, 0, 0), (-1, 2**32 - 1, -1), (2**32, 0, 0), (2**31, 2**31, -(2**31)), (2**31 - 1, 2**31 - 1, 2**31 - 1)],
)
def test_a_word_has_32_bits(number: int, word: int, signed: int) -> None:
    assert c_integers.word(number) == word
    assert c_integers.signed(word) == signed

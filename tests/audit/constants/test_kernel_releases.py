"""What a release says of the kernel's classes: each was asked of kernels 5.10 to 7.3 themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditrules.audit.constants import syscalls
from auditrules.audit.constants.kernel_releases import CHANGES, counts, has_call, release_of
from auditrules.audit.constants.syscall_classes import classes

CLASSES = Path(__file__).parents[2] / "corpus" / "kernels" / "classes.jsonl"
SEEN = [
    (row["kernel"], row["perm"], row["machine"], frozenset(row["syscalls"]))
    for row in map(json.loads, CLASSES.read_text("utf-8").splitlines())
]
# Whose arguments decide, and were none here.
BY_ARGUMENTS = frozenset({("w", "openat2"), ("w", "socketcall")})


def said(kernel: str, letter: str, machine: str) -> tuple[set[int], set[int]]:
    """What is counted for a letter by our tables, and what may be."""
    certain = set(classes(letter, machine))
    possible = set()
    for of, call in CHANGES:
        number = syscalls.kernel_number(call, machine)
        if of == letter and number is not None:
            certain.discard(number)
            counted = counts(letter, call, kernel)
            if counted:
                certain.add(number)
            elif counted is None:
                possible.add(number)
    return certain, possible


@pytest.mark.parametrize(
    ("kernel", "letter", "machine", "seen"), SEEN, ids=[f"{row[0]}-{row[1]}-{row[2]}" for row in SEEN]
)
def test_what_a_kernel_counts_for_a_letter_is_what_its_release_says(
    kernel: str, letter: str, machine: str, seen: frozenset[int]
) -> None:
    certain, possible = said(kernel, letter, machine)
    left_out = {syscalls.kernel_number(call, machine) for of, call in BY_ARGUMENTS if of == letter}
    assert not certain - seen - left_out
    assert not seen - certain - possible


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("6.12.117+deb13-cloud-amd64", (6, 12)),
        ("5.15.0-204-generic", (5, 15)),
        ("6.1", (6, 1)),
        ("7.3.4", (7, 3)),
        ("", None),
        ("6", None),
        ("linux-6.1", None),
        ("6.x", None),
        ("5.15.133.1-microsoft-standard-WSL2", (5, 15)),
        ("6.1\nx", None),
        ("6.1 evil", None),
        ("6.1\udcff", None),
        ("\N{FULLWIDTH DIGIT SIX}.1", None),
        ("-6.1", None),
    ],
)
def test_a_release_is_its_first_two_numbers(text: str, release: tuple[int, int] | None) -> None:
    assert release_of(text) == release


@pytest.mark.parametrize(
    ("letter", "call", "kernel", "there", "counted"),
    [
        ("r", "openat2", "5.4.0-216-generic", False, False),
        ("r", "openat2", "5.10.0-46-cloud-amd64", True, False),
        ("w", "openat2", "6.1.0-57-cloud-amd64", True, True),
        ("a", "fchmodat2", "6.1.0-57-cloud-amd64", False, False),
        ("a", "fchmodat2", "6.12.117+deb13-cloud-amd64", True, None),
        ("a", "fchmodat2", "6.17.13+deb13-cloud-amd64", True, None),
        ("a", "fchmodat2", "6.19.14+deb13-cloud-amd64", True, True),
        ("a", "file_setattr", "6.16.1", False, False),
        ("a", "file_setattr", "7.1.13+deb13-cloud-amd64", True, False),
        ("a", "file_setattr", "7.2.1", True, None),
        ("a", "file_setattr", "7.3.4+deb13-cloud-amd64", True, True),
        ("r", "statx", "7.2.1", True, None),
        # A distribution that takes changes into an old kernel does not say so in its release.
        ("a", "fchmodat2", "5.14.0-570.el9.x86_64", None, None),
        ("r", "openat2", "4.18.0-553.el8_10.x86_64", None, None),
        ("r", "openat2", "5.3.18-150300.59.93-default", None, None),
        ("r", "openat2", "5.14.21-150500.33.20-azure", True, None),
        ("r", "openat2", "5.3.18-150300.59.93-preempt", None, None),
        ("r", "openat2", "5.10.0-136.12.0.86.oe2203sp1.x86_64", True, None),
        ("r", "openat2", "5.15.0-1041-azure", True, False),
        ("a", "fchmodat2", "5.15.0-205.149.5.1.el9uek.x86_64", None, None),
        ("r", "openat2", "", None, None),
    ],
)
def test_where_a_release_does_not_decide_that_is_not_known(
    letter: str, call: str, kernel: str, there: bool | None, counted: bool | None
) -> None:
    assert (has_call(call, kernel), counts(letter, call, kernel)) == (there, counted)

from __future__ import annotations

import doctest

import pytest

from auditrules.doctor import wrapper

EXTENSION = "/usr/lib/osquery/extensions/auditrules.ext"

# a script's lines behind #!, and what it starts
STARTED: tuple[tuple[str, str | None], ...] = (
    (f'exec {EXTENSION} --table-prefix our_ "$@"', EXTENSION),
    (f'exec "{EXTENSION}" "$@"', EXTENSION),
    (f"{EXTENSION} $*", EXTENSION),
    (f'exec env A=b nice -n 5 {EXTENSION} "$@"', EXTENSION),
    (f'exec {EXTENSION} \\\n  --table-prefix our_ \\\n  "$@"', EXTENSION),
    (f'extension={EXTENSION}\nexec "$extension" "$@"', EXTENSION),
    (f'# {EXTENSION} is not for us\nexec /opt/auditrules-2.ext "$@"', "/opt/auditrules-2.ext"),
    ('exec "/opt/my programs/auditrules.ext" "$@"', "/opt/my programs/auditrules.ext"),
    ('exec "$(dirname "$0")/auditrules.ext" "$@"', "/srv/auditrules.ext"),
    ('exec "${0%/*}/auditrules.ext" "$@"', "/srv/auditrules.ext"),
    ('exec "$FOLDER/auditrules.ext" "$@"', ""),
    (f'echo \'\nexec {EXTENSION} "$@"', EXTENSION),
    ('exec /opt/other.ext "$@"', None),
    ("exec /usr/bin/auditctl -R /etc/auditrules", None),
    (f"# {EXTENSION}", None),
    ("", None),
)


@pytest.mark.parametrize(("lines", "expected"), STARTED)
def test_a_script_tells_what_it_starts(lines: str, expected: str | None) -> None:
    assert wrapper.started("/srv/our.ext", f"#!/bin/sh\n{lines}\n") == expected


def test_what_is_no_script_starts_nothing() -> None:
    assert wrapper.started("/srv/our.ext", f"exec {EXTENSION}") is None


@pytest.mark.parametrize("line", ['x "$@"', "x $@", "x $*", 'x "${@}"', 'x \\\n "$@"'])
def test_arguments_are_handed_on(line: str) -> None:
    assert wrapper.passes_arguments(f"#!/bin/sh\n{line}\n")


@pytest.mark.parametrize("line", ["x", 'x "$1"', '# "$@"', "x @"])
def test_arguments_are_kept(line: str) -> None:
    assert not wrapper.passes_arguments(f"#!/bin/sh\n{line}\n")


def test_the_examples_hold() -> None:
    assert doctest.testmod(wrapper).failed == 0

"""What only who looks again and again sees: a directory that another one was put in place of, a mount that went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.filesystem.remembered import MOST_PLACES, Remembered
from auditrules.audit.model.host_facts import Entry, Facts, Mount, PathChange, RulesLoad
from tests.audit.file_trees import facts, looked_at, rules_of

FIRST, SECOND, THIRD, LAST = 1000.0, 1060.0, 1120.0, 1180.0
ROOT = Mount(1, 1, "/", "/", "ext4", "8:1", early=True)
ON_V = Mount(2, 1, "/v", "/store", "ext4", "8:1")
TMPFS = Mount(2, 1, "/v", "/", "tmpfs", "0:40")
OVERLAY = replace(ROOT, fstype="overlay", dev="0:30")


def seen(*mounts: Mount, **inodes: int | str) -> Facts:
    """The directories of `/`, by the numbers of their inodes; a text is a link's, and nothing is there by 0."""
    files = {"/": Entry("dir", dev="8:1", ino=2)}
    for name, number in inodes.items():
        path = f"/{name.replace('__', '/')}"
        if isinstance(number, str):
            files[path] = Entry("link", number, dev="8:1", ino=9)
        else:
            files[path] = Entry("dir", dev="8:1", ino=number) if number else Entry("missing")
    return Facts(files=files, mounts=mounts or (ROOT,))


def looked(*facts: Facts) -> Mapping[str, PathChange]:
    remembered = Remembered()
    for at, each in zip((FIRST, SECOND, THIRD, LAST), facts, strict=False):
        remembered = remembered.with_collection(at, each)
    return remembered.changed


HERE, THERE = PathChange(FIRST, mounted=False), PathChange(FIRST, mounted=True)

# What was seen each time, and what had changed at the end.
SEEN: dict[str, tuple[tuple[Facts, ...], dict[str, PathChange]]] = {
    "once": ((seen(v=3),), {}),
    "twice the same": ((seen(v=3), seen(v=3)), {}),
    "another directory": ((seen(v=3), seen(v=4)), {"/v": HERE}),
    "another directory, and a third look": ((seen(v=3), seen(v=4), seen(v=4)), {"/v": HERE}),
    "another one, and the first again": ((seen(v=3), seen(v=4), seen(v=3)), {"/v": PathChange(SECOND, mounted=False)}),
    "the change comes with the last look": (
        (seen(v=3), seen(v=3), seen(v=3), seen(v=4)),
        {"/v": PathChange(THIRD, mounted=False)},
    ),
    "nothing in between": ((seen(v=3), seen(v=0), seen(v=4)), {"/v": PathChange(SECOND, mounted=False)}),
    "not looked at in between": ((seen(v=3), seen(), seen(v=4)), {"/v": PathChange(SECOND, mounted=False)}),
    "mounts not known in between": (
        (seen(v=3), replace(seen(v=4), mounts=None), seen(v=4)),
        {"/v": HERE},
    ),
    "first nothing": ((seen(v=0), seen(v=4)), {}),
    "no number": ((seen(v=3), replace(seen(), files={"/v": Entry("dir")})), {}),
    "another mode": (
        (seen(v=3), replace(seen(), files={"/v": Entry("dir", dev="8:1", ino=3, mode=0o700)})),
        {},
    ),
    "a bind mount that went": ((seen(ROOT, ON_V, v=3, v__d=5), seen(v=4, v__d=6)), {"/v": THERE, "/v/d": THERE}),
    "a bind mount that came": ((seen(v=4), seen(ROOT, ON_V, v=3)), {"/v": THERE}),
    "a directory mounted on itself": (
        (seen(v=3), seen(ROOT, replace(ON_V, root="/v"), v=3)),
        {},
    ),
    "a tmpfs moved away": ((seen(ROOT, TMPFS, v=1), seen(ROOT, replace(TMPFS, point="/w"), v=4, w=1)), {"/v": THERE}),
    "a link led elsewhere": ((seen(v="a"), seen(v="b")), {"/v": HERE}),
    "a link made anew": (
        (seen(v="a"), replace(seen(), files={"/v": Entry("link", "a", dev="8:1", ino=10)})),
        {},
    ),
    "a link in place of a directory": ((seen(ROOT, ON_V, v=3), seen(v="a")), {"/v": HERE}),
    "a file": ((seen(), replace(seen(), files={"/v": Entry("file", dev="8:1", ino=3)})), {}),
    "where numbers do not stay": ((seen(OVERLAY, v=3), seen(OVERLAY, v=4)), {}),
    "a link where numbers do not stay": ((seen(OVERLAY, v="a"), seen(OVERLAY, v="b")), {"/v": HERE}),
    "where numbers do not stay, by a mount": ((seen(OVERLAY, v=3), seen(OVERLAY, TMPFS, v=1)), {"/v": THERE}),
}


@pytest.mark.parametrize(("facts", "changed"), SEEN.values(), ids=SEEN)
def test_what_was_another_one_when_it_was_seen_last_has_changed(
    facts: tuple[Facts, ...], changed: dict[str, PathChange]
) -> None:
    assert looked(*facts) == changed


def test_what_is_remembered_stays_within_bounds() -> None:
    remembered = Remembered()
    for number in range(4):
        names = {f"d{number}x{each}": each + 1 for each in range(MOST_PLACES // 2)}
        remembered = remembered.with_collection(FIRST + number, seen(**names))
        assert len(remembered.places) <= MOST_PLACES


def test_a_change_of_what_nobody_names_any_more_is_forgotten() -> None:
    names = {f"d{each}": each + 1 for each in range(MOST_PLACES)}
    assert looked(seen(v=3), seen(v=4), seen(**names)) == {}


# The load of the rules, what changed, and what is said of a path below a watched directory by now.
LOADS = (
    (RulesLoad(500.0), HERE, "replaced"),
    (RulesLoad(500.0), THERE, "mounted_after_load"),
    (RulesLoad(FIRST - 4), HERE, "covered"),  # they may have been loaded just after that
    (RulesLoad(2000.0), HERE, "covered"),
    (RulesLoad(2000.0), THERE, "covered"),
    (RulesLoad(None), HERE, "replaced"),
    (RulesLoad(500.0, or_later=True), THERE, "mounted_after_load"),
)
HOST = facts({"/v/f": "file", "/v/d/x": "file"})
RULES = {"-w /v -p wa": "/v/f", "-w /v/f -p wa": "/v/f", "-w /v/d -p wa": "/v/d/x"}


@pytest.mark.parametrize(("rule", "path"), RULES.items())
@pytest.mark.parametrize(("load", "change", "reason"), LOADS)
def test_a_change_after_the_load_is_a_sign(
    rule: str, path: str, load: RulesLoad, change: PathChange, reason: str
) -> None:
    on = replace(HOST, changed={"/v": change})
    host = FileSystem(looked_at(on, [path]))
    found = evaluate_path(path, AuditedHost(rules_of((rule,), on, fresh=False, load=load), host, ON), "w")
    assert found.reason.value == reason
    assert any(each.signs for each in found.deciding) is (reason != "covered")
    again = evaluate_path(path, AuditedHost(rules_of((rule,), on), host, ON), "w")
    assert again.reason.value == "covered"


@pytest.mark.parametrize(
    ("change", "at", "words"),
    [
        (HERE, 500.0, "another directory or link was at /v on 1970-01-01 00:16:40 UTC, after the rules were loaded on"),
        (THERE, 500.0, "/v was on another file system on 1970-01-01 00:16:40 UTC, after the rules were loaded on"),
        (HERE, None, "00:16:40 UTC, and when the rules were loaded is not known"),
    ],
)
def test_evidence_says_when_it_was_seen(change: PathChange, at: float | None, words: str) -> None:
    on = replace(HOST, changed={"/v": change})
    (rule,) = rules_of(("-w /v -p wa",), on, fresh=False, load=RulesLoad(at)).resolved
    (sign,) = rule.signs
    assert words in sign

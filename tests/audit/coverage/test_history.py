"""What shows that a rule may be on something else than what its path leads to by now, and what does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditrules.audit.boot.load_time import UNKNOWN_TIME
from auditrules.audit.coverage.answer import Coverage
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.history import History
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Entry, Facts, Mount, RulesLoad
from tests.audit.file_trees import DEV, facts, looked_at, rules_of, with_entries

FILES = {
    "/etc/docker/daemon.json": "file",
    "/opt/releases/2/conf": "file",
    "/opt/app": "-> releases/2",
    "/usr/bin/dockerd": "file",
    "/var/lib/docker/layer": "file",
}
LOADED, BEFORE, AFTER = 1_700_000_000.0, 1_699_999_000.0, 1_700_001_000.0
LOAD = RulesLoad(LOADED)
SURE = RulesLoad(LOADED, all_since=True)
MADE = "was made on 2023-11-14 22:30:00 UTC, after the rules were loaded on 2023-11-14 22:13:20 UTC"


def born(**times: float) -> Facts:
    """The files, some of which were made at a time."""
    return at({path: replace(facts(FILES).files[path], born=time) for path, time in times.items()})


def at(entries: Mapping[str, Entry], *mounts: Mount) -> Facts:
    return with_entries(facts(FILES, mounts), entries)


def said(path: str, rule: str, on: Facts, load: RulesLoad = LOAD) -> Coverage:
    rules = rules_of((rule,), on, fresh=False, load=load)
    return evaluate_path(path, AuditedHost(rules, FileSystem(looked_at(on, [path])), ON), "w")


TREE, FILE, LINK = "-w /var/lib/docker -p wa", "-w /etc/docker/daemon.json -p wa", "-w /opt/app/conf -p wa"
RELEASE = "/opt/releases/2/conf"
# What was made when, the path that is asked for and the rule: the reason, and which name shows it.
SIGNS: dict[str, tuple[dict[str, float], str, str, str, str]] = {
    "nothing": ({}, "/var/lib/docker", TREE, "covered", ""),
    "the directory of a tree": (
        {"/var/lib/docker": AFTER},
        "/var/lib/docker/layer",
        TREE,
        "replaced",
        "/var/lib/docker",
    ),
    "the same, before the load": ({"/var/lib/docker": BEFORE}, "/var/lib/docker/layer", TREE, "covered", ""),
    "the same, while the rules were loaded": ({"/var/lib/docker": LOADED + 4}, "/var/lib/docker", TREE, "covered", ""),
    "a directory above it": ({"/var/lib": AFTER}, "/var/lib/docker/layer", TREE, "replaced", "/var/lib"),
    "a directory below it": (
        {"/etc/docker": AFTER},
        "/etc/docker/daemon.json",
        "-w /etc -p wa",
        "covered",
        "",
    ),
    "the directory of a file": ({"/etc/docker": AFTER}, "/etc/docker/daemon.json", FILE, "replaced", "/etc/docker"),
    "the file itself": ({"/etc/docker/daemon.json": AFTER}, "/etc/docker/daemon.json", FILE, "covered", ""),
    "a link on the way": ({"/opt/app": AFTER}, RELEASE, LINK, "replaced", "/opt/app"),
    "where a link on the way leads": ({"/opt/releases/2": AFTER}, RELEASE, LINK, "replaced", "/opt/releases/2"),
    "another directory": ({"/usr/bin": AFTER}, "/var/lib/docker/layer", TREE, "covered", ""),
    "the directory of a program": (
        {"/usr/bin": AFTER},
        "/etc/docker/daemon.json",
        "-a always,exit -F exe=/usr/bin/dockerd",
        "replaced",
        "/usr/bin",
    ),
}


@pytest.mark.parametrize(("times", "path", "rule", "reason", "sign"), SIGNS.values(), ids=SIGNS)
def test_a_directory_or_link_that_was_made_after_the_load_is_a_sign(
    times: dict[str, float], path: str, rule: str, reason: str, sign: str
) -> None:
    found = said(path, rule, born(**times))
    assert found.reason.value == reason
    assert {text for each in found.deciding for text in each.signs} == ({f"{sign} {MADE}"} if sign else set())


def test_where_nothing_tells_when_the_rules_were_loaded_there_is_no_sign() -> None:
    assert said("/var/lib/docker", TREE, born(**{"/var/lib/docker": AFTER}), UNKNOWN_TIME).reason.value == "covered"


def test_of_locked_rules_whose_unit_was_started_again_it_is_told_that_they_may_be_older() -> None:
    found = said("/var/lib/docker", TREE, born(**{"/var/lib/docker": AFTER}), RulesLoad(LOADED, or_later=True))
    (sign,) = (text for each in found.deciding for text in each.signs)
    assert found.reason.value == "replaced"
    assert sign.endswith("they may have been loaded before, at any time since the boot on 2023-11-14 22:13:20 UTC")


def test_a_never_rule_whose_directory_was_made_anew_may_keep_nothing_out() -> None:
    on = born(**{"/var/lib/docker": AFTER})
    rules = rules_of(("-a never,exit -F dir=/var/lib/docker", "-w /var -p wa"), on, fresh=False, load=LOAD)
    found = evaluate_path("/var/lib/docker/layer", AuditedHost(rules, FileSystem(on), ON), "w")
    assert found.reason.value == "replaced"


def mount(number: int, point: str, *, fstype: str = "xfs", **facts: object) -> Mount:
    return replace(Mount(number, 1, point, "/", fstype, f"0:{number}"), **facts)  # type: ignore[arg-type]


POINT = "/var/lib/docker"
# A mount at the directory, the load, and the reason.
MOUNTED: dict[str, tuple[Mount, RulesLoad, str]] = {
    "of boot": (mount(2, POINT, early=True), LOAD, "covered"),
    "of boot, made after the load": (mount(2, POINT, early=True, since=AFTER), LOAD, "mounted_after_load"),
    "of boot, made before it": (mount(2, POINT, early=True, since=BEFORE), LOAD, "covered"),
    "made at some time": (mount(2, POINT), SURE, "mounted_after_load"),
    "made before all rules were loaded": (mount(2, POINT, since=BEFORE), SURE, "covered"),
    "made before some rules were loaded": (mount(2, POINT, since=BEFORE), LOAD, "mounted_after_load"),
    "made while they were loaded": (mount(2, POINT, since=LOADED + 1), SURE, "mounted_after_load"),
    "made, and who knows when they were loaded": (mount(2, POINT, since=BEFORE), UNKNOWN_TIME, "mounted_after_load"),
}


@pytest.mark.parametrize(("one", "load", "reason"), MOUNTED.values(), ids=MOUNTED)
def test_a_mount_is_one_that_was_there_at_the_load_or_may_not_be(one: Mount, load: RulesLoad, reason: str) -> None:
    assert said("/var/lib/docker/layer", TREE, at({}, one), load).reason.value == reason


@pytest.mark.parametrize(("one", "load", "reason"), MOUNTED.values(), ids=MOUNTED)
def test_a_tree_reaches_into_a_mount_that_was_there_at_the_load(one: Mount, load: RulesLoad, reason: str) -> None:
    assert said("/var/lib/docker/layer", "-w /var -p wa", at({}, one), load).reason.value == reason


def test_a_directory_mounted_there_that_was_made_after_the_load_was_mounted_after_it() -> None:
    on = at({POINT: Entry("dir", dev="0:2", ino=7, born=AFTER)}, mount(2, POINT, early=True))
    assert said("/var/lib/docker/layer", TREE, on).reason.value == "mounted_after_load"


def test_a_mount_below_one_that_came_after_the_load_came_after_it_too() -> None:
    below = replace(mount(3, "/var/lib/docker", early=True), parent=2)
    on = at({}, mount(2, "/var", since=AFTER), below)
    assert said("/var/lib/docker/layer", TREE, on).reason.value == "mounted_after_load"


@pytest.mark.parametrize(("point", "reason"), [(POINT, "mounted_after_load"), ("/var", "mounted_after_load")])
def test_what_boot_mounts_and_is_not_there_now_may_have_been_there_at_the_load(point: str, reason: str) -> None:
    on = replace(at({}), unmounted=frozenset({point}))
    found = said("/var/lib/docker/layer", TREE, on, UNKNOWN_TIME)
    assert found.reason.value == reason
    (deciding,) = found.deciding
    assert deciding.signs == (f"boot mounts a file system on {point}, and none is there now",)


def test_what_boot_mounts_elsewhere_is_no_sign() -> None:
    on = replace(at({}), unmounted=frozenset({"/var/lib/docker/below", "/srv"}))
    assert said("/var/lib/docker/layer", TREE, on, UNKNOWN_TIME).reason.value == "covered"


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (born(), False),
        (born(**{"/etc/docker": BEFORE}), False),
        (born(**{"/etc/docker": AFTER}), True),
        (at({}, mount(2, "/srv", early=True, since=BEFORE)), False),
        (at({}, mount(2, "/srv", since=BEFORE)), True),
        (at({}, mount(2, "/srv", since=AFTER)), False),
        (at({}, mount(2, "/srv", early=True, since=AFTER)), True),
        (replace(born(), unmounted=frozenset({"/srv"})), True),
    ],
)
def test_history_counts_where_the_next_boot_is_not_as_the_last_load(on: Facts, counts: bool) -> None:
    assert on.mounts is not None
    assert on.mounts[0].dev == DEV
    assert History(FileSystem(on), SURE).differs_from_boot is counts

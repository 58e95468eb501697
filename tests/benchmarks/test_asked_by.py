"""Who is asked about: conditions that a benchmark's file may have, and those that are refused when it is read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.benchmarks.asked_by import AskedBy
from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.fields import BenchmarkError
from tests.fixtures.audited import audited
from tests.fixtures.requirements import requirement

KINDS: Mapping[str, Mapping[str, object]] = {
    "syscall": {"syscalls": ["chmod"]},
    "path": {"path": "/etc/shadow", "permissions": "wa"},
    "privileged_command": {},
}
REFUSED = (
    ["bogus>>1"],
    ["auid>=UID_MINX"],
    ["auid>=UID_MIN0"],
    ["auid>=1UID_MIN"],
    ["gid>=UID_MIN"],
    ["exit=UID_MIN"],
    ["auid>=1000", "auid<500"],
    ["auid=1000", "auid=1001"],
    ["auid=UID_MIN", "auid!=UID_MIN"],
    ["uid=0", "uid>=UID_MIN", "uid!=0"],
    ["auid=unset", "auid!=unset"],
    ["uid<0"],
    ["uid>4294967295"],
    ["success=1", "success=0"],
    ["success=2", "success=0"],
    ["success!=1", "success!=0"],
    ["exit=-EACCES", "exit=-EPERM"],
)
TAKEN: tuple[list[str], ...] = (
    [],
    ["auid>=UID_MIN", "auid!=unset"],
    ["auid>=UID_MIN", "auid<500"],  # of a host whose UID_MIN is less
    ["auid>=1000", "auid<=1000"],
    ["gid=1", "gid=2"],  # a task has several groups
    ["uid!=0", "euid=0"],
    ["a0&1", "a0&2"],
    ["success=1", "success=2"],
    ["exit=-EACCES"],
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fields", REFUSED)
def test_what_nobody_can_meet_or_auditctl_refuses_is_refused_when_it_is_read(kind: str, fields: list[str]) -> None:
    with pytest.raises(BenchmarkError) as error:
        requirement(kind, fields=fields, **KINDS[kind])
    assert (error.value.file, error.value.control, error.value.key) == ("site.json", "1", "fields")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fields", TAKEN)
def test_what_is_taken_is_judged(kind: str, fields: list[str]) -> None:
    one, on = requirement(kind, fields=fields, **KINDS[kind]), audited()
    named = list(one.paths(on.facts))
    assert all(each.startswith("/") for each in named)
    assert all(one.judge(on, source) for source in ("kernel", "boot"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_arch_at_all_is_refused_when_it_is_read(kind: str) -> None:
    with pytest.raises(BenchmarkError) as error:
        requirement(kind, arches=[], **KINDS[kind])
    assert error.value.key == "arches"


@pytest.mark.parametrize("compare", [["euid=uid", "euid!=uid"], ["bogus!=uid"]])
def test_comparisons_that_contradict_each_other_are_refused(compare: list[str]) -> None:
    with pytest.raises(BenchmarkError) as error:
        requirement("syscall", syscalls=["execve"], compare=compare)
    assert error.value.key == "compare"


def test_a_path_that_has_uid_min_in_its_name_stays() -> None:
    asked = AskedBy(("exe=/opt/UID_MIN", "auid>=UID_MIN"))
    assert asked.resolved(LoginDefs(500)) == ("exe=/opt/UID_MIN", "auid>=500")

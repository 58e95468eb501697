"""Rules of the io_uring list, as Linux 6.1.0-57 and 7.3.4 of Debian treat them: by openat, and by io_uring's openat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.coverage.explain import conditions
from auditrules.audit.model.host_facts import KernelBuild
from tests.audit.file_trees import covered, facts

P, D = "/etc/docker/daemon.json", "/etc/docker"
EXIT = f"-a always,exit -S all -F path={P}"
NEVER = "-a never,io_uring -S"
ALWAYS = "-a always,io_uring -S"

# The rules, whether the kernel recorded openat, and whether we say that it is; then the same of io_uring's openat.
OPENED: dict[str, tuple[tuple[str, ...], bool, bool, bool, bool]] = {
    "the exit list": ((EXIT,), True, True, True, True),
    "never on the path": ((f"{NEVER} all -F path={P}", EXIT), False, False, False, False),
    # The kernel lists one list after the other, so that their order is not known.
    "never on the path, after it": ((EXIT, f"{NEVER} all -F path={P}"), True, False, True, False),
    "never openat on the path": ((f"{NEVER} openat -F path={P}", EXIT), True, True, True, False),
    "never on the directory": ((f"{NEVER} all -F dir={D}", EXIT), True, True, False, False),
    "never on all": ((f"{NEVER} all", EXIT), True, True, False, False),
    "always on the path": ((f"{ALWAYS} all -F path={P}",), True, True, True, True),
    "always openat on the path": ((f"{ALWAYS} openat,openat2 -F path={P}",), False, False, False, False),
    "always on the path by openat's number": ((f"{ALWAYS} 257 -F path={P}",), True, True, False, False),
    "always on the directory": ((f"{ALWAYS} all -F dir={D}",), False, False, True, False),
    "a watch": ((f"-w {P} -p r",), True, True, False, False),
    "a watch, and always on the directory": (
        (f"-w {P} -p r", f"{ALWAYS} openat,openat2 -F dir={D}"),
        True,
        True,
        True,
        True,
    ),
    "a watch, and always on all": ((f"-w {P} -p r", f"{ALWAYS} openat,openat2"), True, True, True, True),
    "a watch, and always openat2 only": ((f"-w {P} -p r", f"{ALWAYS} openat2"), True, True, False, False),
    "a watch, and always elsewhere": (
        (f"-w {P} -p r", f"{ALWAYS} all -F dir=/var/lib/docker"),
        True,
        True,
        False,
        False,
    ),
    "a watch, always on the path": ((f"-w {P} -p r", f"{ALWAYS} openat,openat2 -F path={P}"), True, True, False, False),
    "a watch, always and never": ((f"-w {P} -p r", f"{ALWAYS} all", f"{NEVER} 1"), True, True, True, False),
    "a watch, always, tasks left out": (
        (f"-w {P} -p r", f"{ALWAYS} all", "-a never,task -F uid=5"),
        True,
        True,
        True,
        False,
    ),
}


@pytest.mark.parametrize(("rules", "opened", "told", "by_ring", "told_by_ring"), OPENED.values(), ids=OPENED)
def test_rules_on_inodes_filter_system_calls_whatever_their_list(
    rules: tuple[str, ...], opened: bool, told: bool, by_ring: bool, told_by_ring: bool
) -> None:
    on = replace(facts(), version=(4, 0, 0), kernel=KernelBuild("6.12"))
    found = covered(P, *rules, on=on)
    (letter,) = (each for each in found.permissions if each.permission == "r")
    reference = letter.calls[1]  # openat
    assert reference.operation.call == "openat"
    recorded = reference.status.value in ("recorded", "conditional")
    assert recorded is told
    assert opened or not told
    if recorded and letter.status.value != "unrecorded":
        said = "except io_uring" not in conditions(replace(found, permissions=(letter,)), "x86_64", older=False)
        assert said is told_by_ring
        assert by_ring or not said

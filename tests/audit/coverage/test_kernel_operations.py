"""One access by each call to a file under each rule, on kernels 5.10 to 7.3: recorded or not, against our answer.

Where the release of a kernel does not say what a call counts as, our answer is that this is not known: either agrees.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access_coverage import AuditedHost
from auditrules.audit.coverage.access_targets import TargetAccesses, target_of
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.explain import conditions
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import (
    OPERATIONS,
    CollectedNames,
    Operation,
    is_there,
    may_count_as,
)
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.resolved_rules import RuleResolver
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts, KernelBuild, Version, ordinary_files

CORPUS = Path(__file__).parents[2] / "corpus" / "kernels" / "operations.jsonl"
FILE = "/p/FILE"

# The rules by their keys, with the auditctl that loaded each.
WATCHES = {f"w{letter}": ((3, 0, 9), f"-w {FILE} -p {letter}") for letter in "rwxa"}
EXPANDED = {
    f"c{name}{letter}": (version, f"-a always,exit -F arch=b64 -F path={FILE} -F perm={letter}")
    for name, version in (("309", (3, 0, 9)), ("402", (4, 0, 2)), ("421", (4, 2, 1)))
    for letter in "rwxa"
}
RULES: Mapping[str, tuple[Version, str]] = {
    "n": ((3, 0, 9), f"-a always,exit -F path={FILE}"),
    **WATCHES,
    **EXPANDED,
}

# What was done, as our operations: those that reach the file by its name or by a descriptor.
DONE: Mapping[str, Operation] = {
    "open r": OPERATIONS["open"],
    "openat r": OPERATIONS["openat"],
    "openat2 r": OPERATIONS["openat2"],
    "openat w": OPERATIONS["openat for writing"],
    "openat2 w": OPERATIONS["openat2 for writing"],
    "open_by_handle_at r": OPERATIONS["open_by_handle_at"],
    "open_by_handle_at w": OPERATIONS["open_by_handle_at"],
    "truncate": OPERATIONS["truncate"],
    "getxattr": OPERATIONS["getxattr"],
    "listxattr": OPERATIONS["listxattr"],
    "getxattrat": Operation("getxattrat", CollectedNames.FILE),
    "listxattrat": Operation("listxattrat", CollectedNames.FILE),
    "file_getattr": Operation("file_getattr", CollectedNames.FILE),
    "statx": Operation("statx", CollectedNames.FILE),
    "faccessat2": Operation("faccessat2", CollectedNames.FILE),
    "name_to_handle_at": Operation("name_to_handle_at", CollectedNames.FILE),
    "fchmodat": OPERATIONS["fchmodat"],
    "fchmodat2": OPERATIONS["fchmodat2"],
    "fchmodat2 NOFOLLOW": OPERATIONS["fchmodat2"],
    "fchmod": OPERATIONS["fchmod"],
    "fchownat": OPERATIONS["fchownat"],
    "setxattr": OPERATIONS["setxattr"],
    "fsetxattr": OPERATIONS["fsetxattr"],
    "removexattr": OPERATIONS["removexattr"],
    "setxattrat": OPERATIONS["setxattrat"],
    "removexattrat": OPERATIONS["removexattrat"],
    "file_setattr": OPERATIONS["file_setattr"],
    "ioctl FS_IOC_SETFLAGS": OPERATIONS["ioctl"],
    "utimensat": OPERATIONS["utimensat"],
    "ftruncate": OPERATIONS["ftruncate"],
    "fallocate": OPERATIONS["fallocate"],
    "execve": OPERATIONS["execve"],
    "execveat": OPERATIONS["execveat"],
    "uring openat r": OPERATIONS["io_uring opens"],
    "uring openat w": OPERATIONS["io_uring opens"],
    "uring openat2 w": OPERATIONS["io_uring opens"],
    "uring setxattr": OPERATIONS["io_uring sets attributes"],
}
# What io_uring does in two ways, each on some kernels.
BY_IO_URING = {
    **dict.fromkeys(
        ("uring unlinkat", "uring renameat", "uring linkat"), ("io_uring removes, unseen", "io_uring removes")
    ),
    "uring fsetxattr": ("io_uring sets attributes, unseen", "io_uring sets attributes"),
}

SEEN = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
NO_SUCH_CALL = 38
CASES = [row for row in SEEN if row["errno"] is None and row["op"] in DONE] + [
    row
    for row in SEEN
    if row["op"] in BY_IO_URING and row["errno"] is None and not row["kernel"].startswith("5.10.")  # which lacks it
]


def audited(key: str, kernel: str) -> AuditedHost:
    version, line = RULES[key]
    facts = Facts(version=version, files=ordinary_files(FILE), kernel=KernelBuild(kernel))
    file_system = FileSystem(facts)
    rules = load_rules(f"{line}\n".encode(), facts).rules
    assert len(rules) == 1
    return AuditedHost(RuleSet(rules, RuleResolver(file_system, fresh=True)), file_system, ON)


def answers(operation: Operation, key: str, kernel: str) -> Iterator[bool]:
    """Our answer; both where the release does not say what the call counts as."""
    host = audited(key, kernel)
    target = target_of(host.file_system.walk(FILE), AuditNamesCollector(host.file_system), host)
    accesses = TargetAccesses(target, host.rules)
    ways = (False, True) if may_count_as(operation, "x86_64", kernel) else (False,)
    for counted in ways:
        found = {
            decide(host.rules, access, host.auditing, on_names).recorded
            for access, on_names in accesses.by(operation, host, counted=counted)
            if access.succeeded is not False
        }
        assert found <= {Truth.YES, Truth.NO}
        yield found == {Truth.YES}


@pytest.mark.parametrize("row", CASES, ids=[f"{row['kernel']}-{row['op']}" for row in CASES])
def test_a_kernel_records_the_access_if_we_say_so(row: Mapping[str, list[str]]) -> None:
    kernel, name = str(row["kernel"]), str(row["op"])
    ways = BY_IO_URING.get(name, ())
    operation = next((OPERATIONS[each] for each in ways if is_there(OPERATIONS[each], kernel)), None) or DONE[name]
    wrong = {
        key: recorded
        for recorded, keys in ((True, row["recorded"]), (False, row["silent"]))
        for key in keys
        if recorded not in set(answers(operation, key, kernel))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "row",
    [row for row in SEEN if row["errno"] == NO_SUCH_CALL and row["op"] in DONE],
    ids=lambda row: str(row["kernel"] + row["op"]),
)
def test_a_call_that_a_kernel_lacks_is_not_there(row: Mapping[str, str]) -> None:
    assert is_there(DONE[row["op"]], row["kernel"]) is False


@pytest.mark.parametrize(
    ("x32", "told"),
    [(True, "except x32 calls"), (None, "perhaps except x32 calls"), (False, None)],
)
def test_x32_programs_escape_every_rule_where_the_kernel_runs_them(x32: bool | None, told: str | None) -> None:
    host = audited("n", "6.1")
    facts = replace(host.file_system.facts, kernel=KernelBuild("6.1", x32))
    found = conditions(evaluate_path(FILE, replace(host, file_system=FileSystem(facts))), "x86_64", older=False)
    assert [each for each in found if "x32" in each] == ([told] if told else [])

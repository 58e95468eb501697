"""One access by each call to a file under each rule, on kernels 5.10 to 7.3, against our answer: operations.jsonl.

Where the release of a kernel does not say what a call counts as, our answer is that this is not known: either agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditrules.audit.boot.load import load_rules
from auditrules.audit.coverage.access_targets import TargetAccesses, target_of
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import (
    OPERATIONS,
    CollectedNames,
    Operation,
    is_there,
    may_count_as,
)
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts, KernelBuild, Version, ordinary_files

Case = Mapping[str, Any]

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

NO_SUCH_CALL = 38


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
            for access, on_names in accesses.accesses(operation, host, counted=counted)
            if access.succeeded is not False
        }
        assert found <= {Truth.YES, Truth.NO}
        yield found == {Truth.YES}


def operation_of(case: Case) -> Operation | None:
    """What was done, as one of our operations; None: it failed, or reaches the file in a way that is none of them."""
    kernel, name = case["kernel"], case["op"]
    if case["errno"] is not None or (name in BY_IO_URING and kernel.startswith("5.10.")):  # which lacks it
        return None
    ways = (OPERATIONS[each] for each in BY_IO_URING.get(name, ()))
    return next((each for each in ways if is_there(each, kernel)), None) or DONE.get(name)


def disagreements(case: Case) -> Iterator[str]:
    """The rules, by their keys, under which the kernel did otherwise than we say."""
    yield from (f"{key}: {'' if did else 'not '}recorded" for key, did, said in _judged(case) if did not in said)


def untold(case: Case) -> Iterator[str]:
    """The rules under which the kernel recorded it, and by its release we say that this is not known."""
    keys = [key for key, did, said in _judged(case) if did and False in said]
    if keys:
        yield f"{case['op']} on {case['kernel']}: recorded by {' '.join(keys)}, here unknown, kernel_release"


def _judged(case: Case) -> Iterator[tuple[str, bool, set[bool]]]:
    operation = operation_of(case)
    if operation is None:
        return
    did = {True: case["recorded"], False: case["silent"]} if "silent" in case else {case["recorded"]: [_key(case)]}
    for recorded, keys in did.items():
        yield from ((key, recorded, set(answers(operation, key, case["kernel"]))) for key in keys)


def _key(case: Case) -> str:
    """The key of the rule of a case that has one rule, and not all of an access."""
    return str(case["rule"].rpartition(" -k ")[2])

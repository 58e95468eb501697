"""The cases of coverage.jsonl as values: the facts they state, the access that was made, the rules that were there."""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.constants.kernel_releases import is_since
from auditrules.audit.coverage.access import Access, Credentials, Name
from auditrules.audit.coverage.audit_names import AuditNamesCollector, Permit, program
from auditrules.audit.coverage.decision import Auditing, Decision
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.match_result import Undetermined
from auditrules.audit.coverage.operations import CREATES_BY_CACHE, OPERATIONS, CollectedNames, Operation
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.kernel import rule_data
from auditrules.audit.model.host_facts import DEFAULT_RELEASE, Entry, Facts, KernelBuild, Mount
from auditrules.audit.model.rule import KEY_SEPARATOR

Case = dict[str, Any]

MACHINE = "x86_64"
PROGRAM = "/accd"  # which made the accesses
EPERM = 1
AT_FDCWD = 0xFFFFFF9C
POINTER = 0xBEEF_F00D  # of an argument that is an address: not 0, and nobody knows more

# What the program that made the accesses did for each of its kinds; a pair of calls for what makes two.
ACCESSES: Mapping[str, tuple[Operation, ...]] = {
    "exec": (OPERATIONS["execve"],),
    "exec32": (Operation("execve", CollectedNames.EXECUTION, compat=True),),
    "execveat": (OPERATIONS["execveat by descriptor"],),
    "procfd": (OPERATIONS["execve"],),
    "forkexec": (OPERATIONS["execve"],),
    "vforkexec": (OPERATIONS["execve"],),
    "exec2": (OPERATIONS["execve"], OPERATIONS["openat"]),
    "read": (OPERATIONS["openat"],),
    "open": (OPERATIONS["open"],),
    "opath": (OPERATIONS["openat"],),
    "read32": (Operation("open", CollectedNames.FILE, 0, compat=True),),
    "openat2": (OPERATIONS["openat2"],),
    "getdents": (OPERATIONS["openat"],),
    "readlink": (OPERATIONS["readlink"],),
    "getxattr": (OPERATIONS["getxattr"],),
    "listxattr": (OPERATIONS["listxattr"],),
    "stat": (OPERATIONS["stat"],),
    "access": (OPERATIONS["access"],),
    "chdir": (OPERATIONS["chdir"],),
    "fdread": (OPERATIONS["pread"],),
    "uringopen": (OPERATIONS["io_uring opens"],),
    "write": (OPERATIONS["openat for writing"],),
    "write32": (Operation("open", CollectedNames.FILE, 1, compat=True),),
    "openat2w": (OPERATIONS["openat2 for writing"],),
    "rdwr": (OPERATIONS["openat for both"],),
    "append": (OPERATIONS["openat for writing"],),
    "rdtrunc": (OPERATIONS["openat"],),
    "create": (OPERATIONS["openat to create"],),
    "creat": (OPERATIONS["creat"],),
    "truncate": (OPERATIONS["truncate"],),
    "unlink": (OPERATIONS["unlink"],),
    "rmdir": (OPERATIONS["rmdir"],),
    "rename": (OPERATIONS["rename"],),
    "link": (OPERATIONS["link"],),
    "symlink": (OPERATIONS["symlink"],),
    "mkdir": (OPERATIONS["mkdir"],),
    "fdwrite": (OPERATIONS["pwrite"],),
    "fdtruncate": (OPERATIONS["ftruncate"],),
    "uringwrite": (OPERATIONS["io_uring opens"],),
    "chmod": (OPERATIONS["chmod"],),
    "chmod32": (Operation("chmod", CollectedNames.FILE, compat=True),),
    "fchmodat": (OPERATIONS["fchmodat"],),
    "fdchmod": (OPERATIONS["fchmod"],),
    "chown": (OPERATIONS["chown"],),
    "setxattr": (OPERATIONS["setxattr"],),
    "sxtrusted": (OPERATIONS["setxattr"],),
    "utimes": (OPERATIONS["utimensat"],),
    **{
        name: (OPERATIONS[name],)
        for name in (
            *(
                "readlinkat",
                "fgetxattr",
                "unlinkat",
                "renameat",
                "renameat2",
                "exchange",
                "linkat",
                "symlinkat",
                "mkdirat",
            ),
            *("mknod", "fallocate", "lchown", "fchown", "fchownat", "lsetxattr", "fsetxattr", "removexattr"),
        )
    },
    "rmdirat": (OPERATIONS["unlinkat"],),
    "rdcreate": (OPERATIONS["openat to read or create"],),
    "execat": (OPERATIONS["execveat"],),
    "openat32": (Operation("openat", CollectedNames.FILE, 1, compat=True),),
    "creat32": (Operation("creat", CollectedNames.CREATION, compat=True),),
    "unlink32": (Operation("unlink", CollectedNames.REMOVAL, compat=True),),
    "truncate32": (Operation("truncate", CollectedNames.FILE, compat=True),),
    "rename32": (Operation("rename", CollectedNames.RENAME, compat=True),),
    "chown32": (Operation("chown32", CollectedNames.FILE, compat=True),),
    "lchown16": (Operation("lchown", CollectedNames.NAME, compat=True),),
    "setxattr32": (Operation("setxattr", CollectedNames.FILE, compat=True),),
    **{
        name: (Operation(call, CollectedNames.NOTHING, compat=name.endswith("32")),)
        for name, call in {
            "settimeofday": "settimeofday",
            "settimeofday32": "settimeofday",
            "stime32": "stime",
            "clocksettime": "clock_settime",
            "clocksettime32": "clock_settime",
            "setdomainname": "setdomainname",
            "setdomainname32": "setdomainname",
            "deletemodule": "delete_module",
        }.items()
    },
    "fchmodat32": (Operation("fchmodat", CollectedNames.FILE, compat=True),),
    "fchownat32": (Operation("fchownat", CollectedNames.FILE, compat=True),),
    "fremovexattr": (Operation("fremovexattr", CollectedNames.DESCRIPTOR),),
    "fremovexattr32": (Operation("fremovexattr", CollectedNames.DESCRIPTOR, compat=True),),
    "rmdir32": (Operation("rmdir", CollectedNames.REMOVAL, compat=True),),
    "opennofollow": (Operation("openat", CollectedNames.NAME, 0),),
    "fstat": (Operation("fstat", CollectedNames.NOTHING),),
    "namehandle": (Operation("name_to_handle_at", CollectedNames.NAME),),
    "flistxattr": (Operation("flistxattr", CollectedNames.DESCRIPTOR),),
    "mknodat": (OPERATIONS["mknodat"],),
    "fchmodat2link": (Operation("fchmodat2", CollectedNames.NAME),),
    "utimes2": (OPERATIONS["utimes"],),
    "utimeslink": (Operation("utimensat", CollectedNames.NAME),),
    "lchown32": (Operation("lchown32", CollectedNames.NAME, compat=True),),
    "fchown32": (Operation("fchown32", CollectedNames.DESCRIPTOR, compat=True),),
    **{name: (Operation(name, CollectedNames.NAME),) for name in ("lstat", "lgetxattr", "llistxattr", "lremovexattr")},
    **{
        name: (Operation(name, CollectedNames.FILE),)
        for name in (
            *("newfstatat", "statx", "statfs", "faccessat", "getxattrat", "listxattrat", "file_getattr"),
            *("setxattrat", "removexattrat", "file_setattr", "fchmodat2", "utime", "futimesat"),
        )
    },
}
NO_SUCH_CALL = 38  # errno: the kernel looked at no argument
IN_A_NAMESPACE = "ns-"
FLAGS = {"read": 0, "write": 1, "rdwr": 2, "append": 0o2001, "create": 0o1101, "rdtrunc": 0o1000, "getdents": 0o200000}
FORKING = frozenset({"forkexec", "vforkexec"})  # the task that makes the access is forked by the access itself

# All arguments of the calls that use no file.
ARGUMENTS: Mapping[str, tuple[int | None, int | None, int | None, int | None]] = {
    **dict.fromkeys(("settimeofday", "settimeofday32", "clocksettime", "clocksettime32"), (0, 0, None, None)),
    "stime32": (0, None, None, None),
    **dict.fromkeys(("setdomainname", "setdomainname32", "deletemodule"), (POINTER, 0, None, None)),
}

# The first two arguments of a call: a path where nothing else is said.
AT = frozenset({"openat", "openat2", "fchmodat", "utimensat", "execveat", "unlinkat", "renameat", "linkat"})


def files(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Entry]:
    return {path: entry(each) for path, each in entries.items()}


def entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        row["type"],
        row.get("target", ""),
        row.get("errno", 2),
        row.get("dev", ""),
        row.get("ino", 0),
        int(row["mode"], 8) if "mode" in row else None,
        row.get("uid"),
        row.get("gid"),
        row.get("interp", ""),
    )


def mounts(rows: list[Mapping[str, Any]]) -> tuple[Mount, ...]:
    """The mounts, in the order in which they were made: each stands on the one that its point was on then."""
    made: list[Mount] = []
    for number, row in enumerate(rows):
        on = FileSystem(Facts(mounts=tuple(made))).mount(row["mount_point"])
        made.append(
            Mount(
                number,
                on.number if on else number,
                row["mount_point"],
                row["root"],
                row["fstype"],
                row["dev"],
                row["magic"],
            )
        )
    return tuple(made)


@dataclass(frozen=True, slots=True)
class Asked:
    """A case ready to be judged."""

    rules: RuleSet
    accesses: tuple[Access, ...]
    auditing: Auditing

    @classmethod
    def of(cls, case: Case, *, cached: bool = False) -> Asked:
        """What a case states, and nothing of what happened; `cached` as in `AuditNamesCollector`."""
        told = case["facts"]
        lsm = tuple(told["lsm"].split(","))
        seen = mounts(told["mounts"])
        kernel = KernelBuild(case.get("kernel", DEFAULT_RELEASE))
        now = Facts(machine=MACHINE, files=files(told["access"]), lsm=lsm, mounts=seen, kernel=kernel)
        before = mounts(told["mounts_load"]) if "mounts_load" in told else seen
        # An interpreter that was named later is in one of the two only.
        at_load = replace(now, files=files({**told["access"], **told["load"]}), mounts=before)
        file_system = FileSystem(now)
        rules = [rule_data.decode(base64.b64decode(raw)) for raw in told["rules_in_force"]]
        status = told["status"]
        return cls(
            RuleSet(rules, RuleResolver(file_system, at_load)),
            tuple(accesses(case, file_system, cached=cached)),
            Auditing(status["enabled"], status["rate_limit"]),
        )

    def decisions(self) -> tuple[Decision, ...]:
        """One decision for each call."""
        return tuple(decide(self.rules, access, self.auditing) for access in self.accesses)


def accesses(case: Case, file_system: FileSystem, *, cached: bool = False) -> Iterator[Access]:
    """The calls of a case's access; `cached` as in `AuditNamesCollector`."""
    asked = case["access"]
    kind = asked.get("op", asked["kind"])
    within = kind.startswith(IN_A_NAMESPACE)
    kind = kind.removeprefix(IN_A_NAMESPACE)
    who = replace(subject(asked.get("as", {})), exe=file_system.identity(file_system.walk(PROGRAM)))
    opened = opened_file(file_system) if kind in {"procfd", "execveat"} else None
    collector = AuditNamesCollector(
        file_system, permits(who, privileged=not within), "tomoyo" in (file_system.facts.lsm or ()), opened, cached
    )
    operations = ACCESSES[kind]
    early = bool(case["facts"]["early"]) and kind not in FORKING
    if case.get("errno") == NO_SUCH_CALL:
        operations = tuple(replace(each, collects=CollectedNames.NOTHING) for each in operations)
    for number, operation in enumerate(operations):
        path = asked["path2"] if number or operation.call in ("symlink", "symlinkat") else asked["path"]
        access = collector.access(operation, MACHINE, path, asked.get("path2", ""))
        assert access is not None, kind
        succeeded, result = outcome(case)
        yield replace(
            access,
            subject=running(who, operation, collector, path, succeeded=succeeded),
            forker=who if kind in FORKING else subject({}),
            result=result,
            succeeded=succeeded,
            arguments=arguments(operation, kind, case),
            early=early,
            reported=refused_link(operation, who, collector, path, case),
            context=not (early and case.get("first_enable") == "after the fork"),
        )


def outcome(case: Case) -> tuple[bool, int]:
    """Whether the call did what it was asked, and what it returned."""
    returned = case.get("syscall_rc")
    if returned is None:
        return True, 0  # an execution that succeeds never comes back
    return returned >= 0, returned if returned >= 0 else -case["errno"]


def arguments(operation: Operation, kind: str, case: Case) -> tuple[int | None, int | None, int | None, int | None]:
    """The arguments, where the case says them, or as far as they are known: addresses are only known to be some."""
    if "arguments" in case:
        first, second, third, fourth = case["arguments"]
        return first, second, third, fourth
    if kind in ARGUMENTS:
        return ARGUMENTS[kind]
    first = AT_FDCWD if operation.call in AT else POINTER
    return first, POINTER, FLAGS.get(kind), None


def subject(given: Mapping[str, Any]) -> Credentials:
    """Who the case says makes the access: a process of its own, neither the first nor started by it."""
    auid = UNSET if given.get("auid", "unset") == "unset" else given["auid"]
    uid = given.get("uid", 0)
    gid = given.get("gid", uid)
    return Credentials(
        *(auid, uid, uid, uid, uid, gid, gid, gid, gid),
        groups=frozenset(),
        pid=4243,
        ppid=4242,
        sessionid=UNSET if auid == UNSET else 1,
        pers=0,
    )


def running(
    who: Credentials, operation: Operation, collector: AuditNamesCollector, path: str, *, succeeded: bool
) -> Credentials:
    """The credentials and the program that the task has at the end of the call."""
    if operation.collects not in (CollectedNames.EXECUTION, CollectedNames.OPEN_EXECUTION) or not succeeded:
        return who
    place = program(collector, path)
    found = place.entry
    who = replace(who, exe=collector.file_system.identity(place))
    if found is None or found.mode is None:
        return who
    if found.mode & 0o4000 and found.uid is not None:
        who = replace(who, euid=found.uid, suid=found.uid, fsuid=found.uid)
    if found.mode & 0o2000 and found.gid is not None:
        who = replace(who, egid=found.gid, sgid=found.gid, fsgid=found.gid)
    return who


def permits(who: Credentials, *, privileged: bool) -> Permit | None:
    """What the permission bits of a directory grant; root may everything."""
    if who.fsuid == 0 and privileged:
        return None

    def granted(folder: Entry, wanted: int) -> bool:
        if folder.mode is None:
            return True
        shift = 6 if folder.uid == who.fsuid else 3 if folder.gid == who.fsgid else 0
        return folder.mode >> shift & wanted == wanted

    return granted


def opened_file(file_system: FileSystem) -> Name:
    """The link below /proc by which an open file is executed: root's, and no rule can name it."""
    proc = file_system.mount("/proc")
    dev = proc.dev if proc else ""
    return Name(
        "/proc/self/fd",
        ("descriptor",),
        ("descriptor",),
        Entry("link", dev=dev, ino=UNSET - 1, uid=0, gid=0),
        (dev, "/self/fd"),
        proc.magic if proc else None,
    )


def refused_link(operation: Operation, who: Credentials, collector: AuditNamesCollector, path: str, case: Case) -> bool:
    """Whether fs.protected_hardlinks refused a link: to a file of another's, which the kernel reports by itself."""
    found = collector.file_system.walk(path, follow=False).entry
    return (
        operation.call in ("link", "linkat")
        and case.get("errno") == EPERM
        and who.fsuid not in (0, found.uid if found else 0)
    )


HISTORY = frozenset(
    {Undetermined.MOUNTED, Undetermined.REPLACED, Undetermined.RATE_LIMIT}
)  # what no reader of the host can see


def disagreements(case: Case) -> Iterator[str]:
    """What our answer and the kernel's do not agree on; one that hangs on history alone agrees with either."""
    if not case["recorded"] and by_a_thread(case):
        return
    found = [list(_differences(case, Asked.of(case, cached=cached).decisions())) for cached in ways_to_look(case)]
    if all(found):
        yield from found[0]


def by_load_order(case: Case) -> bool:
    """Whether a file was replaced that rules may name by several spellings, of which `-A` put one before the others.

    Only the spelling that was loaded last follows the file. The kernel's listing does not tell which one that was, and
    coverage takes the last one of the listing: this kind is not judged as the kernel does.
    """
    replaced = any(each.get("event") == "replaced" for each in case.get("history", ()) if isinstance(each, dict))
    if not replaced:
        return False
    paths = {path for line in case["rules"] for path in _PATHS.findall(line)}
    spelled = Counter(path.rpartition("/")[2] for path in paths)
    put_first = (path for line in case["rules"] if line.startswith("-A ") for path in _PATHS.findall(line))
    return any(spelled[path.rpartition("/")[2]] > 1 for path in put_first)


_PATHS = re.compile(r"(?:^-w |\bpath=)(/\S*)")


def ways_to_look(case: Case) -> tuple[bool, ...]:
    """Whether the kernel may have found what exists in its cache of names, where that matters: nobody sees it."""
    kind = case["access"].get("op", case["access"]["kind"])
    creates = any(each.collects is CollectedNames.CREATION for each in ACCESSES[kind.removeprefix(IN_A_NAMESPACE)])
    newer = is_since(CREATES_BY_CACHE, case.get("kernel", DEFAULT_RELEASE)) is not False
    return (False, True) if creates and newer else (False,)


def _differences(case: Case, decisions: tuple[Decision, ...]) -> Iterator[str]:
    waits = hangs_on(decisions)
    certain = any(decision.recorded is Truth.YES for decision in decisions)  # one call of several is enough
    possible = {True} if certain else {each.recorded for decision in decisions for each in decision.outcomes}
    if case["recorded"] not in possible or (len(possible) > 1 and not waits):
        yield f"recorded {case['recorded']}, here {told(decisions)}"
    elif case["recorded"]:
        keys = {each.keys for decision in decisions for each in decision.outcomes if each.recorded}
        wanted = tuple(part for part in (case["by_key"] or "").split(KEY_SEPARATOR) if part)
        if wanted not in keys or (len(keys) > 1 and not waits):
            yield f"key {wanted}, here {sorted(keys)} by {told(decisions)}"


def by_a_thread(case: Case) -> bool:
    """Whether io_uring may have left an access to a kernel thread without an audit context: nobody sees which."""
    own = case["access"].get("op", case["access"]["kind"]).startswith("uring")
    return own and not is_since((5, 16), case.get("kernel", DEFAULT_RELEASE))


def told(decisions: Iterable[Decision]) -> str:
    """The outcomes that our answer has, in words."""
    return "; ".join(
        f"{'' if outcome.recorded else 'not '}recorded by {outcome.cause.value}"
        f" {render(outcome.resolved.rule, MACHINE) if outcome.resolved else ''}"
        f" {sorted(pending.why.value for pending in outcome.pending)}"
        for decision in decisions
        for outcome in decision.outcomes
    )


def hangs_on(decisions: Iterable[Decision]) -> frozenset[Undetermined]:
    """The history that the answer hangs on; empty where it hangs on none, or on what a reader could know as well."""
    waits = frozenset(
        pending.why for decision in decisions for outcome in decision.outcomes for pending in outcome.pending
    )
    return waits if waits <= HISTORY else frozenset()

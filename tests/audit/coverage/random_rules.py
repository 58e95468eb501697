"""Any rules, and any access on a host with Docker of which everything is known, for the laws of coverage."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.operations import OPERATIONS, Operation
from auditrules.audit.coverage.reference import OF_32_BITS
from auditrules.audit.filesystem.path_walk import FileSystem
from tests.audit.file_trees import DOCKER, facts

HOST = facts()
FILE_SYSTEM = FileSystem(HOST)
FILES = sorted(path for path, kind in DOCKER.items() if kind != "missing")
WATCHED = st.sampled_from([*FILES, "/usr/bin", "/etc/docker", "/etc", "/usr/bin/new", "/var/lib/docker"])
DIRECTORIES = st.sampled_from(["/usr", "/usr/bin", "/etc/docker", "/etc", "/var/lib/docker/overlay2", "/bin/"])
LETTERS = st.sampled_from(["r", "w", "x", "a", "wa", "rx", "wxa", "rwxa"])
CALLS = st.sampled_from(["all", "execve", "execve,execveat", "open,openat", "unlink,rename", "chmod,fchmodat,chown"])
SUBJECTS = st.sampled_from(
    [
        *("-F auid=1000", "-F auid>=1000", "-F auid!=unset", "-F auid=unset", "-F uid=0", "-F uid!=0", "-F euid=0"),
        *("-F gid=998", "-F success=1", "-F success=0", "-F exit=-EACCES", "-F exit>=0", "-F exe=/usr/bin/dockerd"),
        *("-F exe!=/usr/bin/containerd", "-C auid!=uid", "-C uid=euid", "-F obj_uid=0", "-F pid=1", "-F filetype=file"),
    ]
)


def one_exe(condition: str) -> str:
    """What may stand in a rule once: the kernel takes one program."""
    return "exe" if "exe" in condition else condition


def exits(actions: st.SearchStrategy[str], *, inodes: bool = True) -> st.SearchStrategy[str]:
    """Rules of the exit list; `inodes` says whether some are kept with the inode of a path."""
    watches = st.builds("-a {},exit -F path={} -F perm={}".format, actions, WATCHED, LETTERS)
    trees = st.builds("-a {},exit -F dir={} -F perm={}".format, actions, DIRECTORIES, LETTERS)
    calls = st.builds("-a {},exit -F arch=b64 -S {}".format, actions, CALLS)
    plain = st.one_of(watches, trees, calls) if inodes else st.one_of(trees, calls)
    # Of two rules one has no further condition: otherwise hardly any access of any example left a record.
    none: st.SearchStrategy[list[str]] = st.just([])
    more = none | st.lists(SUBJECTS, max_size=2, unique_by=one_exe)
    return st.builds(lambda rule, conditions: " ".join([rule, *conditions]), plain, more)


ALWAYS, NEVER = st.just("always"), st.just("never")
ANY = exits(st.sampled_from(["always", "never"]))
TASKS = st.sampled_from(
    ["-a never,task", "-a never,task -F uid=0", "-a never,task -F auid>=1000", "-a never,task -F uid!=0"]
)
EXCLUDES = st.sampled_from(
    [
        *("-a always,exclude -F msgtype=SYSCALL", "-a never,exclude -F auid=1000", "-a never,exclude -F msgtype=PATH"),
        *("-a never,exclude -F uid=0", "-a never,exclude -F exe=/usr/bin/dockerd", "-a never,exclude -F msgtype>=1300"),
    ]
)
FILE_SYSTEMS = st.sampled_from(["-a never,filesystem -F fstype=0xef53", "-a never,filesystem -F fstype=tracefs"])
OTHERS = st.one_of(TASKS, EXCLUDES, FILE_SYSTEMS)
RULES = st.lists(st.one_of(exits(ALWAYS), ANY, ANY, OTHERS), min_size=1, max_size=5, unique=True)

CALLS_HERE = sorted(set(OPERATIONS) - OF_32_BITS)
ID = st.sampled_from([0, 33, 1000, 1001])


@st.composite
def subjects(draw: st.DrawFn) -> Credentials:
    uid, gid = draw(ID), draw(st.sampled_from([0, 998]))
    auid = draw(st.sampled_from([0, 1000, 1001, UNSET]))
    return Credentials(
        *(auid, uid, draw(ID), uid, uid, gid, gid, gid, gid),
        groups=frozenset(draw(st.sets(st.sampled_from([0, 998]), max_size=1))),
        pid=4243,
        ppid=4242,
        sessionid=UNSET,
        pers=0,
        exe=draw(st.sampled_from([FILE_SYSTEM.identity(FILE_SYSTEM.at(path)) for path in FILES])),
    )


@st.composite
def accesses(draw: st.DrawFn) -> Access:
    """Accesses of which everything is known, but for those that take a directory's name away."""
    operation: Operation = OPERATIONS[draw(st.sampled_from(CALLS_HERE))]
    path, other = draw(st.sampled_from([*FILES, "/usr/bin/new"])), draw(st.sampled_from(FILES))
    access = AuditNamesCollector(FILE_SYSTEM).access(operation, "x86_64", path, other)
    assert access is not None
    succeeded = draw(st.booleans())
    who = draw(subjects())
    return replace(
        access,
        subject=who,
        forker=who,
        succeeded=succeeded,
        result=0 if succeeded else -13,
        arguments=(0, 0, 0, 0),
    )

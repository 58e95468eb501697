"""Random rule sets and accesses on the fixture's tree. A seed and a number give a case, the same everywhere."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.vm.access.fixture import TREE

Case = dict[str, Any]

MOST_RULES = 6

OPS = {
    "exec": ("exec", "exec32", "execveat", "procfd", "execat"),
    "read": (
        *(
            "read",
            "open",
            "openat2",
            "opath",
            "read32",
            "getxattr",
            "listxattr",
            "readlink",
            "stat",
            "access",
            "fdread",
        ),
        *("getdents", "chdir", "uringopen", "readlinkat", "fgetxattr", "rdcreate", "opennofollow", "lstat", "fstat"),
        *("newfstatat", "statx", "statfs", "faccessat", "namehandle", "lgetxattr", "llistxattr", "flistxattr"),
        *("getxattrat", "listxattrat", "file_getattr"),
    ),
    "write": (
        *(
            "write",
            "write32",
            "openat2w",
            "rdwr",
            "append",
            "rdtrunc",
            "create",
            "creat",
            "truncate",
            "unlink",
            "rename",
        ),
        *(
            "link",
            "symlink",
            "mkdir",
            "rmdir",
            "fdwrite",
            "fdtruncate",
            "uringwrite",
            "unlinkat",
            "rmdirat",
            "renameat",
        ),
        *("renameat2", "exchange", "linkat", "symlinkat", "mkdirat", "mknod", "fallocate", "openat32", "creat32"),
        *("unlink32", "rename32", "truncate32", "mknodat"),
    ),
    "attr": (
        *("chmod", "chmod32", "fchmodat", "fdchmod", "chown", "setxattr", "sxtrusted", "utimes", "link", "lchown"),
        *("fchown", "fchownat", "lsetxattr", "fsetxattr", "removexattr", "chown32", "lchown16", "setxattr32"),
        *("lchown32", "fchown32", "lremovexattr", "setxattrat", "removexattrat", "file_setattr", "fchmodat2"),
        *("fchmodat2link", "utime", "utimes2", "futimesat", "utimeslink"),
    ),
}
MOVES = ("rename", "renameat", "renameat2", "rename32", "exchange")
SYMLINKS = ("symlink", "symlinkat")
TWO_PATHS = (*MOVES, *SYMLINKS, "link", "linkat")
NEED_A_FILE = (
    *("execveat", "procfd", "fdread", "fdwrite", "fdtruncate", "fdchmod", "fgetxattr", "fallocate", "fchown"),
    *("fsetxattr", "fstat", "flistxattr", "fchown32"),
)
# The usual calls, which a rule is mostly about.
PRINCIPAL = {
    "exec": ("exec",),
    "read": ("read", "open"),
    "write": ("write", "create", "truncate", "unlink", "rename"),
    "attr": ("chmod", "fchmodat", "chown", "setxattr"),
}
# How auditctl calls what each access calls, to write rules about it; 32-bit calls have the same names there.
SYSCALLS = {
    "append": "openat",
    "chown32": "chown",
    "chmod32": "chmod",
    "creat32": "creat",
    "create": "openat",
    "exchange": "renameat2",
    "execat": "execveat",
    "exec": "execve",
    "exec32": "execve",
    "fdchmod": "fchmod",
    "fdread": "pread64",
    "fdtruncate": "ftruncate",
    "fdwrite": "pwrite64",
    "getdents": "openat",
    "lchown16": "lchown",
    "opath": "openat",
    "openat32": "openat",
    "openat2w": "openat2",
    "procfd": "execve",
    "rdcreate": "openat",
    "rdtrunc": "openat",
    "rdwr": "openat",
    "read": "openat",
    "read32": "open",
    "rename32": "rename",
    "rmdirat": "unlinkat",
    "setxattr32": "setxattr",
    "sxtrusted": "setxattr",
    "truncate32": "truncate",
    "unlink32": "unlink",
    "uringopen": "io_uring_enter",
    "uringwrite": "io_uring_enter",
    "utimes": "utimensat",
    "write": "openat",
    "write32": "open",
    "opennofollow": "openat",
    "namehandle": "name_to_handle_at",
    "utimes2": "utimes",
    "utimeslink": "utimensat",
    "lchown32": "lchown",
    "fchown32": "fchown",
    # The guest's auditctl has no name for them, and no rule is about them alone: a kernel that lacks them still records
    # that they were tried, which nobody asks for.
    **dict.fromkeys(("fchmodat2", "fchmodat2link", "setxattrat", "getxattrat", "listxattrat"), "all"),
    **dict.fromkeys(("removexattrat", "file_getattr", "file_setattr"), "all"),
}
ONLY_32_BITS = ("chown32", "lchown32", "fchown32")  # that a 64-bit machine has no such call is an error
OTHER_SYSCALLS = (
    "execve",
    "openat",
    "unlink",
    "rename",
    "chmod",
    "connect",
    "execve,execveat",
    "open,openat,creat",
    "all",
)


@dataclass(frozen=True, slots=True)
class Focus:
    """What a case is about: a file or directory by its names, the places around it, and what is done with it."""

    names: tuple[str, ...]
    around: tuple[str, ...]
    kinds: tuple[str, ...]
    beside: tuple[str, ...] = ()  # other files that take part in its accesses
    opens: bool = True  # it is a file, of which a descriptor can be had
    moves: bool = True


_BIN = ("/usr/bin", "/bin", "/usr", "/bin/", "/usr/sbin", "/")
_ETC = ("/etc/docker", "/etc", "/mnt/b", "/srv/t/ld", "/srv/t/ld/", "/etc/docker/certs")
_LIB = ("/var/lib/docker", "/var/lib", "/var/lib/docker/bin", "/var/lib/docker/mnt", "/")
_ALL = ("exec", "read", "write", "attr")
_FILE = ("read", "write", "attr")
_DAEMON = (
    "/usr/bin/dockerd",
    "/bin/dockerd",
    "/opt/d/dockerd",
    "/srv/t/dockerd",
    "/srv/t/lb/dockerd",
    "/usr/bin/../bin/dockerd",
)

FOCI = (
    *[Focus(_DAEMON, (*_BIN, "/opt/d", "/srv/t", "/srv/t/lb", "/srv/t/lb/"), (*_ALL, "exec"))] * 5,
    Focus(("/usr/bin/dockerd-rootless.sh", "/bin/dockerd-rootless.sh"), _BIN, (*_ALL, "exec", "exec"), _DAEMON[:3]),
    Focus(("/usr/bin/docker-init",), _BIN, ("exec",), ("/usr/bin/dockerd-rootless.sh", "/usr/bin/dockerd")),
    Focus(
        ("/usr/bin/docker", "/bin/docker"),
        _BIN,
        ("exec",),
        ("/lib64/ld-linux-x86-64.so.2", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    ),
    Focus(("/usr/bin/docker-proxy",), _BIN, _ALL),
    *[
        Focus(
            (
                "/etc/docker/daemon.json",
                "/mnt/b/daemon.json",
                "/opt/d/daemon.json",
                "/srv/t/json",
                "/srv/t/ld/daemon.json",
            ),
            (*_ETC, "/opt/d", "/srv/t"),
            _FILE,
        )
    ]
    * 3,
    Focus(("/etc/docker/owned", "/mnt/b/owned"), _ETC, _FILE),
    Focus(("/etc/docker/secret",), _ETC, _FILE),
    Focus(("/etc/docker/certs/deep/key.pem", "/mnt/b/certs/deep/key.pem"), (*_ETC, "/etc/docker/certs/deep"), _FILE),
    Focus(("/etc/docker/certs/empty", "/etc/docker/certs/deep"), _ETC, _FILE, opens=False),
    Focus(("/etc/docker", "/mnt/b", "/srv/t/ld"), _ETC, _FILE, opens=False, moves=False),
    Focus(("/var/lib/docker/bin/tool",), _LIB, _ALL),
    Focus(("/var/lib/docker/mnt/f",), _LIB, _ALL),
    Focus(("/var/lib/docker",), _LIB, _FILE, opens=False, moves=False),
    Focus(
        ("/usr/lib/systemd/system/docker.service", "/lib/systemd/system/docker.service"),
        ("/usr/lib/systemd/system", "/lib/systemd/system", "/usr/lib", "/lib"),
        _FILE,
    ),
    Focus(("/etc/docker/new", "/mnt/b/new"), _ETC, ("write", "read"), opens=False),
    Focus(("/usr/bin/dockerd.new", "/bin/dockerd.new"), _BIN, ("write", "exec"), _DAEMON[:2], opens=False),
    Focus(("/srv/t/mine", "/srv/t/gone", "/srv/t/new"), ("/srv/t", "/srv"), _FILE, opens=False),
    Focus(("/etc/docker/none/x", "/etc/docker/daemon.json/x"), _ETC, ("read", "write"), opens=False),
)
SECOND = ("/srv/t/new", "/etc/docker/new", "/etc/docker/certs/new", "/usr/bin/dockerd.new", "/opt/d/new")
OVER = ("/usr/bin/dockerd", "/etc/docker/daemon.json", "/var/lib/docker/bin/tool", "/srv/t/mine", "/etc/docker/owned")
# What happens to a file between the load and the access, once or more often: shell commands, and the event.
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cp -p {0} {0}.new; mv {0}.new {0}", {"event": "replaced", "by": "rename_over"}),
    ("cp -p {0} /srv/t/new; rm {0}; cp -p /srv/t/new {0}", {"event": "replaced", "by": "remove_create"}),
    ("mv {0} {0}.old; cp -p {0}.old {0}", {"event": "replaced", "by": "move_create", "moved_to": "{0}.old"}),
    ("cat {0} >/srv/t/new; cat /srv/t/new >{0}", {"event": "overwritten"}),
    ("rm {0}", {"event": "removed"}),
    ("mv {0} {0}.old", {"event": "renamed", "to": "{0}.old"}),
    ("ln {0} {0}.new", {"event": "hard_linked", "to": "{0}.new"}),
)
# The same of a directory that a file is in: nothing is mounted on it, nor is it mounted elsewhere.
FOLDERS = ("/etc/docker/certs", "/etc/docker/certs/deep", "/opt/d", "/var/lib/docker/bin")
CHANGES_OF_FOLDERS = (
    "mv {0} {0}.old; cp -a {0}.old {0}",
    "cp -a {0} {0}.new; rm -r {0}; mv {0}.new {0}",
    "mv {0} {0}.old; mkdir {0}",
    "mv {0} {0}.old; ln -s {0}.old {0}",
)
EXECUTABLES = ("/usr/bin/dockerd", "/accd", "/opt/d/dockerd", "/usr/bin/docker", "/srv/t/dockerd", "/bin/dockerd")

FIELDS = (
    *("auid>=1000", "auid!=unset", "auid=1000", "auid!=1000", "auid<1000", "auid=unset", "auid=0", "auid<=1000"),
    *("uid=0", "uid!=0", "uid=1000", "uid>=1000", "euid=0", "euid!=0", "euid=1001", "suid=0", "fsuid=0", "fsuid>0"),
    *("gid=0", "gid!=0", "gid=1000", "egid=0", "sgid=998", "fsgid=0"),
    *("success=1", "success=1", "success=0", "success!=0", "success!=1"),
    *("exit=0", "exit!=0", "exit=-EACCES", "exit=-2", "exit>0", "exit>=0", "exit<0", "exit<=0", "exit!=-13"),
    *("filetype=file", "filetype=dir", "filetype!=file", "filetype=link", "filetype=fifo", "filetype!=socket"),
    *(
        "a0=0xffffff9c",
        "a0!=0xffffff9c",
        "a0=0",
        "a1!=0",
        "a1=0x1ed",
        "a2=0",
        "a2!=0",
        "a2&1",
        "a2&=0x41",
        "a3=0",
        "a3>0",
    ),
    *("saddr_fam=2", "saddr_fam!=2", "subj_user=x", "obj_type!=x"),
    *("obj_uid=0", "obj_uid!=0", "obj_uid=1000", "obj_gid=0", "obj_gid!=0"),
    *("devmajor=0", "devmajor!=0", "devminor=2", "devminor!=2"),
    *("pers=0", "pers!=0", "sessionid=unset", "sessionid!=unset", "ppid!=1", "pid!=1"),
    *(f"exe={path}" for path in EXECUTABLES),
    *("exe!=/accd", "exe!=/usr/bin/dockerd"),
)
COMPARED = (
    *("uid!=euid", "uid=euid", "auid!=uid", "auid=uid", "uid=obj_uid", "uid!=obj_uid", "auid=obj_uid", "auid!=obj_uid"),
    *("euid=obj_uid", "fsuid!=obj_uid", "suid=obj_uid", "gid=obj_gid", "gid!=obj_gid", "egid=obj_gid", "euid=fsuid"),
    *("gid=egid", "gid!=sgid", "fsgid=obj_gid", "auid=euid", "auid!=fsuid"),
)
TASK_FIELDS = (
    *(
        "",
        "",
        "uid=0",
        "uid!=0",
        "auid=unset",
        "auid=1000",
        "uid=1000",
        "gid=0",
        "auid!=unset",
        "exe=/accd",
        "exe!=/accd",
    ),
    *("arch=b64", "pers=0", "euid>0"),
)
EXCLUDED = (
    *("msgtype=SYSCALL", "msgtype=PATH", "msgtype=CWD", "msgtype=EXECVE", "msgtype=PROCTITLE", "msgtype!=SYSCALL"),
    *(
        "msgtype>=CWD",
        "msgtype<=SYSCALL",
        "msgtype>SYSCALL",
        "msgtype<PATH",
        "uid=0",
        "uid!=0",
        "auid=1000",
        "auid=unset",
    ),
    *(
        "auid!=unset",
        "auid>=1000",
        "gid=0",
        "gid=998",
        "pid!=1",
        "exe=/usr/bin/dockerd",
        "exe=/accd",
        "exe!=/usr/bin/dockerd",
    ),
)
FILE_SYSTEMS = (
    "fstype=0x01021994",
    "fstype=0x9fa0",
    "fstype!=0x01021994",
    "fstype=tracefs",
    "fstype!=debugfs",
    "fstype=0x9fa0 -F fstype=0x01021994",
)


def cases(seed: int, count: int) -> Iterator[Case]:
    """The first cases of a seed."""
    for number in range(count):
        yield case(random.Random(f"{seed}/{number}"))  # noqa: S311 - chance must be the same each time


def case(chance: random.Random) -> Case:
    """One case: an access, and rules that mostly have to do with it."""
    focus = chance.choice(FOCI)
    access = _access(chance, focus)
    count = chance.choices(range(1, MOST_RULES + 1), (4, 6, 5, 3, 2, 1))[0]
    rules = [_rule(chance, focus, access, f"K{number}") for number in range(1, count + 1)]
    made: Case = {"rules": list(dict.fromkeys(rules)), "enabled": chance.choices((1, 0), (60, 1))[0], "access": access}
    if chance.random() < 1 / 30:
        made["early"] = True
    if focus.opens and chance.random() < 1 / 8:
        made |= _changed(chance, focus)
    return made


def _changed(chance: random.Random, focus: Focus) -> dict[str, Any]:
    """What happens before the access, as a row has it."""
    folders = [each for each in FOLDERS if any(name.startswith(f"{each}/") for name in focus.names)]
    if folders and chance.random() < 0.5:
        folder = chance.choice(folders)
        return {
            "post": [chance.choice(CHANGES_OF_FOLDERS).format(folder)],
            "history": [{"event": "folder", "path": folder}],
        }
    others = [path for path in focus.beside if path in TREE]
    path = chance.choice(others) if others and chance.random() < 0.3 else focus.names[0]
    command, event = chance.choice(CHANGES)
    count = chance.choices((1, 2, 3), (5, 3, 1))[0] if event.get("by") in {"rename_over", "remove_create"} else 1
    told = {name: value.format(path) for name, value in event.items()}
    counted = {"count": count} if event["event"] == "replaced" else {}
    return {"post": [command.format(path)] * count, "history": [{**told, "path": path, **counted}]}


def _access(chance: random.Random, focus: Focus) -> dict[str, Any]:
    kind = chance.choice(focus.kinds)
    op = chance.choice(PRINCIPAL[kind] if chance.random() < 0.6 else OPS[kind])
    if (op in TWO_PATHS and not focus.moves) or (op in NEED_A_FILE and not focus.opens):
        kind, op = "attr", "chmod"
    path = focus.names[0] if chance.random() < 0.6 else chance.choice(focus.names)
    access: dict[str, Any] = {"path": path, "kind": kind}
    if op != kind:
        access["op"] = op
    if op in TWO_PATHS:
        access["path2"] = chance.choice(SECOND if chance.random() < 0.6 else OVER)
        if chance.random() < 0.3 and op not in SYMLINKS:
            access["path"], access["path2"] = chance.choice(OVER), path
    uid = chance.choices((0, 1000, 65534), (6, 4, 1))[0]
    access["as"] = {"auid": chance.choices(("unset", 1000, 0, 1001), (5, 4, 1, 1))[0], "uid": uid}
    if chance.random() < 0.1:
        access["as"]["gid"] = chance.choice((998, 0, 1000))
    return access


def _rule(chance: random.Random, focus: Focus, access: dict[str, Any], key: str) -> str:
    shapes = (_watch, _path, _directory, _calls, _inode, _task, _exclude, _filesystem, _user)
    shape = chance.choices(shapes, (20, 25, 20, 20, 4, 3, 4, 2, 1))[0]
    keyed = f" -k {key}" if chance.random() < 0.9 and shape in (_watch, _path, _directory, _calls, _inode) else ""
    return shape(chance, focus, access) + keyed


def other_list(chance: random.Random, access: dict[str, Any]) -> str:
    """A rule of the task, exclude, filesystem or user list."""
    shape = chance.choices((_task, _exclude, _filesystem, _user), (3, 4, 2, 1))[0]
    return shape(chance, FOCI[0], access)


def on_a_path(chance: random.Random, access: dict[str, Any], key: str) -> str:
    """A rule of the exit list on a path or directory, mostly one of the access."""
    focus = Focus((access["path"],), _around(access["path"]), _FILE)
    shape = chance.choices((_watch, _path, _directory), (2, 3, 2))[0]
    return f"{shape(chance, focus, access)} -k {key}"


def _around(path: str) -> tuple[str, ...]:
    folder = path.rpartition("/")[0]
    return (folder, folder.rpartition("/")[0] or "/usr")


def _a_file(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    """A path for a rule: mostly one of the access, by any of its names."""
    near = [access["path"], *focus.names, *focus.beside, *([access["path2"]] if "path2" in access else [])]
    drawn = chance.random()
    if drawn < 0.75:
        return str(chance.choice(near))
    return _bare(chance.choice(focus.around)) if drawn < 0.9 else chance.choice(chance.choice(FOCI).names)


def _bare(folder: str) -> str:
    return folder.rstrip("/") or "/"


def _permissions(chance: random.Random) -> str:
    return "".join(letter for letter in "rwxa" if chance.random() < 0.55) or chance.choice("rwxa")


def _watch(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    path = _a_file(chance, focus, access) if chance.random() < 0.65 else _bare(chance.choice(focus.around))
    return f"-w {path}" + (f" -p {_permissions(chance)}" if chance.random() < 0.8 else "")


def _path(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    arch, calls = _mask(chance, access, often=0.35)
    return f"{_action(chance)}{arch}{calls} -F path={_a_file(chance, focus, access)}{_more(chance)}"


def _directory(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    arch, calls = _mask(chance, access, often=0.3)
    return f"{_action(chance)}{arch}{calls} -F dir={chance.choice(focus.around)}{_more(chance)}"


def _calls(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus
    arch, calls = _mask(chance, access, often=0.95)
    more = _more(chance)
    return f"{_action(chance)}{arch}{calls or ' -S all'}{more}"


def _inode(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus, access
    return f"{_action(chance)} -S all -F inode{chance.choice(('=', '=', '!='))}@INO{_more(chance)}"


def _action(chance: random.Random) -> str:
    flag = "-A" if chance.random() < 0.15 else "-a"
    action = "never" if chance.random() < 0.35 else "always"
    return f"{flag} {action},exit" if chance.random() < 0.7 else f"{flag} exit,{action}"


def _mask(chance: random.Random, access: dict[str, Any], often: float) -> tuple[str, str]:
    """The arch field and the system calls of a rule."""
    arch = chance.choices(("", " -F arch=b64", " -F arch=b32", " -F arch!=b32"), (5, 8, 2, 0.5))[0]
    if chance.random() > often:
        return arch if chance.random() < 0.5 else "", ""
    op = access.get("op", access["kind"])
    own = op if op in ONLY_32_BITS and arch == " -F arch=b32" else SYSCALLS.get(op, op)
    return arch, f" -S {own if chance.random() < 0.65 else chance.choice(OTHER_SYSCALLS)}"


def _more(chance: random.Random) -> str:
    """Further fields."""
    text = f" -F perm={_permissions(chance)}" if chance.random() < 0.4 else ""
    while chance.random() < 0.3:
        text += f" -F {chance.choice(FIELDS)}" if chance.random() < 0.8 else f" -C {chance.choice(COMPARED)}"
    return text


def _task(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus, access
    field = chance.choice(TASK_FIELDS)
    action = "never" if chance.random() < 0.8 else "always"
    return f"{'-A' if chance.random() < 0.15 else '-a'} {action},task" + (f" -F {field}" if field else "")


def _exclude(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus, access
    fields = [chance.choice(EXCLUDED)] + ([chance.choice(EXCLUDED)] if chance.random() < 0.4 else [])
    action = chance.choice(("always", "never"))
    return f"-a {action},exclude" + "".join(f" -F {field}" for field in dict.fromkeys(fields))


def _filesystem(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus, access
    return f"-a {chance.choice(('never', 'never', 'always'))},filesystem -F {chance.choice(FILE_SYSTEMS)}"


def _user(chance: random.Random, focus: Focus, access: dict[str, Any]) -> str:
    del focus, access
    return f"-a never,user -F uid{chance.choice(('=', '!='))}0"

"""Rule sets as hosts have them, made from a seed: what hardening guides ask for, and watches on what hosts hold.

The first sixteen are the watches of the CIS Docker benchmark. Then come, mixed as in the rule sets that are published
for auditd, watches of files and trees, programs that raise privileges, system calls in both ABIs, and exclusions.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from auditrules.audit.auditctl.parse import parse_line
from auditrules.audit.kernel import rule_data
from auditrules.audit.model.host_facts import Entry, Facts
from auditrules.audit.model.rule import Rule

SIZES = (16, 400, 10_000)
SEED = 5

DOCKER = (
    "/usr/bin/dockerd",
    "/run/containerd",
    "/var/lib/docker",
    "/etc/docker",
    "/usr/lib/systemd/system/docker.service",
    "/run/containerd/containerd.sock",
    "/usr/lib/systemd/system/docker.socket",
    "/etc/default/docker",
    "/etc/docker/daemon.json",
    "/etc/containerd/config.toml",
    "/etc/sysconfig/docker",
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim",
    "/usr/bin/containerd-shim-runc-v1",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/bin/runc",
)
TREES = ("/etc", "/usr/local/etc", "/opt", "/srv", "/var/lib", "/usr/local/lib")
PROGRAMS = ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/libexec", "/opt/vendor/bin")
WORDS = ("ssh", "pam", "cron", "sudo", "network", "audit", "selinux", "systemd", "ldap", "krb5", "nginx", "postgres")
ENDS = (".conf", ".cfg", ".d", ".rules", ".service", "")
KEYS = (
    "identity",
    "access",
    "perm_mod",
    "privileged",
    "T1543_systemd",
    "T1078_valid_accounts",
    "modules",
    "MAC-policy",
)
CALLS = (
    "chmod,fchmod,fchmodat",
    "chown,fchown,fchownat,lchown",
    "setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr",
    "unlink,unlinkat,rename,renameat",
    "mount",
    "init_module,finit_module,delete_module",
    "adjtimex,settimeofday,clock_settime",
    "execve",
    "ptrace",
    "sethostname,setdomainname",
)
FAILED_CALLS = ("open,openat,creat,truncate,ftruncate", "connect", "bind,socket")
EXCLUDED = ("CWD", "EOE", "CRYPTO_KEY_USER", "BPF")


def lines(count: int, seed: int = SEED) -> list[str]:
    """So many different lines of a rules file."""
    found: dict[str, None] = {}
    for line in _endless(random.Random(seed)):  # noqa: S311 - made, not secret
        found[line] = None
        if len(found) == count:
            break
    return list(found)


def _endless(rng: random.Random) -> Iterator[str]:
    for path in DOCKER:
        yield f"-w {path} -p rwxa -k docker"
    yield from (f"-a always,exclude -F msgtype={kind}" for kind in EXCLUDED)
    while True:
        (kind,) = rng.choices(KINDS, SHARES)
        yield kind(rng)


def _watch(rng: random.Random) -> str:
    path = f"{rng.choice(TREES)}/{rng.choice(WORDS)}/{rng.choice(WORDS)}{rng.randrange(20_000)}{rng.choice(ENDS)}"
    return f"-w {path} -p {rng.choice(('wa', 'wa', 'rwxa', 'x', 'r'))} -k {rng.choice(KEYS)}"


def _privileged(rng: random.Random) -> str:
    path = f"{rng.choice(PROGRAMS)}/{rng.choice(WORDS)}-{rng.randrange(20_000)}"
    return f"-a always,exit -F path={path} -F perm=x -F auid>=1000 -F auid!=unset -k {rng.choice(KEYS)}"


def _calls(rng: random.Random) -> str:
    more = rng.choice(("-F auid>=1000 -F auid!=unset", "-F auid=0", "-C uid!=euid", f"-F uid={rng.randrange(60_000)}"))
    return (
        f"-a always,exit -F arch={rng.choice(('b64', 'b64', 'b32'))} -S {rng.choice(CALLS)} {more} "
        f"-k {rng.choice(KEYS)}"
    )


def _failed(rng: random.Random) -> str:
    more = rng.choice(("", "-F auid>=1000 -F auid!=unset ", f"-F gid={rng.randrange(60_000)} "))
    return (
        f"-a always,exit -F arch=b64 -S {rng.choice(FAILED_CALLS)} -F exit={rng.choice(('-EACCES', '-EPERM'))} {more}"
        f"-k {rng.choice(KEYS)}"
    )


def _never(rng: random.Random) -> str:
    path = f"{rng.choice(PROGRAMS)}/{rng.choice(WORDS)}-{rng.randrange(20_000)}"
    return f"-a never,exit -F arch=b64 -S all -F exe={path}"


# The kinds of lines, and how many of a hundred are of each.
KINDS = (_watch, _privileged, _calls, _failed, _never)
SHARES = (60, 20, 12, 4, 4)


def named(rules: list[str]) -> set[str]:
    """The paths that lines name."""
    return {word.removeprefix("path=").removeprefix("exe=") for line in rules for word in line.split() if "/" in word}


def facts(rules: list[str]) -> Facts:
    """The facts under which every path of the lines is a file, as on a host that auditctl was run on."""
    paths = named(rules)
    files = {"/": Entry("dir"), "/var/lib/docker": Entry("dir")}
    for path in paths:
        names = path.strip("/").split("/")
        files |= {"/" + "/".join(names[:depth]): Entry("dir") for depth in range(1, len(names))}
    files |= {path: Entry("file") for path in paths if path not in files}
    return Facts(version=(3, 0, 9), machine="x86_64", files=files, users={}, groups={}, lsm=())


def payloads(rules: list[str]) -> tuple[bytes, ...]:
    """What the kernel would answer once it had loaded the lines, rule by rule."""
    known = facts(rules)
    return tuple(rule_data.encode(rule) for rule in _rules(rules, known))


def _rules(rules: list[str], known: Facts) -> Iterator[Rule]:
    for line in rules:
        said = parse_line(line, known)
        if said is None or said.rule is None:
            raise ValueError(f"expected a rule, found {line!r}")
        yield said.rule

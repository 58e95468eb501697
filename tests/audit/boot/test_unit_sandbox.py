"""Units whose processes see other directories than the host's: what boot loads there, and what that records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.systemd import UndeterminedError, find_unit
from auditrules.audit.boot.unit_sandbox import sandbox_of, sandbox_paths
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Run, Sources, TriedRulesText, Units
from auditrules.audit.rule_sets import BOOT, KERNEL
from tests.audit.boot.hosts import AUDITD3, ETC, USR, booted, host
from tests.audit.file_trees import DOCKER, facts

HOME = {"/home", "/root", "/run/user"}
SHOWN = {"/dev/shm", "/dev/pts", "/dev/mqueue", "/dev/hugepages"}  # noqa: S108 - as it is mounted

SETTINGS: dict[str, tuple[str, Sandbox]] = {
    "none": ("", Sandbox()),
    "ProtectHome": ("ProtectHome=true", Sandbox(frozenset(HOME))),
    "ProtectHome is yes": ("ProtectHome = YES", Sandbox(frozenset(HOME))),
    "ProtectHome with a tmpfs": ("ProtectHome=tmpfs", Sandbox(frozenset(HOME))),
    "read-only": ("ProtectHome=read-only", Sandbox()),
    "taken back": ("ProtectHome=true\nProtectHome=no", Sandbox()),
    "ProtectKernelModules": ("ProtectKernelModules=true", Sandbox(frozenset({"/usr/lib/modules", "/lib/modules"}))),
    "PrivateTmp": ("PrivateTmp=disconnected", Sandbox(frozenset({"/tmp", "/var/tmp"}))),  # noqa: S108
    "PrivateDevices": ("PrivateDevices=1", Sandbox(frozenset({"/dev"}), frozenset(SHOWN))),
    "InaccessiblePaths": (
        'InaccessiblePaths=-/srv "/a b/" +/c\nInaccessiblePaths=/d',
        Sandbox(frozenset({"/srv", "/a b", "/c", "/d"})),
    ),
    "paths taken back": ("InaccessiblePaths=/srv\nInaccessiblePaths=", Sandbox()),
    "TemporaryFileSystem": ("TemporaryFileSystem=/srv:ro,mode=0700", Sandbox(frozenset({"/srv"}))),
    "BindPaths": ("BindPaths=/x:/srv:rbind -/y", Sandbox(unsure=frozenset({"/srv", "/y"}))),
    "a word that the setting does not have": (
        "ProtectHome=true\nProtectHome=\nProtectHome=nope",
        Sandbox(frozenset(HOME)),
    ),
    "an old name of the same list": ("InaccessibleDirectories=/srv\nInaccessiblePaths=", Sandbox()),
    "one list of bind mounts": ("BindPaths=/x:/srv\nBindReadOnlyPaths=", Sandbox()),
    "another list": ("TemporaryFileSystem=/srv\nInaccessiblePaths=", Sandbox(frozenset({"/srv"}))),
    "ProtectProc": ("ProtectProc=invisible", Sandbox(unsure=frozenset({"/proc"}))),
    "ProtectProc taken back": ("ProtectProc=invisible\nProtectProc=default", Sandbox()),
    "ProcSubset": ("ProcSubset=pid", Sandbox(unsure=frozenset({"/proc"}))),
    "what hides a file only": ("ProtectKernelLogs=true", Sandbox()),
    "what only reads": ("ProtectSystem=strict\nReadOnlyPaths=/\nProtectKernelTunables=true", Sandbox()),
}


@pytest.mark.parametrize(("lines", "sandbox"), SETTINGS.values(), ids=SETTINGS)
def test_the_settings_of_a_unit_say_what_it_does_not_see(lines: str, sandbox: Sandbox) -> None:
    own = find_unit("x.service", units(f"[Service]\n{lines}\n"))
    assert own is not None
    assert sandbox_of(own) == sandbox
    assert (
        sandbox_paths(units(f"[Service]\n{lines}\n"), ["x.service"]) == sandbox.hidden | sandbox.shown | sandbox.unsure
    )


def units(text: str) -> Units:
    return Units((File(f"{USR}/x.service", text.encode()),))


@pytest.mark.parametrize("line", ["RootDirectory=/srv", "RootImage=/x.raw", "InaccessiblePaths=%t/x", "BindPaths='"])
def test_what_only_systemd_knows_is_not_known(line: str) -> None:
    own = find_unit("x.service", units(f"[Service]\n{line}\n"))
    assert own is not None
    with pytest.raises(UndeterminedError):
        sandbox_of(own)
    assert sandbox_paths(units(f"[Service]\n{line}\n"), ["x.service"]) == frozenset()


FILES = {
    **DOCKER,
    "/etc/audit/rules.d": "dir",
    "/home": "-> var/home",
    "/var/home/alice/notes": "file",
    "/root/.ssh/authorized_keys": "file",
    "/usr/lib/modules/6.1/kernel": "dir",
    "/lib": "-> usr/lib",
    "/run/user": "dir",
    "/dev/shm/x": "file",  # noqa: S108 - as it is mounted
}


def at(sandbox: str, *rules: str, drop_in: str = "", kernel: str = "") -> Sources:
    """A host whose auditd has these settings, with rules in rules.d and in the kernel."""
    text = "".join(f"{rule}\n" for rule in rules).encode()
    files = {f"{USR}/auditd.service": f"{AUDITD3}\n[Service]\n{sandbox}\n"}
    made = host({**files, f"{ETC}/auditd.service.d/x.conf": f"[Service]\n{drop_in}\n"}, {"a.rules": text})
    seen = replace(facts(FILES), files=facts({**FILES, "/root/none": "missing"}).files)
    listing = Run(("auditctl", "-l"), 0, kernel.encode())
    status = Run(("auditctl", "-s"), 0, b"enabled 1\n")
    return replace(made, facts=seen, kernel=Kernel("auditctl", listing=listing, status=status))


def loaded(sources: Sources) -> tuple[list[str], int | None]:
    found = booted(sources).loaded
    assert found is not None
    return [render(rule, "x86_64") for rule in found.rules], found.stopped_at


LAST = "-w /etc/docker -p wa"
LAST_RULE = "-a always,exit -S all -F dir=/etc/docker -F perm=wa"

# Settings of the unit, its first rule, and whether the load ends there.
ENDS = (
    ("", "-w /root/.ssh/authorized_keys -p wa", False),
    ("ProtectHome=true", "-w /root/.ssh/authorized_keys -p wa", True),
    ("ProtectHome=true", "-w /home/alice/notes -p wa", True),
    ("ProtectHome=true", "-w /var/home/alice/notes -p wa", True),
    ("ProtectHome=true", "-w /root/new -p wa", False),
    ("ProtectHome=true", "-w /root -p wa", False),
    ("ProtectHome=true", "-a always,exit -F dir=/root/.ssh -F perm=wa", True),
    ("ProtectHome=read-only", "-w /root/.ssh/authorized_keys -p wa", False),
    ("ProtectKernelModules=true", "-w /lib/modules/6.1/kernel -p wa", True),
    ("ProtectKernelModules=true", "-w /usr/lib/modules/6.1 -p wa", False),
    ("InaccessiblePaths=/usr/bin", "-w /usr/bin/dockerd -p x", False),
    ("InaccessiblePaths=/usr", "-w /usr/bin/dockerd -p x", True),
    ("TemporaryFileSystem=/opt", "-a always,exit -F dir=/opt/x -F perm=x", True),
    ("PrivateDevices=yes", "-w /dev/shm/x -p wa", False),
    ("PrivateDevices=yes", "-w /dev/null -p wa", False),
    ("PrivateDevices=yes", "-a always,exit -F dir=/dev/disk -F perm=wa", True),
    ("BindPaths=/x:/opt", "-a always,exit -F dir=/opt/x -F perm=x", False),
    ("InaccessiblePaths=/root/.ssh/authorized_keys", "-w /root/.ssh/authorized_keys -p wa", False),
)


@pytest.mark.parametrize(("sandbox", "rule", "ends"), ENDS, ids=[" ".join(map(str, case)) for case in ENDS])
def test_the_load_ends_at_what_the_unit_does_not_see(sandbox: str, rule: str, ends: bool) -> None:
    rules, stopped = loaded(at(sandbox, rule, LAST))
    assert (LAST_RULE not in rules, stopped is not None) == (ends, ends)


def test_a_drop_in_adds_a_sandbox() -> None:
    assert loaded(at("", "-w /root/.ssh/x -p wa", LAST, drop_in="ProtectHome=yes"))[0] == []
    assert loaded(at("ProtectHome=yes", "-w /root/.ssh/x -p wa", LAST, drop_in="ProtectHome=no"))[1] is None


def test_a_command_with_full_privileges_sees_all() -> None:
    commands = "ExecStartPost=\nExecStartPost=+/sbin/augenrules --load"
    assert loaded(at("ProtectHome=yes", "-w /root/.ssh/x -p wa", LAST, drop_in=commands))[1] is None


def test_a_unit_that_does_not_see_its_rules_is_not_told() -> None:
    said = booted(at("InaccessiblePaths=/etc", LAST))
    assert (said.loaded, said.reason) == (None, "what loads the rules may not see /etc/audit/audit.rules")


# Settings, a rule that boot loads and that is in the kernel, the path, and whether writing it is recorded now and then.
REC, UNREC, UNKNOWN = "recorded", "unrecorded", "unknown"
RECORDS = (
    ("", "-w /root -p wa", "/root/.ssh/authorized_keys", REC, REC),
    ("ProtectHome=true", "-w /root -p wa", "/root/.ssh/authorized_keys", UNKNOWN, UNREC),
    ("ProtectHome=true", "-w /var/home -p wa", "/var/home/alice/notes", UNKNOWN, UNREC),
    ("ProtectHome=true", "-w / -p wa", "/root/.ssh/authorized_keys", REC, REC),
    ("ProtectHome=true", "-w /etc/docker -p wa", "/etc/docker/daemon.json", REC, REC),
    ("InaccessiblePaths=/usr/bin", "-w /usr/bin/dockerd -p wa", "/usr/bin/dockerd", UNKNOWN, UNREC),
    ("BindPaths=/x:/usr/bin", "-w /usr/bin/dockerd -p wa", "/usr/bin/dockerd", UNKNOWN, UNKNOWN),
    ("InaccessiblePaths=/usr/bin/dockerd", "-w /usr/bin/dockerd -p wa", "/usr/bin/dockerd", REC, REC),
    ("PrivateDevices=yes", "-w /dev/shm -p wa", "/dev/shm/x", REC, REC),  # noqa: S108 - as it is mounted
)


@pytest.mark.parametrize(
    ("sandbox", "rule", "path", "now", "then"), RECORDS, ids=[" ".join(map(str, case[:3])) for case in RECORDS]
)
def test_a_rule_on_what_the_unit_sees_otherwise_never_fires(
    sandbox: str, rule: str, path: str, now: str, then: str
) -> None:
    audit = HostAudit(at(sandbox, rule, kernel=f"{rule}\n"))
    seen = audit.collected.facts.files
    assert "w" in getattr(audit.coverage(path, KERNEL, seen), now)
    assert "w" in getattr(audit.coverage(path, BOOT, seen), then)


def now(sources: Sources, path: str) -> str:
    audit = HostAudit(sources)
    return audit.coverage(path, KERNEL, audit.collected.facts.files).recorded


KEYS, ROOT = "/root/.ssh/authorized_keys", "-w /root -p wa\n"


@pytest.mark.parametrize(
    "more",
    ["ExecStartPost=/bin/sh -c 'auditctl -R /etc/x'", "ExecCondition=/bin/true", "[Unit]\nConditionPathExists=/x"],
)
def test_of_rules_in_the_kernel_the_sandbox_counts_whether_it_is_known_what_boot_does_or_not(more: str) -> None:
    sources = at("", "-w /root -p wa", drop_in=f"ProtectHome=true\n{more}", kernel=ROOT)
    assert booted(sources).loaded is None
    assert now(sources, KEYS) == ""
    assert now(at("", "-w /root -p wa", drop_in=more, kernel=ROOT), KEYS) == "wa"


@pytest.mark.parametrize("more", ["RootDirectory=/srv", "InaccessiblePaths=%t/x"])
def test_of_rules_that_are_loaded_from_where_only_systemd_knows_nothing_is_certain(more: str) -> None:
    assert now(at("", "-w /root -p wa", drop_in=more, kernel=ROOT), KEYS) == ""


def test_a_unit_that_is_not_enabled_may_have_loaded_the_rules_of_the_kernel() -> None:
    sources = at("ProtectHome=true", "-w /root -p wa", kernel=ROOT)
    assert sources.units is not None
    disabled = replace(sources, units=replace(sources.units, links={}))
    assert now(disabled, KEYS) == ""
    masked = replace(sources.units, links={f"{ETC}/auditd.service": "/dev/null"})
    assert now(replace(sources, units=masked), KEYS) == "wa"


def test_rules_that_are_tried_are_loaded_in_the_sandbox_of_the_host() -> None:
    tried = TriedRulesText(b"-w /root/.ssh/authorized_keys -p wa\n-w /etc/docker -p wa\n", ("x:1", "x:2"))
    for sandbox, count in (("", 2), ("ProtectHome=true", 0)):
        audit = HostAudit(replace(at(sandbox), tried=tried))
        assert audit.boot.loaded is not None
        assert len(audit.boot.loaded.rules) == count


def test_evidence_says_what_the_unit_does_not_see() -> None:
    audit = HostAudit(at("ProtectHome=true", "-w /root -p wa", "-w /etc/docker -p wa"))
    found = audit.coverage("/root", BOOT, audit.collected.facts.files)
    assert found.evidence.endswith("; the unit that loads the rules at boot does not see the host's /root")
    assert found.reason.value == "no_rule"


def test_the_load_of_boot_is_another_than_one_by_hand_only_where_rules_are_about_what_the_unit_does_not_see() -> None:
    for rule, same in (("-w /etc/docker -p wa", True), ("-w /root/.ssh/x -p wa", False)):
        audit = HostAudit(at("ProtectHome=true", rule))
        assert (audit.boot.loaded == audit.files.load(audit.boot.content or b"")) is same


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (("/root",), {"/root"}),
        (("/root/x/y", "/etc"), {"/root"}),
        (("/rootless", "/"), set()),
        (("/srv/x",), {"/srv"}),
    ],
)
def test_a_sandbox_names_the_directories_that_paths_are_about(paths: tuple[str, ...], found: set[str]) -> None:
    assert Sandbox(frozenset({"/root", "/home"}), unsure=frozenset({"/srv"})).concerned(paths) == found

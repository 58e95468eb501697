"""Hosts as boot finds them: units of systemd, rules files, a command line of the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from auditrules.audit.auditctl.normal_form import render
from auditrules.audit.boot.boot import Boot
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Sources, Units
from tests.audit.file_trees import facts

ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"
CONDITION = "ConditionKernelCommandLine=!audit=0\n"

# auditd.service of audit 2.3 to 3.1; of audit 4.0, which waits for the rules; and of audit 4.1, which comes first.
AUDITD3 = f"[Unit]\n{CONDITION}[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/augenrules --load\n"
AUDITD40 = (
    f"[Unit]\n{CONDITION}Requires=audit-rules.service\nAfter=audit-rules.service\n[Service]\nExecStart=/sbin/auditd\n"
)
AUDITD41 = (
    f"[Unit]\n{CONDITION}Wants=audit-rules.service\nBefore=audit-rules.service\n[Service]\nExecStart=/sbin/auditd\n"
)
RULES4 = f"[Unit]\n{CONDITION}[Service]\nType=oneshot\nExecStart=/sbin/augenrules --load\n"

BY_AUDITCTL = "[Service]\nExecStartPost=\nExecStartPost=/sbin/auditctl -R /etc/audit/audit.rules\n"
SPLIT = {f"{USR}/audit-rules.service": RULES4}
RULE = b"-w /etc/docker -p wa -k docker\n"
NORMAL = "-a always,exit -S all -F path=/etc/docker -F perm=wa -F key=docker"


def booted(sources: Sources) -> Boot:
    return HostAudit(sources).boot


def host(
    files: Mapping[str, str] = {f"{USR}/auditd.service": AUDITD3},
    rules_d: Mapping[str, bytes | str] | None = {"a.rules": RULE},
    *,
    enabled: tuple[str, ...] = ("auditd.service",),
    links: Mapping[str, str] = {},
    audit_rules: bytes | str | None = None,
    cmdline: str | None = "quiet",
    awk: str = "/usr/bin/mawk",
    script: bool = True,
    conf: str = "",
) -> Sources:
    """Make a host. A text in place of a file's bytes is why they could not be read."""
    own = {f"{WANTS}/{name}": f"{USR}/{name}" for name in enabled}
    kinds = {name: str(content) for name, content in (rules_d or {}).items() if content in ("dir", "missing")}
    found = {"/etc/audit": "dir", "/etc/audit/rules.d": "missing" if rules_d is None else "dir"}
    found |= {f"/etc/audit/rules.d/{name}": kind for name, kind in kinds.items()}
    return Sources(
        Kernel("none"),
        rules_d=tuple(file(f"/etc/audit/rules.d/{name}", content) for name, content in (rules_d or {}).items()),
        audit_rules=None if audit_rules is None else file("/etc/audit/audit.rules", audit_rules),
        auditd_conf=file("/etc/audit/auditd.conf", conf.encode()),
        cmdline=None if cmdline is None else file("/proc/cmdline", cmdline.encode()),
        facts=replace(facts(found), mounts=None),
        units=Units(
            tuple(file(path, content.encode()) for path, content in files.items()), {**own, **links}, script, awk
        ),
    )


def file(path: str, content: bytes | str) -> File:
    return File(path, content) if isinstance(content, bytes) else File(path, error=content)


def rules(said: Boot) -> list[str]:
    assert said.loaded is not None
    return [render(rule, "x86_64") for rule in said.loaded.rules]

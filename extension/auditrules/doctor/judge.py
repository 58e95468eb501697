"""Judges an installation: each check gives findings, which are ok, a warning or a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.doctor import packs
from auditrules.doctor.facts import NAME, PROJECT, Daemon, Installation
from auditrules.doctor.finding import Finding, ok, problem, warning
from auditrules.doctor.flags import is_true
from auditrules.doctor.loading import load_file
from auditrules.doctor.writers import writers

ENOUGH_SECONDS = 5.0  # for a Python process to start with osquery's share of the CPU, 20 %


def examine(host: Installation, version: str) -> list[Finding]:
    """Judge an installation, in the order in which an extension starts. `version` is our own."""
    return [
        *_daemons(host),
        *(line for load in host.load_files for line in load_file(load, host, version)),
        *(line for daemon in host.daemons for line in _registered(daemon, host, version)),
        *_kernel(host),
        *(line for daemon in host.daemons for line in _audit(daemon, host)),
        *_packs(host),
    ]


# osqueryd and its flags


def _daemons(host: Installation) -> Iterator[Finding]:
    if not host.daemons:
        others = "".join(f"; process {each.pid} is not taken for it: {each.doubt}" for each in host.strangers)
        advice = "start osqueryd, or orbit where Fleet's agent is"
        if host.strangers:
            advice = f"{'restart osqueryd' if host.root else 'run as root'} if it is that one, else start it"
        yield problem("osqueryd", f"no osqueryd of root runs{others}", advice)
    for daemon in host.daemons:
        flags = daemon.effective
        yield ok("osqueryd", f"it runs as process {daemon.pid}, with its socket at {daemon.socket}")
        if daemon.flagfile_error:
            yield warning(
                "flags", f"{daemon.flags['flagfile']}: {daemon.flagfile_error}", "run as root, or correct --flagfile"
            )
        if path := daemon.flags.get("flagfile"):
            for finding, advice in writers(path, host.path_chains.get(path), "0644"):
                yield problem("flags", finding, advice)
        if is_true(flags["disable_extensions"]):
            yield problem("flags", "--disable_extensions is true", "set --disable_extensions=false")
        yield _timeout(flags["extensions_timeout"])
        if NAME not in flags["extensions_require"].split(","):
            yield warning(
                "flags",
                f"--extensions_require does not name {NAME}: packs may be looked at before it is there, and then not "
                "for an hour",
                f"set --extensions_require={NAME}",
            )


def _timeout(seconds: str) -> Finding:
    if re.fullmatch(r"\d{1,9}", seconds) and int(seconds) >= ENOUGH_SECONDS:
        return ok("flags", f"--extensions_timeout is {seconds} s")
    return warning(
        "flags",
        f"--extensions_timeout is {seconds} s, in which a busy host may not start a Python process",
        "set --extensions_timeout=10",
    )


# osquery's answer


def _registered(daemon: Daemon, host: Installation, version: str) -> Iterator[Finding]:
    socket = daemon.socket
    if daemon.answer.error:
        advice = "look at osquery's log for its start" if host.root else "run as root, to whom the socket belongs"
        yield problem("registration", f"osquery does not answer at {socket}: {daemon.answer.error}", advice)
    elif NAME not in daemon.answer.extensions:
        others = ", ".join(daemon.answer.extensions) or "none"
        yield problem(
            "registration",
            f"osquery at {socket} has no extension {NAME}; it has: {others}",
            "restart osquery, and read what it logs of extensions",
        )
    elif (found := daemon.answer.extensions[NAME]) != version:
        yield warning(
            "registration", f"osquery runs version {found}, and this is {version}", "restart osquery, or install one"
        )
    else:
        yield ok("registration", f"osquery has registered {NAME} {found}")


# The kernel

_NOT_READ: Mapping[AnswerState, str] = {
    AnswerState.NO_PERMISSION: "run as root with CAP_AUDIT_CONTROL",
    AnswerState.FOREIGN_NAMESPACE: "run it in the host's own user and PID namespaces, not in a container",
    AnswerState.AUDITCTL_MISSING: "install auditctl (auditd or audit), or run as root, so that netlink is enough",
    AnswerState.TIMED_OUT: "look why auditctl hangs; ask again",
    AnswerState.NO_KERNEL_AUDIT: "boot a kernel with CONFIG_AUDIT",
    AnswerState.BROKEN_REPLY: "report it, with the row of audit_status",
    AnswerState.NOT_ASKED: "ask with the kernel",
}


def _kernel(host: Installation) -> Iterator[Finding]:
    kernel = host.kernel
    state = kernel.state
    if state in _NOT_READ:
        error = kernel.error or state.value or "not asked"
        yield problem("kernel", f"its rules can't be read: {error}", _NOT_READ[state])
        return
    rules = len(kernel.lines or ())
    if kernel.exact:
        yield ok("kernel", f"its rules are read over netlink: {rules}")
    else:
        yield warning(
            "kernel",
            f"its rules are read with auditctl, which does not tell all of them truly: {rules}",
            "run as root, so that netlink can be asked",
        )
    if state is AnswerState.DISABLED:
        yield warning(
            "kernel", "auditing is off: no rule records anything", "auditctl -e 1, and look at audit= at boot"
        )


def _audit(daemon: Daemon, host: Installation) -> Iterator[Finding]:
    flags = daemon.effective
    if is_true(flags["disable_audit"]):
        owner = host.consumer or "nobody"
        yield ok("audit", f"osquery leaves audit alone; {owner} owns the stream of records")
    elif is_true(flags["audit_allow_config"]):
        yield warning(
            "audit",
            "osquery owns audit (--disable_audit=false) and changes its rules (--audit_allow_config=true)",
            "expect rules of osquery's own, and none of others once it has taken them out",
        )
    else:
        yield warning(
            "audit",
            "osquery owns the stream of records (--disable_audit=false)",
            "let one program own it, auditd or osquery",
        )


# Packs


def _packs(host: Installation) -> Iterator[Finding]:
    if not host.packs:
        yield warning(
            "packs",
            f"none that asks our tables in /usr/share/{PROJECT}/packs or /etc/osquery/packs",
            "install the package, or copy packs/ there; with Fleet none is needed",
        )
    for pack in host.packs:
        found = [pack.error] if pack.error else list(packs.problems(pack.text))
        for each in found:
            yield problem("packs", f"{pack.path}: {each}", "install the pack anew")
        if not found:
            yield ok("packs", f"{pack.path} can be read")

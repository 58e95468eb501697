"""The diagnosis: each check gives lines that are ok, a warning or a problem, and say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from auditrules.doctor import packs
from auditrules.doctor.facts import NAME, PROJECT, SUFFIX, Daemon, ExtensionFile, Installation, LoadFile
from auditrules.doctor.flags import is_true

ENOUGH_SECONDS = 5.0  # for a Python process that starts within osquery's share of the CPU, 20 %
_OLDEST = (3, 10)

_STUB = re.compile(rf"#!/bin/sh\n# {PROJECT} (?P<version>\S+?)\.? ".encode())
_SHEBANG = re.compile(rb"#! *(?P<path>/[^ \t\n]*)")
_PYTHON = re.compile(r".*/python(\d+)\.(\d+)")
_ELF = b"\x7fELF"

_WORLD_WRITABLE, _EXECUTABLE, _STICKY = 0o002, 0o100, 0o1000


class Severity(str, Enum):
    """How bad it is."""

    PROBLEM = "problem"  # the extension does not work
    WARNING = "warning"  # it works, with a risk or a loss
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding; `advice` is what to do, empty where all is well."""

    severity: Severity
    subject: str
    finding: str
    advice: str = ""


def examine(host: Installation, version: str) -> list[Line]:
    """Judge an installation in the order in which an extension comes to life; `version` is our own."""
    return [
        *_daemons(host),
        *(line for load in host.load_files for line in _load_file(load, host, version)),
        *(line for daemon in host.daemons for line in _registered(daemon, host, version)),
        *_kernel(host),
        *(line for daemon in host.daemons for line in _audit(daemon, host)),
        *_packs(host),
    ]


def _ok(subject: str, finding: str) -> Line:
    return Line(Severity.OK, subject, finding)


def _warning(subject: str, finding: str, advice: str) -> Line:
    return Line(Severity.WARNING, subject, finding, advice)


def _problem(subject: str, finding: str, advice: str) -> Line:
    return Line(Severity.PROBLEM, subject, finding, advice)


# osqueryd and its flags


def _daemons(host: Installation) -> Iterator[Line]:
    if not host.daemons:
        yield _problem("osqueryd", "no osqueryd of root runs", "start osqueryd, or orbit where Fleet's agent is")
    for daemon in host.daemons:
        flags = daemon.effective
        yield _ok("osqueryd", f"it runs as process {daemon.pid}, with its socket at {daemon.socket}")
        if daemon.flagfile_error:
            yield _warning(
                "flags", f"{daemon.flags['flagfile']}: {daemon.flagfile_error}", "run as root, or correct --flagfile"
            )
        if is_true(flags["disable_extensions"]):
            yield _problem("flags", "--disable_extensions is true", "set --disable_extensions=false")
        yield _timeout(flags["extensions_timeout"])
        if NAME not in flags["extensions_require"].split(","):
            yield _warning(
                "flags",
                f"--extensions_require does not name {NAME}: packs may be looked at before it is there, and then not "
                "for an hour",
                f"set --extensions_require={NAME}",
            )


def _timeout(seconds: str) -> Line:
    if re.fullmatch(r"\d{1,9}", seconds) and int(seconds) >= ENOUGH_SECONDS:
        return _ok("flags", f"--extensions_timeout is {seconds} s")
    return _warning(
        "flags",
        f"--extensions_timeout is {seconds} s, in which a busy host may not start a Python process",
        "set --extensions_timeout=10",
    )


# What osquery is told to load


def _load_file(load: LoadFile, host: Installation, version: str) -> Iterator[Line]:
    add = f"add a line with the path of the extension to {load.path}, and restart osquery"
    if load.error:
        yield _problem("load file", f"{load.path}: {load.error}", "let root read it; run as root")
    elif load.lines is None:
        yield _problem("load file", f"{load.path} is not there", add)
    elif not load.files:
        yield _problem("load file", f"{load.path} names no {NAME}{SUFFIX}", add)
    elif len(load.files) > 1:
        named = ", ".join(file.path for file in load.files)
        yield _problem(
            "load file",
            f"{load.path} names more than one: {named}: all but one are refused as duplicates, again and again",
            "leave one of the lines",
        )
    else:
        yield _ok("load file", f"{load.path} names {load.files[0].path}")
    for file in load.files:
        yield from _extension(file, host, version)


def _extension(file: ExtensionFile, host: Installation, version: str) -> Iterator[Line]:
    path = file.path
    lines = list(_unsafe(file))
    yield from lines or [_ok("extension", f"{path} is a file that osquery loads")]
    if file.place is None or file.place.kind != "regular":
        return
    if file.error:
        yield _warning("extension", f"{path}: {file.error}", "run as root")
        return
    yield from _program(file, host)
    stub = _STUB.match(file.start)
    if stub and (found := stub["version"].decode("ascii", "replace")) != version:
        yield _warning("extension", f"{path} is version {found}, and this is {version}", "install one version of both")


def _unsafe(file: ExtensionFile) -> Iterator[Line]:
    """What osquery refuses, all of it as "unsafe directory permissions" (osquery/filesystem/filesystem.cpp)."""
    path, place = file.path, file.place
    if not path.endswith(SUFFIX):
        yield _problem("extension", f"{path} does not end in {SUFFIX}", f"rename it to end in {SUFFIX}")
    if place is None:
        yield _problem("extension", f"{path} is not there", "install it, or correct the load file")
        return
    if place.kind != "regular":
        yield _problem("extension", f"{path} is no regular file, but {place.kind}", "install it as a file")
        return
    if place.uid != 0:
        yield _problem("extension", f"{path} belongs to user {place.uid}", f"chown root:root {path}")
    if place.mode & _WORLD_WRITABLE:
        yield _problem("extension", f"{path} can be written by everybody (mode {place.mode:04o})", f"chmod 0755 {path}")
    if not place.mode & _EXECUTABLE:
        yield _problem("extension", f"{path} can't be run (mode {place.mode:04o})", f"chmod 0755 {path}")
    if file.folder and file.folder.mode & _STICKY:
        folder = path.rpartition("/")[0]
        yield _problem(
            "extension",
            f"{folder} has the sticky bit (mode {file.folder.mode:04o})",
            "put it into a folder of root's, such as /usr/lib/osquery/extensions",
        )


def _program(file: ExtensionFile, host: Installation) -> Iterator[Line]:
    """Whether the kernel can run it: the interpreter of its first line, and the Python that our stub looks for."""
    if file.start.startswith(_ELF):
        yield _ok("interpreter", f"{file.path} brings its own")
        return
    shebang = _SHEBANG.match(file.start)
    if not shebang:
        yield _problem("interpreter", f"{file.path} has no #! line", "install it anew")
        return
    interpreter = shebang["path"].decode("utf-8", "backslashreplace")
    if not (file.interpreter and file.interpreter.kind == "regular" and file.interpreter.mode & _EXECUTABLE):
        yield _problem(
            "interpreter", f"{interpreter} is not there, or can't be run", "install it, or the extension anew"
        )
    elif not _STUB.match(file.start):
        yield _ok("interpreter", f"{file.path} is run by {interpreter}")
    elif python := next(filter(_is_new_enough, host.pythons), None):
        yield _ok("interpreter", f"{file.path} finds {python}")
    else:
        yield _problem(
            "interpreter",
            f"{file.path} needs Python 3.10 or newer in /usr/bin, found {', '.join(host.pythons) or 'none'}",
            "install the package python3.11, or the tarball, which brings its own",
        )


def _is_new_enough(python: str) -> bool:
    match = _PYTHON.fullmatch(python)
    return bool(match and (int(match[1]), int(match[2])) >= _OLDEST)


# What osquery says


def _registered(daemon: Daemon, host: Installation, version: str) -> Iterator[Line]:
    socket = daemon.socket
    if daemon.answer.error:
        advice = "look at osquery's log for its start" if host.root else "run as root, to whom the socket belongs"
        yield _problem("registration", f"osquery does not answer at {socket}: {daemon.answer.error}", advice)
    elif NAME not in daemon.answer.extensions:
        others = ", ".join(daemon.answer.extensions) or "none"
        yield _problem(
            "registration",
            f"osquery at {socket} has no extension {NAME}; it has: {others}",
            "restart osquery, and read what it logs of extensions",
        )
    elif (found := daemon.answer.extensions[NAME]) != version:
        yield _warning(
            "registration", f"osquery runs version {found}, and this is {version}", "restart osquery, or install one"
        )
    else:
        yield _ok("registration", f"osquery has registered {NAME} {found}")


# The kernel

_NOT_READ: Mapping[str, str] = {
    "no_permission": "run as root with CAP_AUDIT_CONTROL",
    "foreign_namespace": "run it in the host's own user and PID namespaces, not in a container",
    "auditctl_missing": "install auditctl (auditd or audit), or run as root, so that netlink is enough",
    "timed_out": "look why auditctl hangs; ask again",
    "no_kernel_audit": "boot a kernel with CONFIG_AUDIT",
    "broken_reply": "report it, with the row of audit_status",
    "": "ask with the kernel",
}


def _kernel(host: Installation) -> Iterator[Line]:
    row = host.kernel
    state = row["state"]
    if state in _NOT_READ:
        yield _problem("kernel", f"its rules can't be read: {row['error'] or state or 'not asked'}", _NOT_READ[state])
        return
    if row["reader"] == "netlink":
        yield _ok("kernel", f"its rules are read over netlink: {row['kernel_rules']}")
    else:
        yield _warning(
            "kernel",
            f"its rules are read with auditctl, which does not tell all of them truly: {row['kernel_rules']}",
            "run as root, so that netlink can be asked",
        )
    if state == "disabled":
        yield _warning(
            "kernel", "auditing is off: no rule records anything", "auditctl -e 1, and look at audit= at boot"
        )


def _audit(daemon: Daemon, host: Installation) -> Iterator[Line]:
    flags = daemon.effective
    if is_true(flags["disable_audit"]):
        owner = host.kernel["consumer"] or "nobody"
        yield _ok("audit", f"osquery leaves audit alone; {owner} owns the stream of records")
    elif is_true(flags["audit_allow_config"]):
        yield _warning(
            "audit",
            "osquery owns audit (--disable_audit=false) and changes its rules (--audit_allow_config=true)",
            "expect rules of osquery's own, and none of others once it has taken them out",
        )
    else:
        yield _warning(
            "audit",
            "osquery owns the stream of records (--disable_audit=false)",
            "let one program own it, auditd or osquery",
        )


# Packs


def _packs(host: Installation) -> Iterator[Line]:
    if not host.packs:
        yield _warning(
            "packs",
            f"none that asks our tables in /usr/share/{PROJECT}/packs or /etc/osquery/packs",
            "install the package, or copy packs/ there; with Fleet none is needed",
        )
    for pack in host.packs:
        found = [pack.error] if pack.error else list(packs.problems(pack.text))
        for problem in found:
            yield _problem("packs", f"{pack.path}: {problem}", "install the pack anew")
        if not found:
            yield _ok("packs", f"{pack.path} can be read")

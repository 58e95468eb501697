"""Words what a control prescribes on any host: the rules of its requirements, and the rest as advice. Pure.

A verdict says what is left to do on one host. This is for Fleet's policies and the report, which have no host at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.requirement import Remedy
from auditrules.values import replace

LAST_FILE = "/etc/audit/rules.d/99-finalize.rules"
"""The file for the line that locks the rules: augenrules puts its lines behind those of all other files."""

NEVER_RUN = frozenset({"create_module", "query_module"})
"""System calls that no kernel since 2.6 has. A rule with one may not load, and records nothing."""

NEW_CALLS = frozenset({"fchmodat2", "setxattrat", "removexattrat", "file_setattr", "lsm_set_self_attr"})
"""System calls that some versions of auditctl in use do not know; 3.1 knows none of them."""

_FIRST_USER = "1000"  # UID_MIN of nearly every login.defs
_GRUB = "GRUB_CMDLINE_LINUX in /etc/default/grub, and make grub's configuration anew"


def prescribed(control: BenchmarkControl) -> tuple[Remedy, ...]:
    """The remedy that each requirement of a control prescribes.

    Raises:
        BenchmarkError: a requirement is not valid.
    """
    return tuple(
        _BY_KIND[fields.text("kind")](fields)
        for each in control.requires
        for fields in [
            Fields(each, control.file, control.id, key=control.rule_key, rules_file=control.rules_file),
        ]
    )


def _rules(fields: Fields, *lines: str) -> Remedy:
    return Remedy(tuple(lines), rules_file=fields.rule_file())


def _rule(fields: Fields, arch: str, *parts: str) -> str:
    """A syscall rule with the conditions of the requirement."""
    conditions = [each.replace("UID_MIN", _FIRST_USER) for each in fields.texts("fields", ())]
    return " ".join(
        (
            "-a always,exit",
            *((f"-F arch={arch}",) if arch else ()),
            *(f"-C {each}" for each in fields.texts("compare", ())),
            *parts,
            *(f"-F {each}" for each in conditions),
            f"-k {fields.rule_key()}",
        )
    )


def _path(fields: Fields) -> Remedy:
    path, letters, arches = fields.path("path"), fields.text("permissions"), fields.texts("arches", ())
    if not fields.texts("fields", ()) and not arches:
        return _rules(fields, f"-w {path} -p {letters} -k {fields.rule_key()}")
    name = "dir" if fields.text("type", "file") == "dir" else "path"
    return _rules(fields, *(_rule(fields, arch, f"-F {name}={path}", f"-F perm={letters}") for arch in arches or ("",)))


def _syscall(fields: Fields) -> Remedy:
    calls = [each for each in fields.texts("syscalls") if each not in NEVER_RUN]
    if not calls:
        return Remedy(text="No rule is needed: no kernel since 2.6 has this call.")
    rules = _rules(fields, *(_rule(fields, arch, f"-S {','.join(calls)}") for arch in fields.texts("arches")))
    new = [each for each in calls if each in NEW_CALLS]
    if not new:
        return rules
    return replace(rules, text=f"Leave {' and '.join(new)} out where auditctl does not know it: the load ends there.")


def _privileged(fields: Fields) -> Remedy:
    line = _rule(fields, "", "-F path=PROGRAM", "-F perm=x")
    return Remedy(
        text=f"Put the line {line} into {fields.rule_file()} for each PROGRAM with the setuid or setgid bit, or with "
        "file capabilities, on a local file system that is mounted without nosuid and noexec; then run augenrules "
        "--load."
    )


def _setting(fields: Fields) -> Remedy:
    option, file, test = fields.text("option"), fields.path("file"), fields.text("test", "")
    if test == "min_percent":
        value = f"{fields.number('min')}% or more"
    elif test == "range":
        least, most = (fields.number(end) if fields.has(end) else None for end in ("min", "max"))
        if least is not None and most is not None:
            value = f"a number from {least} to {most}"
        else:
            value = f"a number of at least {least}" if most is None else f"a number of at most {most}"
    elif test:
        value = "what fits this site"
    else:
        value = " or ".join(fields.texts("values"))
    return Remedy(text=f"Set {option} in {file} to {value}, and let auditd read it (SIGHUP, or the next boot).")


def _boot_option(fields: Fields) -> Remedy:
    value = fields.text("value") if fields.has("value") else str(fields.number("min"))
    more = "" if fields.has("value") else " or more"
    return Remedy(
        text=f"Put {fields.text('option')}={value}{more} on the command line of the kernel, as in {_GRUB}; then reboot."
    )


def _service(fields: Fields) -> Remedy:
    return Remedy(text=f"Enable and start {fields.text('name')}: systemctl enable --now {fields.text('name')}.")


def _package(fields: Fields) -> Remedy:
    names = [" or ".join(each) for each in fields.alternatives("names")]
    return Remedy(text=f"Install {' and '.join(names)}.")


def _rule_option(fields: Fields) -> Remedy:
    line = " ".join(filter(None, (fields.text("option"), fields.text("value", ""))))
    file = LAST_FILE if fields.flag("last", default=False) else fields.rule_file()
    last = ", as the last line of all" if fields.flag("last", default=False) else ""
    return Remedy(text=f"Put the line {line} into {file}{last}; then run augenrules --load.")


def _file_mode(fields: Fields) -> Remedy:
    words = {
        "log_files": "the files of the audit log",
        "log_directory": "the directory of the audit log",
        "configuration_files": "every *.conf and *.rules below /etc/audit",
    }
    which = words.get(fields.text("of", "")) or ", ".join(fields.absolute_paths("paths"))
    parts = [f"mode {fields.text('mode_max')} or stricter"] if fields.has("mode_max") else []
    parts += [f"the {name} {' or '.join(fields.texts(name))}" for name in ("owner", "group") if fields.has(name)]
    return Remedy(text=f"Give {which} {' and '.join(parts)}.")


def _mount(fields: Fields) -> Remedy:
    path = fields.path("path")
    if fields.has("separate"):
        return Remedy(text=f"Give {path} a file system of its own, mounted from /etc/fstab.")
    options = ",".join(fields.texts("options"))
    return Remedy(text=f"Mount the file system of {path} with {options}: in /etc/fstab, and mount -o remount now.")


def _integrity(fields: Fields) -> Remedy:
    attributes = "+".join(fields.texts("attributes"))
    return Remedy(
        text=f"Let AIDE check {', '.join(fields.absolute_paths('paths'))} for {attributes}, and make its data anew."
    )


def _drift(_: Fields) -> Remedy:
    return Remedy(
        text="Run augenrules --load, and read what it prints: a line that is refused ends the load. Rules that only "
        "the kernel has belong into a file of /etc/audit/rules.d, or away."
    )


def _absent_rule(fields: Fields) -> Remedy:
    return Remedy(
        text=f"Take every {fields.text('action')} rule of the {fields.text('list')} list out of /etc/audit/rules.d, "
        "and run augenrules --load."
    )


_BY_KIND: Mapping[str, Callable[[Fields], Remedy]] = MappingProxyType(
    {
        "path": _path,
        "syscall": _syscall,
        "privileged_command": _privileged,
        "setting": _setting,
        "boot_option": _boot_option,
        "service": _service,
        "package": _package,
        "rule_option": _rule_option,
        "file_mode": _file_mode,
        "mount": _mount,
        "integrity": _integrity,
        "drift": _drift,
        "absent_rule": _absent_rule,
    }
)

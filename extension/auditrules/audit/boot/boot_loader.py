"""Finds the kernel's command line of the next boot in the boot loader's files, or else takes the likeliest line.

It reads GRUB's grub.cfg and grubenv, and the entries of the Boot Loader Specification, which GRUB, systemd-boot and
zipl use. If no boot loader's file has the line, it takes this boot's line, and /etc/kernel/cmdline and
/etc/default/grub as hints.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from auditrules.audit.boot.grub_menu import Expand, MenuItem, Words, default_lines
from auditrules.audit.boot.grub_script import ScriptError, with_variables
from auditrules.audit.boot.kernel_command_line import KernelCommandLine
from auditrules.audit.model.collected import BootFiles, File
from auditrules.audit.model.text import decode
from auditrules.values import dataclass

GRUB_CFG, GRUBENV, CUSTOM_CFG = "grub.cfg", "grubenv", "custom.cfg"
LOADER_CONF = "loader/loader.conf"
ENTRIES = "loader/entries"
DEFAULT_GRUB = "/etc/default/grub"
KERNEL_CMDLINE = ("/etc/kernel/cmdline", "/usr/lib/kernel/cmdline")

# An unknown line stands for these two: all that matters is whether it switches auditing off.
ANYTHING: tuple[Words, ...] = ((), ("audit=0",))
# A grub.cfg that takes its menu from the entries of the Boot Loader Specification, as Fedora's grub-mkconfig writes it.
_BLS_MENU = """
load_env
set default="${saved_entry}"
if [ "${next_entry}" ]; then set default="${next_entry}"; fi
blscfg
"""
_NEXT = "kernel command line of the next boot"


@lru_cache(4)  # a boot loader's files rarely change from one snapshot to the next
def next_command_line(files: BootFiles | None, running: File | None) -> KernelCommandLine:
    """The command line of the next boot. `running` is /proc/cmdline, None for a root that is not this machine's."""
    current = None if running is None or running.content is None else tuple(decode(running.content).split())
    if files is None:
        return KernelCommandLine((current or (),))
    loaders = dict(_loaders(files))
    if loaders:
        return _by_loaders(loaders, current, _hints(files))
    return _without_loader(files, current)


def audit_words(words: Iterable[str]) -> str:
    """The words of a command line that are about audit, or "nothing of audit"."""
    return " ".join(word for word in words if word.startswith("audit")) or "nothing of audit"


def _by_loaders(
    loaders: Mapping[str, frozenset[Words] | None], current: Words | None, hints: Mapping[str, Words]
) -> KernelCommandLine:
    unsure = [path for path, lines in loaders.items() if lines is None]
    if unsure:
        source = ", ".join(unsure)
        remark = f"{_NEXT}: not known, as the default entry of {source} can't be told"
        return KernelCommandLine(ANYTHING if current is None else (current, *ANYTHING), source, remark, known=False)
    possible = tuple(sorted({line for lines in loaders.values() for line in lines or ()}))
    settings = list(dict.fromkeys(map(audit_words, possible)))
    others = [("this boot's line", current)] if current is not None else []
    differing = [
        f"{name} says {audit_words(line)}"
        for name, line in (*others, *hints.items())
        if audit_words(line) not in settings
    ]
    source = ", ".join(loaders)
    remark = f"{_NEXT}: {source} says {' or '.join(settings)}; {'; '.join(differing)}" if differing else ""
    return KernelCommandLine(possible, source, remark)


def _without_loader(files: BootFiles, current: Words | None) -> KernelCommandLine:
    hints = _hints(files)
    unreadable = [f"{file.path}: {file.error}" for file in files.files if file.content is None]
    why = "; ".join([*unreadable, *([files.error] if files.error else [])]) or "no boot loader's file says it"
    named = " or ".join(hints)
    if current is not None:
        taken = " or ".join(("this boot's", *hints))
        return KernelCommandLine((current, *hints.values()), named, f"{_NEXT}: taken from {taken}, as {why}")
    image = next((path for path in KERNEL_CMDLINE if path in hints), None) if files.images else None
    if image is not None:
        return KernelCommandLine((hints[image],), image, f"{_NEXT}: taken from {image}, as {why}")
    if files.occupied or unreadable or files.error or files.images:
        hinted = "".join(f"; {name} says {audit_words(line)}" for name, line in hints.items())
        remark = f"{_NEXT}: not known, as {why}{hinted}"
        return KernelCommandLine((*hints.values(), *ANYTHING), named, remark, known=False)
    if hints:
        return KernelCommandLine(((), *hints.values()), named, f"{_NEXT}: taken from {named}, as {why}")
    return KernelCommandLine(((),), "", f"{_NEXT}: taken to say nothing of audit, as {why}")


def _loaders(files: BootFiles) -> Iterator[tuple[str, frozenset[Words] | None]]:
    """The boot loaders' configurations that make a menu, each with the possible lines of its default entry."""
    texts = {file.path: decode(file.content) for file in files.files if file.content is not None}
    found = False
    for path, text in texts.items():
        folder, _, name = path.rpartition("/")
        if name != GRUB_CFG:
            continue
        try:
            lines = default_lines(
                text,
                _grubenv(texts.get(f"{folder}/{GRUBENV}", "")),
                lambda expand: _bls_items(texts, expand),
                texts.get(f"{folder}/{CUSTOM_CFG}", ""),
            )
        except ScriptError:
            lines = None
        if lines is None or lines:
            found = True
            yield path, lines
    entries = _bls(texts)
    confs = [path for path in texts if path.endswith(f"/{LOADER_CONF}")]
    if entries and (confs or not found) and not files.images:
        yield entries[0].folder, _of_entries(texts, entries, confs)


def _of_entries(
    texts: Mapping[str, str], entries: Sequence[_BootEntry], confs: Sequence[str]
) -> frozenset[Words] | None:
    """The lines of the entries that may be the default, if no grub.cfg makes the menu."""
    saved = next((_grubenv(text) for path, text in texts.items() if path.endswith(f"/{GRUBENV}")), None)
    if saved is not None:
        return default_lines(_BLS_MENU, saved, lambda expand: _bls_items(texts, expand))
    patterns = [_bare(value) for path in confs for key, value in _pairs(texts[path]) if key == "default"]
    wanted = [each for each in entries if any(fnmatchcase(each.name, pattern) for pattern in patterns)]
    return frozenset(tuple(each.options.split()) for each in wanted or entries)


@dataclass(frozen=True, slots=True)
class _BootEntry:
    """One entry, a file of the Boot Loader Specification."""

    folder: str
    name: str  # of the file, without .conf
    title: str
    options: str


def _bls(texts: Mapping[str, str]) -> list[_BootEntry]:
    """The entries in the order of GRUB's blscfg: newest kernel first, by name, version and release as rpm compares."""
    found = []
    for path, text in texts.items():
        folder, _, name = path.rpartition("/")
        if folder.endswith(f"/{ENTRIES}"):
            pairs = list(_pairs(text))
            title = next((value for key, value in pairs if key == "title"), "")
            options = " ".join(value for key, value in pairs if key == "options")
            found.append(_BootEntry(folder, _bare(name), title, options))
    return sorted(found, key=lambda each: [*map(_rpm_order, each.name.rsplit("-", 2))], reverse=True)


def _bls_items(texts: Mapping[str, str], expand: Expand) -> Sequence[MenuItem]:
    """The entries as items of GRUB's menu."""
    items = []
    for each in _bls(texts):
        lines = expand(with_variables(each.options))
        items.append(
            MenuItem(each.title, each.name, None if lines is None else frozenset(tuple(x.split()) for x in lines))
        )
    return items


def _bare(name: str) -> str:
    return name.removesuffix(".conf")


def _rpm_order(text: str) -> list[tuple[int, int, str]]:
    """A sort key for versions as rpm orders them: digits before letters, a tilde before the end."""
    runs = re.findall(r"[0-9]+|[A-Za-z]+|~", text)
    keys = [(2, int(run[:18]), "") if run.isdigit() else (-1, 0, "") if run == "~" else (1, 0, run) for run in runs]
    return [*keys, (0, 0, "")]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """The key and value of each line, which blanks separate."""
    for line in text.split("\n"):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        if key and not key.startswith("#"):
            yield key, value.strip()


def _grubenv(text: str) -> dict[str, str]:
    """The variables of an environment block: lines of NAME=VALUE, in which a backslash escapes a character."""
    pairs = (line.partition("=") for line in text.replace("\\\\", "\\").split("\n") if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def _hints(files: BootFiles) -> dict[str, Words]:
    """The command lines in the files from which the boot loader's files are made, by file."""
    texts = {file.path: decode(file.content) for file in files.files if file.content is not None}
    found: dict[str, Words] = {}
    path = next((path for path in KERNEL_CMDLINE if path in texts), None)
    if path is not None:
        found[path] = tuple(texts[path].split())
    settings: dict[str, str] = {}
    defaults = [each for each in texts if each == DEFAULT_GRUB or each.startswith(f"{DEFAULT_GRUB}.d/")]
    for each in sorted(defaults):
        settings |= _assignments(texts[each], settings)
    if defaults:
        names = ("GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT")
        found[DEFAULT_GRUB] = tuple(word for name in names for word in settings.get(name, "").split())
    return found


def _assignments(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """The variables that a shell would have after these lines; only plain assignments are understood."""
    found = dict(known)
    for line in text.split("\n"):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        for word in words:
            name, equals, value = word.partition("=")
            before = found.get(name[:-1], "") if name.endswith("+") else ""
            if equals and name.removesuffix("+").isidentifier():
                value = re.sub(r"\$\{?(\w+)\}?", lambda match: found.get(match[1], ""), value)
                found[name.removesuffix("+")] = before + value
    return found

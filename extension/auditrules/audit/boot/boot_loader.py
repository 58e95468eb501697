"""The kernel's command line of the next boot: what the boot loader's files say, or which line is taken in its place.

GRUB by its grub.cfg and grubenv; GRUB, systemd-boot and zipl by the entries of the Boot Loader Specification. Where no
boot loader's file says it: this boot's line, /etc/kernel/cmdline and /etc/default/grub as hints.
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

# Where nothing is known of a line, what matters of it is whether it switches auditing off.
ANYTHING: tuple[Words, ...] = ((), ("audit=0",))
# What a grub.cfg does that makes its menu of these entries, as Fedora's grub-mkconfig writes it.
_BLS_MENU = """
load_env
set default="${saved_entry}"
if [ "${next_entry}" ]; then set default="${next_entry}"; fi
blscfg
"""
_NEXT = "kernel command line of the next boot"


@lru_cache(4)  # a boot loader's files stay as they are from one snapshot to the next
def next_command_line(files: BootFiles | None, current: File | None) -> KernelCommandLine:
    """The command line of the next boot. `current` is /proc/cmdline, None for a root that is not this machine's."""
    own = None if current is None or current.content is None else tuple(decode(current.content).split())
    if files is None:
        return KernelCommandLine((own or (),))
    loaders = dict(_loaders(files))
    if loaders:
        return _by_loaders(loaders, own, _hints(files))
    return _without_loader(files, own)


def of_audit(words: Iterable[str]) -> str:
    """What a command line says of audit, in words."""
    return " ".join(word for word in words if word.startswith("audit")) or "nothing of audit"


def _by_loaders(
    loaders: Mapping[str, frozenset[Words] | None], own: Words | None, hints: Mapping[str, Words]
) -> KernelCommandLine:
    unsure = [path for path, lines in loaders.items() if lines is None]
    if unsure:
        source = ", ".join(unsure)
        remark = f"{_NEXT}: not known, as the default entry of {source} can't be told"
        return KernelCommandLine(ANYTHING if own is None else (own, *ANYTHING), source, remark, known=False)
    possible = tuple(sorted({line for lines in loaders.values() for line in lines or ()}))
    told = list(dict.fromkeys(map(of_audit, possible)))
    others = [("this boot's line", own)] if own is not None else []
    differing = [
        f"{name} says {of_audit(line)}" for name, line in (*others, *hints.items()) if of_audit(line) not in told
    ]
    where = ", ".join(loaders)
    remark = f"{_NEXT}: {where} says {' or '.join(told)}; {'; '.join(differing)}" if differing else ""
    return KernelCommandLine(possible, where, remark)


def _without_loader(files: BootFiles, own: Words | None) -> KernelCommandLine:
    hints = _hints(files)
    unreadable = [f"{file.path}: {file.error}" for file in files.files if file.content is None]
    why = "; ".join([*unreadable, *([files.error] if files.error else [])]) or "no boot loader's file says it"
    named = " or ".join(hints)
    if own is not None:
        taken = " or ".join(("this boot's", *hints))
        return KernelCommandLine((own, *hints.values()), named, f"{_NEXT}: taken from {taken}, as {why}")
    image = next((path for path in KERNEL_CMDLINE if path in hints), None) if files.images else None
    if image is not None:
        return KernelCommandLine((hints[image],), image, f"{_NEXT}: taken from {image}, as {why}")
    if files.occupied or unreadable or files.error or files.images:
        said = "".join(f"; {name} says {of_audit(line)}" for name, line in hints.items())
        remark = f"{_NEXT}: not known, as {why}{said}"
        return KernelCommandLine((*hints.values(), *ANYTHING), named, remark, known=False)
    if hints:
        return KernelCommandLine(((), *hints.values()), named, f"{_NEXT}: taken from {named}, as {why}")
    return KernelCommandLine(((),), "", f"{_NEXT}: taken to say nothing of audit, as {why}")


def _loaders(files: BootFiles) -> Iterator[tuple[str, frozenset[Words] | None]]:
    """The configurations of boot loaders that make a menu, each with the lines of its default entry."""
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
    """The lines of the entries that may be the default, where no grub.cfg says how the menu is made."""
    saved = next((_grubenv(text) for path, text in texts.items() if path.endswith(f"/{GRUBENV}")), None)
    if saved is not None:
        return default_lines(_BLS_MENU, saved, lambda expand: _bls_items(texts, expand))
    patterns = [_bare(value) for path in confs for key, value in _pairs(texts[path]) if key == "default"]
    wanted = [each for each in entries if any(fnmatchcase(each.name, pattern) for pattern in patterns)]
    return frozenset(tuple(each.options.split()) for each in wanted or entries)


@dataclass(frozen=True, slots=True)
class _BootEntry:
    """One file of the Boot Loader Specification."""

    folder: str
    name: str  # of the file, without .conf
    title: str
    options: str


def _bls(texts: Mapping[str, str]) -> list[_BootEntry]:
    """The entries, newest kernel first, as GRUB's blscfg sorts them: by name, version and release as rpm does."""
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
    """The entries as GRUB's menu has them."""
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
    """A key that orders versions as rpm does: digits before letters, a tilde before the end."""
    runs = re.findall(r"[0-9]+|[A-Za-z]+|~", text)
    keys = [(2, int(run[:18]), "") if run.isdigit() else (-1, 0, "") if run == "~" else (1, 0, run) for run in runs]
    return [*keys, (0, 0, "")]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Lines of a key and a value with blanks between."""
    for line in text.split("\n"):
        key, _, value = line.strip().replace("\t", " ").partition(" ")
        if key and not key.startswith("#"):
            yield key, value.strip()


def _grubenv(text: str) -> dict[str, str]:
    """The variables of an environment block: NAME=VALUE, a backslash before what is meant as it is."""
    pairs = (line.partition("=") for line in text.replace("\\\\", "\\").split("\n") if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def _hints(files: BootFiles) -> dict[str, Words]:
    """What the next change of the boot loader's files will be made from, by the files that say it."""
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
    """The variables that a shell would set from these lines, as far as they are plain assignments."""
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

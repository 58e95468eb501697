"""The kind `file_mode`: files have no more rights than allowed, and a required owner and group.

A stricter mode passes. For programs and named files links are followed; of the files in a folder only regular ones
count.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import ClassVar

from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.audit_files import (
    CONFIGURATION,
    PROGRAM_PREFIX,
    PROGRAMS,
    AuditFiles,
    existing_place,
    other_place,
)
from auditrules.benchmarks.configuration.auditd_options import auditd_options
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import MET, UNREADABLE, Fact, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass

LOG_FILES, LOG_DIRECTORY, CONFIGURATION_FILES = "log_files", "log_directory", "configuration_files"
OF = (LOG_FILES, LOG_DIRECTORY, CONFIGURATION_FILES)

_ENDINGS = (".conf", ".rules")
_MOST_TOLD = 5  # files that evidence and remediation name
_ALL_BITS = 0o7777


@dataclass(frozen=True, slots=True)
class FileMode(Requirement):
    """Files, and their allowed mode, owners and groups; None or empty: any.

    `log_group`: the group that auditd.conf sets for logs is allowed as well.
    """

    kind: ClassVar[str] = "file_mode"

    named: tuple[str, ...]
    of: str = ""
    mode: int | None = None
    owners: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    log_group: bool = False

    @property
    def needs(self) -> frozenset[Fact]:
        """The listed files, and whether owners count."""
        return frozenset({Fact.FILES})

    @property
    def required(self) -> str:
        """The allowed mode, owner and group, in words."""
        groups = (*self.groups, *(("log_group",) if self.log_group else ()))
        parts = (
            f"mode {self.mode:04o} or stricter" if self.mode is not None else "",
            f"owner {' or '.join(self.owners)}" if self.owners else "",
            f"group {' or '.join(groups)}" if groups else "",
        )
        return ", ".join(filter(None, parts))

    @property
    def subject(self) -> str:
        """The files, in words."""
        if self.of == CONFIGURATION_FILES:
            return f"*.conf and *.rules below {CONFIGURATION}"
        words = {LOG_FILES: "files beside log_file", LOG_DIRECTORY: "directory of log_file"}
        others = f" and {len(self.named) - 1} more" if len(self.named) > 1 else ""
        return words.get(self.of) or f"{self.named[0]}{others}"

    @property
    def origin(self) -> str:
        """The files of the log are where auditd.conf has them."""
        return "auditd.conf" if self.of in (LOG_FILES, LOG_DIRECTORY) else "benchmark"

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The files themselves, and where else programs may be."""
        named = self._files(facts.files or AuditFiles())[0]
        return (*named, *filter(None, (other_place(path) for path in self.named if "*" not in path)))

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:  # noqa: ARG002 - a boot changes nothing
        """Judge all of them together."""
        return [self._of_all(host)]

    def _of_all(self, host: JudgedHost) -> Result:
        files = host.facts.files
        if files is None:
            return Result(Status.UNKNOWN, UNREADABLE, "nobody looked at the files")
        found, error = self._files(files)
        file_system = host.file_system
        paths = tuple(dict.fromkeys(existing_place(path, file_system) for path in found))
        looked_at = [self._look(path, host) for path in paths]
        faults = sorted(filter(None, (self._fault(each, host) for each in looked_at if each)), key=_worst_first)
        unseen = [path for path, each in zip(paths, looked_at, strict=True) if each is None]
        present = [each for each in looked_at if each is not None and each.entry.type != "missing"]
        absent = [path for path, each in zip(paths, looked_at, strict=True) if each and each.entry.type == "missing"]
        if faults:
            evidence = "; ".join(filter(None, (_bounded([each.words for each in faults], "; "), error)))
            return Result(Status.FAIL, faults[0].reason, evidence, remedy=self._remedy(faults))
        if error or unseen:
            also = f"could not be looked at: {_bounded(unseen)}" if unseen else ""
            evidence = "; ".join(filter(None, (error, also)))
            return Result(
                Status.UNKNOWN, UNREADABLE, evidence, remedy=Remedy(text="Ask as root, or see what is in the way.")
            )
        if self._asks_owner and not files.owners and present:
            evidence = "whose the files of this copy of a root are says nothing: the root itself is not root's"
            return Result(Status.UNKNOWN, "copied", evidence, remedy=Remedy(text="Look at the host itself."))
        gone = f"not there: {_bounded(absent)}" if absent else ""
        if not present:
            evidence = gone or f"there are no {self.subject}"
            return Result(Status.NOT_APPLICABLE, "no_file", evidence)
        what = visible(present[0].path) if len(present) == 1 else f"all {len(present)}"
        return Result(Status.PASS, MET, "; ".join(filter(None, (f"{what}: {self.required}", gone))))

    @property
    def _asks_owner(self) -> bool:
        return bool(self.owners or self.groups)

    def _files(self, files: AuditFiles) -> tuple[tuple[str, ...], str]:
        """The paths, and an error if some may be missing."""
        if self.of == LOG_DIRECTORY:
            folder = files.log_file.rpartition("/")[0]
            return ((folder,), "") if folder else ((), files.logs.error or "where auditd logs to is not known")
        if self.of == LOG_FILES:
            return files.logs.paths, files.logs.error
        if self.of == CONFIGURATION_FILES:
            listed = files.configuration
            return tuple(path for path in listed.paths if path.endswith(_ENDINGS)), listed.error
        found: dict[str, None] = {}
        errors: list[str] = []
        for path in self.named:
            if "*" not in path:
                found[path] = None
                continue
            listed = files.configuration if _is_configuration(path) else files.programs
            hit = [each for each in listed.paths if _matches(each, path)]
            found.update(dict.fromkeys(hit or [each for each in listed.paths if _matches(each, other_place(path))]))
            errors += [listed.error] if listed.error else []
        return tuple(found), "; ".join(dict.fromkeys(errors))

    def _look(self, path: str, host: JudgedHost) -> _Looked | None:
        """The file at a path (links are followed unless it was found in a folder); None if it is not known."""
        end = host.file_system.walk(path, follow=not self.of or self.of == LOG_DIRECTORY)
        if end.entry is None or (end.entry.type != "missing" and end.entry.mode is None):
            return None
        if self.of in (LOG_FILES, CONFIGURATION_FILES) and end.entry.type != "file":
            return _Looked(path, Entry("missing"))
        return _Looked(end.path or path, end.entry)

    def _fault(self, looked: _Looked, host: JudgedHost) -> _Fault | None:
        """The fault of a file; None if it has none."""
        entry = looked.entry
        if entry.type == "missing" or entry.mode is None:
            return None
        excess = entry.mode & _ALL_BITS & ~self.mode if self.mode is not None else 0
        count = host.facts.files is not None and host.facts.files.owners
        facts = host.audit.collected.facts
        owner = entry.uid if count and self.owners and entry.uid not in _ids(self.owners, facts.users) else None
        group = entry.gid if count and self._groups(host) and entry.gid not in self._groups(host) else None
        if not excess and owner is None and group is None:
            return None
        said = (
            f"mode {entry.mode:04o}" if excess else "",
            f"owner {_name(owner, facts.users)}" if owner is not None else "",
            f"group {_name(group, facts.groups)}" if group is not None else "",
        )
        return _Fault(looked.path, excess, owner, group, f"{visible(looked.path)}: {', '.join(filter(None, said))}")

    def _groups(self, host: JudgedHost) -> frozenset[int]:
        """The ids of the allowed groups; empty if any is allowed."""
        names = list(self.groups)
        if self.log_group:
            options = auditd_options(host.audit.conf, None)
            names += [options.values["log_group"].text] if options.values else []
        return _ids(names, host.audit.collected.facts.groups)

    def _remedy(self, faults: Sequence[_Fault]) -> Remedy:
        """Commands, each with the files that it is for."""
        paths: dict[str, list[str]] = {}
        for fault in faults[:_MOST_TOLD]:
            for command in self._commands(fault):
                paths.setdefault(command, []).append(shlex.quote(visible(fault.path)))
        commands = ", ".join(f"`{command} {' '.join(of)}`" for command, of in paths.items())
        more = f" So with {len(faults) - _MOST_TOLD} more." if len(faults) > _MOST_TOLD else ""
        return Remedy(text=f"Run {commands}.{more}")

    def _commands(self, fault: _Fault) -> Iterator[str]:
        if fault.excess:
            yield f"chmod {_taken_away(fault.excess)}"
        if fault.owner is not None:
            yield f"chown {self.owners[0]}"
        if fault.group is not None:
            yield f"chgrp {self.groups[0] if self.groups else 'root'}"


@dataclass(frozen=True, slots=True)
class _Looked:
    path: str  # where its links end
    entry: Entry


@dataclass(frozen=True, slots=True)
class _Fault:
    path: str
    excess: int
    owner: int | None
    group: int | None
    words: str

    @property
    def reason(self) -> str:
        """The reason for the worst part of the fault."""
        if self.excess:
            return "mode_too_open"
        return "wrong_owner" if self.owner is not None else "wrong_group"


def _worst_first(fault: _Fault) -> tuple[bool, int, int, str]:
    """A sort key: rights of others count more than those of the group, and writing more than reading."""
    return fault.owner is None, -(fault.excess & 0o7), -fault.excess, fault.path


def _bounded(words: Sequence[str], between: str = ", ") -> str:
    told = between.join(map(visible, words[:_MOST_TOLD]))
    return f"{told}{between}and {len(words) - _MOST_TOLD} more" if len(words) > _MOST_TOLD else told


def _taken_away(excess: int) -> str:
    """The argument of chmod(1) that removes these bits, and adds none."""
    classes = (("u", excess >> 6, 0o4000), ("g", excess >> 3, 0o2000), ("o", excess, 0o1000))
    parts = []
    for name, bits, special in classes:
        letters = "".join(letter for letter, bit in (("r", 4), ("w", 2), ("x", 1)) if bits & bit)
        letters += ("t" if special == 0o1000 else "s") if excess & special else ""  # noqa: PLR2004 - the sticky bit
        parts += [f"{name}-{letters}"] if letters else []
    return ",".join(parts)


def _ids(names: Iterable[str], known: Mapping[str, int] | None) -> frozenset[int]:
    ids = {"root": 0, **(known or {})}
    return frozenset(int(name) if name.isdigit() else ids[name] for name in names if name.isdigit() or name in ids)


def _name(number: int, known: Mapping[str, int] | None) -> str:
    return next((visible(name) for name, own in {"root": 0, **(known or {})}.items() if own == number), str(number))


def _is_configuration(path: str) -> bool:
    return path.startswith(f"{CONFIGURATION}/")


def _matches(path: str, pattern: str) -> bool:
    """Whether a path matches a pattern as in a shell: a star matches no slash."""
    folder, _, name = path.rpartition("/")
    wanted_folder, _, wanted = pattern.rpartition("/")
    return folder == wanted_folder and not name.startswith(".") and fnmatchcase(name, wanted)


def read(fields: Fields) -> FileMode:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    named = fields.absolute_paths("paths")
    of = fields.word("of", OF, default="") if fields.has("of") else ""
    for path in named:
        folder, _, name = path.rpartition("/")
        listed = _is_configuration(path) or (folder in PROGRAMS and name.startswith(PROGRAM_PREFIX))
        if "*" in folder or ("*" in name and not listed):
            raise fields.error("paths", f"a star only in a last name below {CONFIGURATION}, or of a program of audit")
    mode = None
    if fields.has("mode_max"):
        text = fields.text("mode_max")
        if not (text.isascii() and text.isdigit() and len(text) in (3, 4) and not set(text) & set("89")):
            raise fields.error("mode_max", "a mode such as 0640")
        mode = int(text, 8)
    owners, groups = fields.texts("owner", ()), fields.texts("group", ())
    log_group = fields.flag("log_group", default=False)
    if mode is None and not owners and not groups and not log_group:
        raise fields.error("mode_max", "a mode, an owner or a group")
    return FileMode(named, of, mode, owners, groups, log_group)

"""The reading of an input by one auditctl: its lines, their places, and whether each is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from auditrules.audit.auditctl.getopt import Flag, Flags
from auditrules.audit.auditctl.parse import LineParser
from auditrules.audit.auditctl.rules_file import Word, lines, split
from auditrules.audit.boot.augenrules import Awk, Content, MergedRules, merge
from auditrules.audit.boot.load import LoadedFile, LoadedLine, load_rules
from auditrules.audit.model.collected import File
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from auditrules.authoring.finding import LintFinding, Place
from auditrules.authoring.finding_table import BY_ID
from auditrules.values import dataclass, replace

IGNORED_FOLDER = "it is a folder"  # why a folder is not read
_FIRST_ASSUMED = 0x70000000  # the first id for names that nobody looked up


@dataclass(frozen=True, slots=True)
class RulesInput:
    """An input of rules: one file, or a folder rules.d with the files that augenrules would read.

    `ignored` are the other names in the folder, each with the reason why it is not read; `awk` is the one of the host,
    None where that is not known.
    """

    name: str
    files: tuple[File, ...]
    folder: bool = False
    ignored: tuple[tuple[str, str], ...] = ()
    awk: Awk | None = None


def with_names(facts: Facts, inputs: Iterable[RulesInput]) -> Facts:
    """Add to the facts each name of a user or group in the inputs.

    Where nobody can look names up, each has a number of its own.
    """
    if facts.users is not None and facts.groups is not None:
        return facts
    wanted = needs(file.content or b"" for given in inputs for file in given.files)
    return replace(
        facts,
        users=_numbered(wanted.users) if facts.users is None else facts.users,
        groups=_numbered(wanted.groups) if facts.groups is None else facts.groups,
    )


def _numbered(names: Iterable[str]) -> Mapping[str, int]:
    others = sorted({*names} - {"root"})
    return {"root": 0, **{name: _FIRST_ASSUMED + place for place, name in enumerate(others)}}


@dataclass
class RulesReading:
    """One input as one auditctl on one machine reads it. Each part is computed once, when it is first used."""

    given: RulesInput
    facts: Facts

    @cached_property
    def contents(self) -> Mapping[str, Content]:
        """The content of each file of the folder, by name, as augenrules reads it."""
        return {
            file.path.rpartition("/")[2]: file.error if file.content is None else file.content
            for file in self.given.files
        }

    @cached_property
    def merged(self) -> MergedRules | None:
        """The result of augenrules for the folder; None for a single file."""
        if not self.given.folder:
            return None
        return merge(self.contents, self.given.awk or Awk.GAWK, self.facts.version)

    @cached_property
    def content(self) -> bytes:
        """The bytes that `auditctl -R` reads."""
        return self.merged.content if self.merged is not None else self.given.files[0].content or b""

    @cached_property
    def loaded(self) -> LoadedFile:
        """The result of `auditctl -R`."""
        return load_rules(self.content, self.facts, self.parse)

    @cached_property
    def in_full(self) -> LoadedFile:
        """The result if the load went on after each error. Further checks use its rules."""
        if self.loaded.stopped_at is None:
            return self.loaded
        return load_rules(self.content, self.facts, self.parse, go_on=True)

    @cached_property
    def parse(self) -> LineParser:
        """The parser of lines for the machine."""
        return LineParser(self.facts)

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """The path of each file by its name."""
        return {file.path.rpartition("/")[2]: file.path for file in self.given.files}

    def place(self, number: int) -> Place:
        """The file and line from which a line of `content` comes."""
        if self.merged is None:
            return Place(self.given.files[0].path, number)
        line = self.merged.at(number)
        if not line.origins:
            return Place(self.given.name)
        first = line.origins[0]
        return Place(self.paths[first.name], first.line + number - line.number)

    @cached_property
    def source_lines(self) -> Mapping[str, tuple[tuple[int, str], ...]]:
        """The lines of each file by its path, with auditctl's numbers, in the order in which they are read."""
        names = (file.path for file in self.given.files)
        return {path: tuple(lines(file.content or b"")) for path, file in zip(names, self.given.files, strict=True)}

    @cached_property
    def by_number(self) -> Mapping[int, LoadedLine]:
        """The lines of the full load by their numbers."""
        return {line.number: line for line in self.in_full.lines}

    def words(self, text: str) -> list[Word]:
        """The words of a line as this auditctl splits it."""
        return split(text, self.facts.version)

    def flags(self, text: str) -> list[Flag]:
        """The flags of a line with their operands."""
        return list(Flags(self.words(text), self.facts.version))

    def finding(  # noqa: PLR0913 - the parts of a finding, most by keyword
        self,
        id_: str,
        number: int,
        message: str,
        *,
        text: str = "",
        span: tuple[int, int] | None = None,
        related: tuple[tuple[Place, str], ...] = (),
    ) -> LintFinding:
        """Make a finding on a line of `content`."""
        return LintFinding(BY_ID[id_], self.place(number), message, text, span, related)

    def field_place(self, text: str, *names: str) -> tuple[int, int] | None:
        """The place of a field in a line. The operand of a watch is a path field, too."""
        for flag in self.flags(text):
            if flag.operand is None:
                continue
            name = flag.operand.text.lower()
            if flag.flag in ("-F", "-C") and any(name.startswith(each) for each in names):
                return flag.operand.start, flag.operand.end
            if flag.flag in ("-w", "-W") and {"path", "dir"} & {*names}:
                return flag.operand.start, flag.operand.end
            if flag.flag == "-p" and "perm" in names:
                return flag.operand.start, flag.operand.end
            if flag.flag == "-S" and "syscalls" in names:
                return flag.operand.start, flag.operand.end
        return None


def origins_of(reading: RulesReading) -> Iterator[tuple[Place, str]]:
    """Yield each line of the sources that is neither blank nor a comment, in the order in which they are read."""
    order = [*dict.fromkeys(each.origin.name for each in reading.merged.became)] if reading.merged else [*reading.paths]
    for name in order:
        for number, text in reading.source_lines[reading.paths[name]]:
            if text.lstrip(" ").partition("#")[0]:
                yield Place(reading.paths[name], number), text

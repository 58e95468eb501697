"""The rules files of one host: their lines, rules.d merged as augenrules does, and what `auditctl -R` loads.

Each is computed once, when it is first needed. A line is parsed once, even if it is in several files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

from auditrules.audit.auditctl.kernel_answer import KernelAnswer
from auditrules.audit.auditctl.listing import listed
from auditrules.audit.auditctl.parse import LineParser
from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.boot.augenrules import IS_A_DIRECTORY, NO_SUCH_FILE, Awk, Content, MergedRules, merge
from auditrules.audit.boot.augenrules import RULES_D as FOLDER
from auditrules.audit.boot.kernel_checks import KernelChecks
from auditrules.audit.boot.load import LoadedFile, load_rules
from auditrules.audit.boot.systemd import UndeterminedError
from auditrules.audit.boot.unit_commands import loaders_sandbox
from auditrules.audit.boot.version_sort import version_sorted
from auditrules.audit.filesystem.path_types import PathTypes
from auditrules.audit.filesystem.sandbox import Sandbox
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.errors import RuleSyntaxError
from auditrules.audit.model.rule import ParsedLine, Rule, Verb, same
from auditrules.audit.model.text import encode
from auditrules.values import dataclass, replace

RULES_D, AUDIT_RULES = "rules.d", "audit.rules"  # the two sources of rules that are files


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of a rules file, parsed, or the error. `source` is `rules.d` or `audit.rules`."""

    source: str
    path: str
    number: int | None  # None: the file itself can't be read
    text: str
    parsed: ParsedLine | None
    error: str = ""

    @property
    def rule(self) -> Rule | None:
        """The rule that the line adds."""
        return self.parsed.rule if self.parsed and self.parsed.verb is not Verb.DELETE else None


class RulesFiles:
    """The rules files of a host. `refusal` says why auditctl refuses to read audit.rules at all; None if it reads it.

    `earlier` are the files of the same host, collected before, to reuse the results of lines.
    """

    def __init__(self, collected: Sources, refusal: str | None = None, earlier: RulesFiles | None = None) -> None:
        self.collected = collected
        self.facts = collected.facts
        self.refusal = refusal
        self._types = PathTypes(collected.facts)
        self.parse: LineParser = LineParser(collected.facts, earlier.parse if earlier else None, self._types)
        self.checks: KernelChecks = KernelChecks(collected.facts, self._types, earlier.checks if earlier else None)
        self._rest = replace(collected, facts=replace(collected.facts, files={}))
        self._loads: dict[bytes, LoadedFile] = {}
        self._seen_in: dict[Sandbox, RulesFiles] = {}
        if earlier is not None:
            self._share(earlier)

    def _share(self, earlier: RulesFiles) -> None:
        """Reuse what was made of equal files, if every file type that it depends on is the same now."""
        if earlier._rest != self._rest:
            return
        # Taken before the types are compared, as another thread may still add results and their types.
        loads, made = dict(earlier._loads), {name: earlier.__dict__.get(name) for name in ("lines", "_merged")}
        if earlier._types.agree(self._types):
            self._loads = loads
            self.__dict__.update((name, value) for name, value in made.items() if value is not None)

    @cached_property
    def loaders_sandbox(self) -> Sandbox:
        """The sandbox of the units that may have loaded the kernel's rules."""
        return loaders_sandbox(self.collected.units).on(self.facts)

    def load_in(self, sandbox: Sandbox, content: bytes) -> LoadedFile:
        """Load a text as `auditctl -R` does inside a unit's sandbox, where it sees a different file system."""
        if not self._concerns(sandbox, content):
            return self.load(content)
        if sandbox not in self._seen_in:
            collected = replace(self.collected, facts=sandbox.facts(self.facts))
            self._seen_in[sandbox] = RulesFiles(collected, self.refusal)
        return self._seen_in[sandbox].load(content)

    def _concerns(self, sandbox: Sandbox, content: bytes) -> bool:
        """Whether any rule may name a path that the sandbox hides. On most hosts none does, so one load serves both."""
        if not sandbox:
            return False
        there = sandbox.on(self.facts)
        own = there.hidden | there.unsure  # these were collected even if no rule names them
        return any(encode(each) in content for each in own) or bool(there.concerned(self.facts.files.keys() - own))

    def load(self, content: bytes) -> LoadedFile:
        """Load a text as `auditctl -R` does, once: audit.rules and merged rules.d mostly are the same text."""
        if content not in self._loads:
            self._loads[content] = load_rules(content, self.facts, self.parse, self.checks)
        return self._loads[content]

    @property
    def audit_rules(self) -> LoadedFile | None:
        """The result of loading audit.rules; None if there is no such file, or it can't be read."""
        file = self.collected.audit_rules
        return self.load(file.content) if file and file.content is not None else None

    @cached_property
    def lines(self) -> tuple[FileLine, ...]:
        """All lines except blank ones and comments: rules.d in augenrules' order, then audit.rules."""
        return tuple(chain(self._of_rules_d(), self._of_audit_rules()))

    def _of_rules_d(self) -> Iterator[FileLine]:
        if self.collected.rules_d_error:
            yield FileLine(RULES_D, FOLDER, None, "", None, self.collected.rules_d_error)
        by_path = {file.path: file for file in self.collected.rules_d}
        for path in version_sorted(by_path):
            yield from self._of_file(by_path[path])

    def _of_file(self, file: File) -> Iterator[FileLine]:
        if file.content is None:
            yield FileLine(RULES_D, file.path, None, "", None, file.error)
            return
        for number, text in lines(file.content):
            try:
                parsed = self.parse(text)
            except RuleSyntaxError as error:
                yield FileLine(RULES_D, file.path, number, text, None, error.summary)
                continue
            if parsed is not None:
                yield FileLine(RULES_D, file.path, number, text, parsed)

    def _of_audit_rules(self) -> Iterator[FileLine]:
        file, loaded = self.collected.audit_rules, self.audit_rules
        if file is not None and loaded is None:
            yield FileLine(AUDIT_RULES, file.path, None, "", None, file.error)
        elif file is not None and loaded is not None:
            for line in loaded.lines:
                yield FileLine(
                    AUDIT_RULES, file.path, line.number, line.text, line.parsed, "" if line.parsed else line.reason
                )

    def printed(self) -> dict[str, Content] | None:
        """The files of rules.d by name, as cat prints them; None if there is no such folder.

        Raises:
            UndeterminedError: the folder, or a file of it, can't be read.
        """
        if self.collected.rules_d_error:
            raise UndeterminedError(f"{FOLDER}: {self.collected.rules_d_error}")
        if not self.collected.rules_d and self._types.at(FOLDER) != "dir":
            return None
        nothing = {"dir": IS_A_DIRECTORY, "missing": NO_SUCH_FILE}
        files: dict[str, Content] = {}
        for file in self.collected.rules_d:
            content = nothing.get(self._types.at(file.path) or "") if file.content is None else file.content
            if content is None:
                raise UndeterminedError(f"{file.path}: {file.error}")
            files[file.path.rpartition("/")[2]] = content
        return files

    def merged(self) -> MergedRules | None:
        """The files of rules.d as augenrules merges them; None if there is no such folder.

        Raises:
            UndeterminedError: a file can't be read, or the result depends on which awk runs, and that is not known.
        """
        if isinstance(self._merged, UndeterminedError):
            raise self._merged.with_traceback(None)
        return self._merged

    @cached_property
    def _merged(self) -> MergedRules | UndeterminedError | None:
        """As `merged`. If the host's awk is not known, all awks must give the same result."""
        program = self.collected.units.awk.rpartition("/")[2] if self.collected.units else ""
        try:
            files = self.printed()
        except UndeterminedError as error:
            return error
        if files is None:
            return None
        kinds = [awk for awk in Awk if program.startswith(awk.value)] or [*Awk]
        made = [merge(files, awk, self.facts.version) for awk in kinds]
        if any(each.content != made[0].content for each in made[1:]):
            found = program or "none was found"
            return UndeterminedError(f"what augenrules makes of {FOLDER} depends on the awk that it runs: {found}")
        return made[0]

    @property
    def stale(self) -> bool | None:
        """Whether audit.rules differs from what augenrules would write now; None if that can't be told."""
        file = self.collected.audit_rules
        try:
            merged = self.merged()
        except UndeterminedError:
            return None
        if merged is None or (file is not None and file.content is None):
            return None
        return file is None or file.content != merged.content


def actual_rules(reading: KernelAnswer, files: RulesFiles) -> tuple[Rule | None, ...]:
    """The kernel's rules in the order of evaluation, as exact as possible; None for a line that is no rule.

    A line of `auditctl -l` may hide the action, path or dir, an operator, a foreign arch or a comparison. If a rule of
    the files has the same listing, it is taken in place of the line's own reading; if several have, one that differs
    from that reading.
    """
    known = {} if reading.exact else _by_listing(files)
    return tuple(line.rule and _actual(line.text, line.rule, known) for line in reading.lines or ())


def _actual(text: str, rule: Rule, known: Mapping[str, Sequence[Rule]]) -> Rule:
    found = known.get(text, ())
    return next(chain((each for each in found if not same(each, rule)), found), rule)


def _by_listing(files: RulesFiles) -> dict[str, list[Rule]]:
    """The rules of the files, by the line that `auditctl -l` prints for them."""
    known: dict[str, list[Rule]] = {}
    for rule in _rules(files.lines):
        known.setdefault(listed(rule, files.facts.version, files.facts.machine), []).append(rule)
    return known


def _rules(found: Iterable[FileLine]) -> Iterator[Rule]:
    return (line.rule for line in found if line.rule is not None)

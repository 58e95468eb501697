"""Reads the two sets of rules that `auditrules diff` compares: from files, listings, images, or this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditrules.audit.auditctl.normal_form import decided
from auditrules.audit.boot.boot import Boot
from auditrules.audit.coverage.access_difference import RulesInForce
from auditrules.audit.coverage.decision import Auditing
from auditrules.audit.coverage.rule_resolver import RuleResolver
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import Rule
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.other_changes import ENABLED, Settings, settings_of_kernel, settings_of_load
from auditrules.authoring.reading import RulesInput
from auditrules.authoring.rule_paths import assumed_files, file_fields
from auditrules.authoring.tried_rules import TriedRules
from auditrules.cli.command import Problem
from auditrules.cli.environment import Environment
from auditrules.cli.rules_input import whole_rules
from auditrules.host import Collector
from auditrules.values import dataclass, replace

KERNEL, BOOT, LISTING, ROOT = "kernel", "boot", "listing", "root"


@dataclass(frozen=True, slots=True)
class RulesOperand:
    """The operand OLD or NEW: its kind, its path if it has one, and the rules if it names rules files."""

    text: str
    kind: str
    path: str = ""
    given: RulesInput | None = None


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One side of the comparison: its rules, whether auditing is on, its known settings, and problems with them."""

    rules: tuple[Rule, ...]
    auditing: Auditing
    settings: Settings
    unread: int = 0
    problems: tuple[str, ...] = ()


def parse_operand(text: str, root: str = "") -> RulesOperand:
    """Parse an operand, and read the rules files if it names some. Raises Problem if they can't be read."""
    kind, colon, path = text.partition(":")
    if text in (KERNEL, BOOT):
        return RulesOperand(text, text)
    if colon and kind in (LISTING, ROOT):
        if not path:
            raise Problem(f"expected a path behind {text}, found nothing: is a variable not set?")
        return RulesOperand(text, kind, path)
    return RulesOperand(text, "", text, whole_rules(text, root))


def host_of(root: str, operands: Sequence[RulesOperand], environment: Environment) -> Collector | None:
    """The host on whose files the rules are compared; None if no host is given. Raises Problem if operands conflict."""
    own = any(each.kind in (KERNEL, BOOT) for each in operands)
    if own and root not in ("", "/"):
        raise Problem(f"kernel and boot are of this machine, not of --root {root}")
    roots = [each.path for each in operands if each.kind == ROOT]
    if own:
        return environment.host("/", "auto", "")
    root = root or (roots[-1] if roots else "")
    return environment.host(root, "auto", "") if root else None


def look_at_paths(
    base: Facts, operands: Sequence[RulesOperand], host: Collector | None, environment: Environment
) -> Facts:
    """Look at all paths that rules of either side name, and add them to the facts. Without a host, assume them."""
    rules = [rule for each in operands for rule in compared_side(each, base, None, environment, host).rules]
    if host is None:
        return replace(base, files=assumed_files(rules), assumed=True)
    paths = {str(field.value) for rule in rules for field in file_fields(rule)}
    contents = (file.content or b"" for each in operands if each.given for file in each.given.files)
    return replace(base, files={**base.files, **host.look(paths | needs(contents).paths)})


def compared_side(
    operand: RulesOperand,
    facts: Facts,
    sources: Sources | None,
    environment: Environment,
    host: Collector | None = None,
) -> ComparedSide:
    """Read the rules of an operand, on a host with these facts."""
    if operand.given is not None:
        tried = TriedRules([operand.given], facts)
        settings = settings_of_load(tried.loaded)
        return ComparedSide(tried.loaded.rules, tried.source.auditing, settings, problems=tried.problems)
    if operand.kind == LISTING:
        saved = _listing(operand.path)
        audit = HostAudit(Sources(Kernel("listing", saved=saved), facts=facts))
        return _of_source(operand, audit.rule_sets.kernel, {})
    if operand.kind == ROOT:
        own = environment.host(operand.path, "none", "").sources()
    else:
        own = sources or (host.sources() if host else Sources(Kernel("none")))
    audit = HostAudit(own)
    if operand.kind == KERNEL:
        return _of_source(operand, audit.rule_sets.kernel, settings_of_kernel(audit.kernel.status))
    return _of_source(operand, audit.rule_sets.boot, _settings_after(audit.boot))


def _settings_after(boot: Boot) -> Settings:
    """The settings after a boot. Boot itself may enable auditing, without a rules file."""
    found = dict(settings_of_load(boot.loaded)) if boot.loaded else {}
    found.pop(ENABLED, None)
    return found if boot.enabled is None else {ENABLED: str(boot.enabled), **found}


def _of_source(operand: RulesOperand, source: RuleSource, settings: Settings) -> ComparedSide:
    if source.rules is None:
        raise Problem(f"{operand.text}: the rules are not known: {source.error}")
    problems = (*source.remarks, *([source.loads_nothing] if source.loads_nothing else []))
    rules = tuple(each.rule for each in source.rules.resolved)
    return ComparedSide(rules, source.auditing, settings, source.rules.unread, problems)


def _listing(path: str) -> File:
    given = whole_rules(path)
    if given.folder:
        raise Problem(f"cannot read {path}: expected a saved listing, found a directory")
    return given.files[0]


def in_force(side: ComparedSide, files: FileSystem) -> RulesInForce:
    """Resolve the rules of a side on these files, as if they had just been loaded."""
    rules = [decided(rule, files.facts) for rule in side.rules]
    return RulesInForce(RuleSet(rules, RuleResolver(files, fresh=True), side.unread), side.auditing)


def problems_of(operands: Sequence[RulesOperand], sides: Sequence[ComparedSide]) -> Iterator[str]:
    """Yield the problems of each side. The operand is named unless it is a rules file, whose problems name it.

    That files are assumed is left out: it holds for both sides, and the caller reports it once.
    """
    for operand, side in zip(operands, sides, strict=True):
        for problem in side.problems:
            if problem != FILES_ASSUMED:
                yield problem if operand.given else f"{operand.text}: {problem}"

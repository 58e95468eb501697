"""`auditrules coverage --syscall`: whether the kernel records a system call on any file, and by which rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditrules.audit.coverage.access import Access, Credentials
from auditrules.audit.coverage.asked_rule import AskedRule, CallOfArch, is_system_call
from auditrules.audit.coverage.call_coverage import CallAnswer
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.explain import RuleResult, explained_rules
from auditrules.audit.coverage.rule_set import RuleSet
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.cli.command import Problem
from auditrules.text import visible
from auditrules.values import dataclass


@dataclass(frozen=True, slots=True)
class SyscallVerdict:
    """The coverage of a system call by one source of rules, as text for people and for programs."""

    syscall: str
    arch: str
    source: str
    verdict: str
    reason: str
    rules: list[str]
    conditions: list[str]
    explanation: list[str]
    error: str
    remarks: list[str]  # on how well the rules are known


def asked_calls(names: Iterable[str], arch: str, files: FileSystem) -> tuple[CallOfArch, ...]:
    """The system calls that a command line names, each once.

    Raises:
        Problem: a call that no machine has, or that this one can't make.
    """
    wanted = tuple(dict.fromkeys(name.strip() for each in names for name in each.split(",")))
    for name in wanted:
        if not is_system_call(name):
            raise Problem(f"--syscall: expected names of system calls, found {visible(name)!r}")
    for call, why in AskedRule(wanted, (arch,)).calls(files.facts.machine, files.facts.kernel.release):
        if why:
            raise Problem(f"--syscall {call.syscall}: {why}")
    return tuple(CallOfArch(name, arch) for name in wanted)


def verdict_on(
    call: CallOfArch, source: RuleSource, files: FileSystem, who: Credentials, *, explain: bool
) -> SyscallVerdict:
    """Judge whether a source of rules records a call by these subjects."""
    found = source.evaluate_call(call, files, who)
    return SyscallVerdict(
        call.syscall,
        call.arch,
        source.name,
        found.status.value,
        found.reason.value,
        [_named(source, source.text(each.rule)) for each in found.deciding],
        list(found.conditions),
        list(_explained(call, found, source)) if explain else [],
        source.error or ("auditing is off" if source.auditing.enabled == 0 else ""),
        list(source.remarks),
    )


def _named(source: RuleSource, text: str) -> str:
    lines = ", ".join(source.files(text, lines=True))
    return f"{text}{f'  ({lines})' if lines else ''}"


def _explained(call: CallOfArch, found: CallAnswer, source: RuleSource) -> Iterator[str]:
    """Yield the result of each rule for the call on a file that no rule names."""
    if source.rules is None or not found.accesses:
        return
    yield f"{call.syscall} on a file that no rule names:"
    yield from rule_steps(source, source.rules, found.accesses[0], "on paths")


def rule_steps(source: RuleSource, rules: RuleSet, access: Access, elsewhere: str) -> Iterator[str]:
    """Yield the result of each rule for an access. Rules for other files are only counted; `elsewhere` says where."""
    steps = list(explained_rules(rules, access, source.auditing, source.machine))
    for step in steps:
        if step.result is not RuleResult.ELSEWHERE:
            yield f"  {source.text(step.resolved.rule)}: {step.words}"
    others = sum(step.result is RuleResult.ELSEWHERE for step in steps)
    if others:
        yield f"  and {others} {elsewhere}"


def as_text(
    verdicts: Sequence[SyscallVerdict], words: dict[CoverageStatus, str], when: dict[str, str]
) -> Iterator[str]:
    """Yield the lines of the verdicts for a person."""
    heading = ""
    for each in verdicts:
        if each.source != heading:
            yield "\n" if heading else ""
            heading = each.source
            yield f"system calls ({each.arch}), {when[each.source]}\n"
            yield from (f"  ({visible(remark)})\n" for remark in each.remarks)
        reason = "" if each.verdict == CoverageStatus.RECORDED.value else f"  ({each.reason})"
        yield f"  {each.syscall:<18}{words[CoverageStatus(each.verdict)]}{reason}\n"
        for line in filter(None, (each.error, *(f"by {rule}" for rule in each.rules))):
            yield f"      {visible(line)}\n"
        if each.conditions:
            yield f"      {visible('; '.join(each.conditions))}\n"
        for line in each.explanation:
            yield f"      {visible(line)}\n"

"""Words the coverage of a system call by one source of rules: the rows of audit_syscalls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from auditrules.audit.constants.kernel_releases import CHANGES
from auditrules.audit.coverage.answer import Reason
from auditrules.audit.coverage.asked_rule import ARCHES, AskedRule, CallOfArch, is_system_call, machine_of
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.coverage.syscall_coverage import FIRST_LOGIN_USER, RecordedFor, recorded_for_whom
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.rule import PERMISSION_LETTERS, Action, FilterList
from auditrules.values import dataclass, replace

NO_SUCH_CALL = "no_such_call"  # this machine or kernel does not have it
UNKNOWN_CALL = "unknown_call"  # no machine has it

_SHOWN = 80  # characters of an unknown name


@dataclass(frozen=True, slots=True)
class SyscallAnswer:
    """For whom a source of rules records a system call, on any file: a row of `audit_syscalls`.

    `recorded_for` is a value of `RecordedFor`, or `no_such_call`. `reason` is a word of `Reason`, `no_such_call` or
    `unknown_call`. `rules` are normal forms, in the order of evaluation.
    """

    syscall: str
    arch: str
    source: str
    recorded_for: str
    reason: str
    conditions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    evidence: str = ""
    evidence_lines: str = ""


def arches_of(machine: str) -> tuple[str, ...]:
    """The arches (b64, b32) whose programs a machine runs."""
    return tuple(each for each in ARCHES if machine_of(each, machine) is not None)


def syscall_answers(
    name: str, source: RuleSource, file_system: FileSystem, first_login_user: int = FIRST_LOGIN_USER
) -> Iterator[SyscallAnswer]:
    """The answers for a system call, one for each arch of the machine."""
    arches = arches_of(source.machine)
    if not is_system_call(name):
        why = f"no machine has a system call of this name: {name[:_SHOWN]}"
        for arch in arches:
            unknown = RecordedFor.UNKNOWN.value
            yield SyscallAnswer(name, arch, source.name, unknown, UNKNOWN_CALL, evidence=why, evidence_lines=why)
        return
    for call, why in AskedRule((name,), arches).calls(source.machine, file_system.facts.kernel.release):
        if why:
            here = call.arch, source.name, NO_SUCH_CALL, NO_SUCH_CALL
            yield SyscallAnswer(name, *here, evidence=why, evidence_lines=why)
        else:
            yield _answer(call, source, file_system, first_login_user)


def _answer(call: CallOfArch, source: RuleSource, file_system: FileSystem, first_login_user: int) -> SyscallAnswer:
    found = source.evaluate_call(call, file_system)
    recorded_for = RecordedFor.UNKNOWN
    if source.rules is not None:
        host = AuditedHost(source.rules, file_system, source.auditing)
        recorded_for = recorded_for_whom(call.syscall, call.arch, host, found, first_login_user)
    rules = tuple(dict.fromkeys(source.text(each.rule) for each in found.deciding))
    by_release = tuple(_by_release(call, source, file_system.facts.kernel.release))
    evidence, lines = (
        "; ".join([*source.evidence([(text, "") for text in rules], lines=each), *by_release, *source.remarks])
        for each in (False, True)
    )
    recording = (each.rule.keys() for each in found.deciding if each.rule.action is Action.ALWAYS)
    return SyscallAnswer(
        *(call.syscall, call.arch, source.name, recorded_for.value, found.reason.value),
        (*found.conditions, *_x32_calls(call, recorded_for, file_system)),
        rules,
        tuple(dict.fromkeys(chain.from_iterable(recording))),
        evidence,
        lines,
    )


def _x32_calls(call: CallOfArch, recorded_for: RecordedFor, file_system: FileSystem) -> Iterator[str]:
    """The condition for x32 calls, which no rule can record because of the extra bit in their numbers."""
    x32 = file_system.facts.kernel.x32
    if call.arch == "b64" and x32 is not False and recorded_for not in (RecordedFor.NOBODY, RecordedFor.UNKNOWN):
        yield f"{'' if x32 else 'perhaps '}except x32 calls"


def _by_release(call: CallOfArch, source: RuleSource, release: str) -> Iterator[str]:
    """A remark with the kernel's release, if it decides whether the call counts for a letter in a rule."""
    letters = sum(bit for letter, bit in PERMISSION_LETTERS if (letter, call.syscall) in CHANGES)
    rules = source.rules.in_list(FilterList.EXIT) if source.rules and release else ()
    if any(int(each.rule.value("perm") or 0) & letters for each in rules):
        yield f"by the release of its kernel, {release}"


def not_loaded(answer: SyscallAnswer) -> SyscallAnswer:
    """The answer for the next boot if it no longer records a call, or loads no rules at all."""
    return replace(answer, reason=Reason.NOT_LOADED.value) if answer.reason == Reason.NO_RULE.value else answer

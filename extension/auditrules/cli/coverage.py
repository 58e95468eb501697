"""`auditrules coverage`: whether the kernel records an access, by which rule, or why not. It can try rules files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from auditrules.audit.auditctl.field_values import UNSET
from auditrules.audit.coverage.access import ANYBODY, Credentials
from auditrules.audit.coverage.answer import Coverage, PermissionCoverage, path_error
from auditrules.audit.coverage.asked_rule import AskedPath
from auditrules.audit.coverage.decision import CoverageStatus
from auditrules.audit.coverage.explain import closeness_words, conditions, deciding_or_closest
from auditrules.audit.coverage.resolved_rules import ResolvedRule
from auditrules.audit.coverage.rule_source import RuleSource
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import BOOT, FILES, KERNEL
from auditrules.authoring.tried_rules import TriedRules
from auditrules.cli.command import Problem
from auditrules.cli.coverage_of_calls import SyscallVerdict, as_text, asked_calls, rule_steps, verdict_on
from auditrules.cli.environment import Environment, add_host, in_environment, keep_host
from auditrules.cli.rules_input import whole_rules
from auditrules.text import visible
from auditrules.values import dataclass

_EPILOG = """\
examples:
  auditrules coverage /usr/bin/dockerd
  auditrules coverage /etc/docker --permission wa --auid 1000
  auditrules coverage /usr/bin/dockerd --rules new.rules     rules that are not loaded yet
  auditrules coverage /usr/bin/dockerd --explain             each rule, and why it does not decide
  auditrules coverage --syscall chmod,fchmod --auid 1000     system calls, on whatever file

exit codes: 0 all of it is recorded, 1 some is not, 2 it could not be run, 3 some can't be told
"""

USES = {"r": "reading", "w": "writing", "x": "execution", "a": "attribute changes"}
WHEN = {KERNEL: "now", BOOT: "after the next boot", FILES: "with these files loaded"}
WORDS = {
    CoverageStatus.RECORDED: "recorded",
    CoverageStatus.CONDITIONAL: "not always recorded",
    CoverageStatus.UNRECORDED: "NOT recorded",
    CoverageStatus.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class PermissionAnswer:
    """The coverage of one permission of a path by one source of rules, as text for people and for programs."""

    path: str
    source: str
    permission: str
    verdict: str
    reason: str
    resolved_path: str
    rules: list[str]
    conditions: list[str]
    explanation: list[str]
    error: str
    remarks: list[str]  # on how well the rules are known


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("paths", metavar="PATH", nargs="*", help="absolute path of a file or a directory")
    parser.add_argument(
        "--syscall",
        metavar="NAME[,NAME]",
        action="append",
        default=[],
        help="system calls in place of paths, on whatever file; may be given more than once",
    )
    parser.add_argument("--permission", metavar="rwxa", default="rwxa", type=_permissions, help="default: all four")
    parser.add_argument("--auid", metavar="N|unset", type=_auid, help="of one login only (default: of every one)")
    parser.add_argument("--uid", metavar="N", type=_id, help="of one user only (default: of every one)")
    parser.add_argument("--arch", choices=["b64", "b32"], default="b64", help="programs of the machine, or 32-bit ones")
    parser.add_argument(
        "--rules",
        metavar="FILE|DIR",
        action="append",
        default=[],
        help="a rules file, a folder rules.d, or - for standard input, to try instead of the host's rules; may be "
        "given more than once",
    )
    parser.add_argument("--explain", action="store_true", help="name each rule that was considered, and what it said")
    add_host(parser)
    parser.add_argument("--format", choices=["text", "json"], default="text", help="default: text")
    parser.set_defaults(run=_run)


@in_environment
def _run(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    if bool(options.paths) is bool(options.syscall):
        raise Problem("expected paths or --syscall, and not both")
    for path in options.paths:
        if wrong := path_error(path):
            raise Problem(f"{visible(path)}: {wrong}")
    if options.rules and options.kernel not in ("auto", "none"):
        raise Problem(f"--rules is what boot is to load: --kernel {options.kernel} tells of rules that are loaded now")
    host = keep_host(options, environment)
    audit = host.audit()
    file_system = audit.file_system(host.look(options.paths))
    sources: Sequence[RuleSource]
    problems: tuple[str, ...] = ()
    if options.rules:
        inputs = [whole_rules(name, options.root) for name in options.rules]
        contents = (file.content or b"" for each in inputs for file in each.files)
        wanted = {path for path in needs(contents).paths if not path_error(path)}
        tried = TriedRules(inputs, audit.file_system(host.look({*options.paths, *wanted})).facts)
        sources, problems = (tried.source,), tried.problems
    else:
        sources = (audit.rule_sets.kernel, audit.rule_sets.boot)
    who = _who(options)
    if options.syscall:
        return _of_calls(options, sources, file_system, who, problems)
    found = [
        (path, source, source.evaluate(AskedPath(path, compat=options.arch == "b32"), file_system, who))
        for path in options.paths
        for source in sources
    ]
    answers = [
        _answer(path, source, covered, permission, explain=options.explain)
        for path, source, covered in found
        for permission in covered.permissions
        if permission.permission in options.permission
    ]
    text = _json(answers) if options.format == "json" else "".join(_text(answers, problems))
    return text, _exit_code(answer.verdict for answer in answers)


def _of_calls(
    options: argparse.Namespace,
    sources: Iterable[RuleSource],
    files: FileSystem,
    who: Credentials,
    problems: Iterable[str],
) -> tuple[str, int]:
    calls = asked_calls(options.syscall, options.arch, files)
    verdicts = [verdict_on(call, source, files, who, explain=options.explain) for source in sources for call in calls]
    if options.format == "json":
        text = _json(verdicts)
    else:
        text = "".join([*_not_loaded(problems), *as_text(verdicts, WORDS, WHEN)])
    return text, _exit_code(each.verdict for each in verdicts)


def _who(options: argparse.Namespace) -> Credentials:
    if options.auid is None and options.uid is None:
        return ANYBODY
    uid = options.uid
    return Credentials(auid=options.auid, uid=uid, euid=uid, suid=uid, fsuid=uid)


def _answer(
    path: str, source: RuleSource, covered: Coverage, permission: PermissionCoverage, *, explain: bool
) -> PermissionAnswer:
    alone = Coverage((permission,), covered.resolved, covered.exists, covered.exceptions, covered.error)
    return PermissionAnswer(
        path,
        source.name,
        permission.permission,
        permission.status.value,
        permission.reason.value,
        covered.resolved,
        [_named(source, alone, placed) for placed in deciding_or_closest(alone)],
        list(conditions(alone, source.machine, older=source.older)),
        list(_explained(source, permission)) if explain else [],
        covered.error or ("auditing is off" if source.auditing.enabled == 0 else ""),
        list(source.remarks),
    )


def _named(source: RuleSource, covered: Coverage, placed: ResolvedRule) -> str:
    text = source.text(placed.rule)
    lines = ", ".join(source.files(text, lines=True))
    near = closeness_words(covered, placed)
    return f"{text}{f'  ({lines})' if lines else ''}{f', which is {near}' if near else ''}"


def _explained(source: RuleSource, permission: PermissionCoverage) -> Iterator[str]:
    """Yield the result of each rule for the first call of the permission that is not recorded, else for its first."""
    if source.rules is None or not permission.calls:
        return
    call = next((each for each in permission.calls if each.status is not CoverageStatus.RECORDED), permission.calls[0])
    access = call.accesses[0]
    yield f"{call.operation.call} by anybody:"
    yield from rule_steps(source, source.rules, access, "on other paths")


def _json(answers: Iterable[PermissionAnswer | SyscallVerdict]) -> str:
    return json.dumps([asdict(each) for each in answers], indent=2) + "\n"


def _text(answers: Sequence[PermissionAnswer], problems: Iterable[str]) -> Iterator[str]:
    yield from _not_loaded(problems)
    heading = ("", "")
    for answer in answers:
        if (answer.path, answer.source) != heading:
            yield "\n" if heading != ("", "") else ""
            heading = (answer.path, answer.source)
            leads = f" -> {visible(answer.resolved_path)}" if answer.resolved_path not in ("", answer.path) else ""
            yield f"{visible(answer.path)}{leads}, {WHEN[answer.source]}\n"
            yield from (f"  ({visible(remark)})\n" for remark in answer.remarks)
        yield from _paragraph(answer)


def _not_loaded(problems: Iterable[str]) -> Iterator[str]:
    return (f"not loaded: {visible(problem)}\n" for problem in problems)


def _paragraph(answer: PermissionAnswer) -> Iterator[str]:
    words = WORDS[CoverageStatus(answer.verdict)]
    reason = "" if answer.verdict == CoverageStatus.RECORDED.value else f"  ({answer.reason})"
    yield f"  {USES[answer.permission]:<18}{words}{reason}\n"
    for line in filter(None, (answer.error, *(f"by {rule}" for rule in answer.rules))):
        yield f"      {visible(line)}\n"
    if answer.conditions:
        yield f"      {visible('; '.join(answer.conditions))}\n"
    for line in answer.explanation:
        yield f"      {visible(line)}\n"


def _exit_code(verdicts: Iterable[str]) -> int:
    """1 if an access is known to be missed, else 3 if one is unknown, else 0."""
    found = {CoverageStatus(each) for each in verdicts}
    if found & {CoverageStatus.UNRECORDED, CoverageStatus.CONDITIONAL}:
        return 1
    return 3 if CoverageStatus.UNKNOWN in found else 0


def _permissions(text: str) -> str:
    if not text or set(text) - set("rwxa"):
        raise argparse.ArgumentTypeError(f"expected letters of rwxa, found {text!r}")
    return text


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < UNSET):
        raise argparse.ArgumentTypeError(f"expected a number from 0 to {UNSET - 1}, found {text!r}")
    return int(text)


def _auid(text: str) -> int:
    return UNSET if text == "unset" else _id(text)

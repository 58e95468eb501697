"""The kind `setting`: an option of auditd.conf has an allowed value, in a file that auditd accepts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from auditrules.audit.model.host_facts import Version, dotted
from auditrules.audit.rule_sets import KERNEL
from auditrules.benchmarks.auditd_refusal import REFUSES, file_refusal, line_refusal
from auditrules.benchmarks.configuration.auditd_option_table import HALTS, OPTIONS, Option
from auditrules.benchmarks.configuration.auditd_options import (
    NO_EARLY_HALT,
    PATH,
    AuditdOptions,
    OptionValue,
    auditd_options,
)
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import (
    MET,
    UNCLEAR,
    UNREADABLE,
    Fact,
    JudgedHost,
    Remedy,
    Requirement,
    Result,
)
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass

TESTS = ("set", "min_percent", "range")

_MIB = 1 << 20
_MOST_PERCENT = 99  # that auditd takes
# In evidence_lines only, as saving the file or sending SIGHUP changes nothing that is required.
_READ_BEFORE = "; auditd was started before the file was last changed, and may have the old one"
_READ_IT = "Let auditd read it: `systemctl kill -s HUP auditd.service`, or the next boot."


@dataclass(frozen=True, slots=True)
class SettingRequirement(Requirement):
    """The allowed values of an option: one of `values`, or those that meet `test`, from `least` to `most`."""

    kind: ClassVar[str] = "setting"

    option: str
    values: tuple[str, ...] = ()
    test: str = ""
    least: int = 0
    most: int | None = None

    @property
    def subject(self) -> str:
        """The option."""
        return self.option

    @property
    def needs(self) -> frozenset[Fact]:
        """When auditd was started, the programs that it may run, and the size of the logs' file system."""
        return frozenset({Fact.SERVICES, Fact.FILES})

    @property
    def required(self) -> str:
        """The values that it may have, in words."""
        if self.values:
            return " or ".join(self.values)
        if self.test == "set":
            return "set"
        if self.test == "min_percent":
            return f"at least {self.least}%"
        return f"from {self.least}" + (f" to {self.most}" if self.most is not None else " on")

    def paths(self, facts: HostFacts) -> Iterable[str]:
        """The file itself, which must not be a link, and the programs that it names."""
        return (PATH, *(facts.files.run_by_auditd if facts.files else ()))

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Judge the file; a remark says if auditd may have read it before its last change."""
        options = auditd_options(host.audit.conf, _version(host))
        status, reason, evidence, line = self._of_file(host, options)
        remark = _READ_BEFORE if source == KERNEL and _is_older(host) else ""
        lines = f"{PATH}:{line}: {evidence}{remark}" if line else f"{PATH}: {evidence}{remark}" if remark else ""
        return [Result(status, reason, f"{PATH}: {evidence}", lines, remedy=self._remedy(reason))]

    def _of_file(self, host: JudgedHost, options: AuditdOptions) -> tuple[Status, str, str, int]:
        """The status, the reason, and the evidence with its line in the file."""
        if options.error:
            return Status.UNKNOWN, UNREADABLE, options.error, 0
        if not options.there:
            return Status.FAIL, "no_file", "there is no such file", 0
        if refused := file_refusal(host) or options.refused:
            return Status.FAIL, "refused", f"{REFUSES}: {refused}", options.refused_line
        missed = next(filter(None, (line_refusal(each, host) for each in options.looks_into)), None)
        if missed is not None:
            return missed
        value = options.values[self.option]
        if self.option == HALTS and value.text == "halt" and _version(host) is None:
            evidence = f"{self._in_words(value, '')}, which auditd takes before {dotted(NO_EARLY_HALT)} only"
            return Status.UNKNOWN, "version_unknown", evidence, value.line
        allowed = self._allows(value, host)
        reason = {None: "size_unknown", True: MET, False: "wrong_value" if value.line else "not_set"}[allowed]
        status = {None: Status.UNKNOWN, True: Status.PASS, False: Status.FAIL}[allowed]
        return status, reason, self._in_words(value, reason), value.line

    def _in_words(self, value: OptionValue, reason: str) -> str:
        """The value in the file, or that it is not set."""
        if not value.line:
            default = f", and auditd's default is {value.text}" if value.text else ""
            return f"{self.option} is not set{default}"
        unit = " MiB, of a file system whose size is not known" if reason == "size_unknown" else ""
        return f"{self.option} = {visible(value.text)}{unit}"

    def _allows(self, value: OptionValue, host: JudgedHost) -> bool | None:
        """Whether a value is allowed; None if that is not known."""
        if self.test == "set":
            return bool(value.line)
        if self.option == "log_group" and self.values:
            return bool({*self.values} & _names(value.text, host))
        if self.values:
            text = OPTIONS[self.option].text
            return value.text in (self.values if text else tuple(map(str.lower, self.values)))
        number = int(value.text.removesuffix("%"))
        if self.test == "min_percent" and not value.text.endswith("%"):
            if not number:
                return False
            size = host.facts.files.log_volume if host.facts.files else None
            return None if size is None else number * _MIB * 100 >= self.least * size
        return self.least <= number and (self.most is None or number <= self.most)

    def _remedy(self, reason: str) -> Remedy:
        if reason == UNREADABLE:
            return Remedy(text=f"See why {PATH} can't be read.")
        if reason == UNCLEAR:
            return Remedy(text=f"See what evidence names, or whether auditd takes {PATH}: `journalctl -u auditd`.")
        repair = {
            "refused": f"Mend {PATH}, or what it names, as auditd refuses it.",
            "no_file": f"Install the package of auditd, which brings {PATH}.",
        }.get(reason, "")
        if self.test == "set":
            wanted = f"Set `{self.option}` in {PATH} to the value that your policy wants."
        elif self.test == "min_percent":
            wanted = f"Set `{self.option} = {self.least}%` in {PATH}."
        elif self.values:
            others = f", or to {' or '.join(self.values[1:])}" if self.values[1:] else ""
            wanted = f"Set `{self.option} = {self.values[0]}` in {PATH}{others}."
        else:
            wanted = f"Set `{self.option}` in {PATH} to a number {self.required}."
        return Remedy(first=wanted, text=_READ_IT, repair=repair)


def _version(host: JudgedHost) -> Version | None:
    """The version of audit, None if it is not known."""
    collected = host.audit.collected
    return collected.facts.version if collected.auditctl_version else None


def _is_older(host: JudgedHost) -> bool:
    """Whether the running auditd was started before the last change of the file."""
    file, daemon = host.audit.collected.auditd_conf, host.facts.services
    if file is None or file.changed is None or daemon is None or daemon.started is None:
        return False
    return daemon.started < file.changed


def _names(group: str, host: JudgedHost) -> set[str]:
    """The names of a group, which may be given by its number."""
    if not group.isdigit():
        return {group}
    known = host.audit.collected.facts.groups or {}
    return {name for name, number in {"root": 0, **known}.items() if number == int(group)}


def read(fields: Fields) -> SettingRequirement:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    if fields.path("file", PATH) != PATH:
        raise fields.error("file", PATH)
    option = fields.word("option", tuple(OPTIONS))
    values = fields.texts("values", ())
    test = fields.word("test", TESTS, default="range" if fields.has("min") or fields.has("max") else "set")
    if values:
        own = OPTIONS[option]
        if fields.has("test"):
            raise fields.error("test", "either values or a test")
        if own.words:
            fields.words("values", own.words)
        if own.most is not None and not all(each.removesuffix("%").isdigit() for each in values):
            raise fields.error("values", "a list of numbers")
        for name in ("min", "max"):
            if fields.has(name):
                raise fields.error(name, "either values or a test")
        return SettingRequirement(option, values)
    if test != "set" and OPTIONS[option].most is None:
        raise fields.error("option", "an option whose value is a number")
    if test == "set" and not fields.has("test"):
        raise fields.error("values", "the values that are allowed, or a test")
    return SettingRequirement(option, (), test, *_bounds(fields, test, OPTIONS[option]))


def _bounds(fields: Fields, test: str, option: Option) -> tuple[int, int | None]:
    """The least and the greatest allowed number. They must allow some value, and forbid some."""
    least = fields.number("min", 0)
    most = fields.number("max") if fields.has("max") else None
    if test != "range" and most is not None:
        raise fields.error("max", "max only with the test range")
    if test == "set" and fields.has("min"):
        raise fields.error("min", "min only with the test range or min_percent")
    if test == "min_percent" and not option.percent:
        raise fields.error("option", "an option that may be a percentage")
    if test == "min_percent" and not 1 <= least <= _MOST_PERCENT:
        raise fields.error("min", f"a number from 1 to {_MOST_PERCENT}")
    if test == "range" and (least < 0 or (least == 0 and most is None) or least > (option.most or 0)):
        raise fields.error("min", "a number from 1 on that the option may have, or 0 with max")
    if most is not None and most < least:
        raise fields.error("max", f"a number from min on, which is {least}")
    return least, most

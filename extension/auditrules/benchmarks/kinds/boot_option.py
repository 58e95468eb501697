"""The kind `boot_option`: the kernel's command line has an option, now (/proc/cmdline) and at the next boot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from auditrules.audit.boot.boot_loader import DEFAULT_GRUB, ENTRIES, GRUB_CFG, KERNEL_CMDLINE
from auditrules.audit.boot.kernel_command_line import cmdline_of, switched_off
from auditrules.audit.model.collected import BootFiles
from auditrules.audit.rule_sets import BOOT
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.requirement import MET, UNCLEAR, UNREADABLE, JudgedHost, Remedy, Requirement, Result
from auditrules.status import Status
from auditrules.text import visible
from auditrules.values import dataclass, replace

AUDIT, BACKLOG = "audit", "audit_backlog_limit"
WRONG_VALUE = "wrong_value"

_ON = ("1", "on")
_MOST_NUMBER = 2**32 - 1  # an unsigned int's
_SHOWN = 200  # characters of a command line that evidence shows


@dataclass(frozen=True, slots=True)
class BootOption(Requirement):
    """The required value of a kernel option: `value`, or a number of at least `least`."""

    kind: ClassVar[str] = "boot_option"

    option: str
    value: str = ""
    least: int | None = None

    @property
    def subject(self) -> str:
        """The option."""
        return self.option

    @property
    def required(self) -> str:
        """The value that it must have, in words."""
        return self.value if self.least is None else f"at least {self.least}"

    @property
    def wanted(self) -> str:
        """The word for a command line that meets it."""
        return f"{self.option}={self.value if self.least is None else self.least}"

    def results(self, host: JudgedHost, source: str) -> Iterable[Result]:
        """Judge the line of this boot, or of the next."""
        found = self._of_next_boot(host) if source == BOOT else self._of_this_boot(host)
        other = self.option if found.reason == WRONG_VALUE else ""
        remedy = _remedy(self.wanted, host.audit.collected.boot_files, other)
        return [replace(found, missing=self.wanted, remedy=remedy)]

    def _of_this_boot(self, host: JudgedHost) -> Result:
        line = host.audit.collected.cmdline
        if line is None or line.content is None:
            why = f": {line.error}" if line is not None else ""
            return Result(Status.UNKNOWN, UNREADABLE, f"the kernel's command line of this boot is not known{why}")
        words = cmdline_of(host.audit.collected)
        return self._result([words], f"/proc/cmdline says {self._option_in(words)}")

    def _of_next_boot(self, host: JudgedHost) -> Result:
        line = host.audit.boot.command_line
        if not line.known:
            return Result(Status.UNKNOWN, UNREADABLE, line.remark)
        options = " or ".join(dict.fromkeys(map(self._option_in, line.possible)))
        evidence = "; ".join(filter(None, (f"{line.source or 'the line'} says {options}", line.remark)))
        return self._result(line.possible, evidence)

    def _result(self, possible: Sequence[Sequence[str]], evidence: str) -> Result:
        """The result for the possible command lines."""
        met = [self._met(words) for words in possible]
        if all(met):
            return Result(Status.PASS, MET, evidence)
        if any(met):
            return Result(Status.UNKNOWN, UNCLEAR, evidence)
        return Result(Status.FAIL, WRONG_VALUE if _values(self.option, possible[0]) else "not_set", evidence)

    def _met(self, words: Sequence[str]) -> bool:
        """Whether a command line meets the requirement (kernel/audit.c, and kernel/params.c on `--`)."""
        values = _values(self.option, words)
        if self.option == AUDIT and self.value in _ON:
            # Any value that does not switch auditing off switches it on; once off, it stays off.
            return bool(values) and not switched_off([f"audit={value}" for value in values])
        if self.least is None:
            return values[-1:] == [self.value]
        numbers = [number for number in map(_number, values) if number is not None]
        if not numbers:
            return False
        no_limit = self.option == BACKLOG and numbers[-1] == 0
        return no_limit or numbers[-1] >= self.least

    def _option_in(self, words: Sequence[str]) -> str:
        """The option as a command line has it, in words."""
        values = _values(self.option, words)
        if not values:
            return f"nothing of {self.option}"
        shown = " ".join(f"{self.option}={visible(value)}" for value in values)[:_SHOWN]
        unlimited = self.option == BACKLOG and _number(values[-1]) == 0
        return f"{shown}, which is no limit" if unlimited else shown


def _values(option: str, words: Sequence[str]) -> list[str]:
    """The values of an option on a command line. Words after `--` are for init, and `-` in a name counts as `_`."""
    found = []
    for word in words:
        plain = word.replace('"', "")
        if plain == "--":
            break
        name, equals, value = plain.partition("=")
        if equals and name.replace("-", "_") == option.replace("-", "_"):
            found.append(value)
    return found


def _number(text: str) -> int | None:
    """The number in a text, as kstrtouint with base 0 parses it; None if the text is no number."""
    digits = text.removeprefix("+")
    base = 16 if digits[:2].lower() == "0x" else 8 if digits[:1] == "0" else 10
    try:
        number = int(digits, base) if digits.isascii() and digits.isalnum() and len(digits) < _SHOWN else None
    except ValueError:
        return None
    return number if number is not None and number <= _MOST_NUMBER else None


def _remedy(word: str, files: BootFiles | None, other: str = "") -> Remedy:
    """How to set the option in the host's boot loader; `other` is the option if another value must be removed."""
    paths = [file.path for file in files.files] if files else []
    if any(f"/{ENTRIES}/" in path for path in paths):
        return Remedy(first=f'Run `grubby --update-kernel=ALL --args="{word}"`.', text="Then boot the machine anew.")
    # grubby removes other values by itself. In a line, an audit=0 that stays counts, and so does a later value.
    gone = f", and take every other `{other}=` out of that file" if other else ""
    image = next((path for path in KERNEL_CMDLINE if path in paths), "")
    config = next((path for path in paths if path.endswith(f"/{GRUB_CFG}")), "")
    if image and not config:
        text = "Make the boot entries or images anew, then boot the machine."
        return Remedy(first=f"Add `{word}` to {image}{gone}.", text=text)
    make = "`update-grub`" if config.startswith("/boot/grub/") or not config else f"`grub2-mkconfig -o {config}`"
    first = f"Add `{word}` to GRUB_CMDLINE_LINUX in {DEFAULT_GRUB}{gone}."
    return Remedy(first=first, text=f"Run {make}, then boot the machine anew.")


def read(fields: Fields) -> BootOption:
    """Parse the requirement from its object in a benchmark's file. Raises BenchmarkError."""
    option = fields.text("option")
    if not option.replace("_", "").replace("-", "").replace(".", "").isalnum():
        raise fields.error("option", "the name of an option of the kernel")
    if fields.has("min"):
        least = fields.number("min")
        if not 1 <= least <= _MOST_NUMBER:
            raise fields.error("min", f"a number from 1 to {_MOST_NUMBER}")
        if fields.has("value"):
            raise fields.error("value", "either a value or min")
        return BootOption(option, least=least)
    value = fields.text("value")
    if not value.isprintable() or set(value) & set(' "'):
        raise fields.error("value", "one word without quotes")
    return BootOption(option, value)

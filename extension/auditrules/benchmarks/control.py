"""A benchmark and its controls as values. A control's requirements are parsed only when it is judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from auditrules.benchmarks.fields import Fields
from auditrules.values import dataclass, field

if TYPE_CHECKING:
    from auditrules.benchmarks.requirement import Requirement  # which needs all that a host is judged by


class Assessment(str, Enum):
    """How a control is to be assessed. CIS benchmarks before 1.3 have `scored` instead; others do not say."""

    SCORED = "scored"
    AUTOMATED = "automated"
    MANUAL = "manual"
    NOT_SAID = ""


Prose = Callable[[str], Mapping[str, str]]
"""The texts that the controls of a family share: description, rationale, impact, default_value."""

_CIS_CONTROLS = "CIS Controls: "


def no_prose(_family: str) -> Mapping[str, str]:
    """Give no texts for any family."""
    return MappingProxyType({})


def query_name(*words: str) -> str:
    """Join words to the name of a query in a pack: lower-case letters, digits and `_`.

    >>> query_name("stig-rhel-9", "RHEL-09-653010")
    'stig_rhel_9_rhel_09_653010'
    """
    return "_".join(re.findall("[a-z0-9]+", " ".join(words).lower()))


@dataclass(frozen=True)
class BenchmarkControl:
    """One control of one version of a benchmark, in our own words.

    `texts` are its own texts; others it shares with its family. `requires` is as in the file; `requirements` parses it.
    """

    benchmark: str
    version: str
    id: str
    title: str
    level: str = ""  # of a profile of CIS, or the severity of a STIG
    family: str = ""  # what it is about, such as docker
    assessment: Assessment = Assessment.NOT_SAID
    systems: tuple[str, ...] = ()  # ids of os-release that it is for; empty: any
    mappings: tuple[str, ...] = ()  # the controls of other frameworks that it serves, as the benchmark gives them
    links: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # where sources that retell the benchmark say otherwise
    grep: str = ""  # what the benchmark's own `auditctl -l | grep` looks for; empty: it has no such check
    short_name: str = ""  # of the benchmark
    rule_key: str = ""  # of the rules that a remediation gives
    rules_file: str = ""  # that they are put into
    file: str = ""  # that the control stands in
    changed: tuple[str, ...] = ()  # what a site wants otherwise, by whom and why
    off: bool = False  # a site switched it off
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    requires: Sequence[Mapping[str, object]] = field(default=(), compare=False, repr=False)
    prose: Prose = field(default=no_prose, compare=False, repr=False)

    @property
    def key(self) -> tuple[str, str, str]:
        """Benchmark, version and number, which no other control has together."""
        return self.benchmark, self.version, self.id

    @property
    def name(self) -> str:
        """The name of its query in a pack."""
        return query_name(self.short_name, self.id)

    @property
    def cis_controls(self) -> tuple[str, ...]:
        """Version of the CIS Controls and number of each that it serves, as the benchmark gives them."""
        return tuple(each.removeprefix(_CIS_CONTROLS) for each in self.mappings if each.startswith(_CIS_CONTROLS))

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements, parsed.

        Raises:
            BenchmarkError: one of them is not valid.
        """
        # Imported here, as a caller that only wants titles needs no kind.
        from auditrules.benchmarks.kinds import read_requirement  # noqa: PLC0415

        return tuple(
            read_requirement(Fields(each, self.file, self.id, key=self.rule_key, rules_file=self.rules_file))
            for each in self.requires
        )

    def text(self, name: str) -> str:
        """One of its texts: description, rationale, impact or default_value; empty if there is none."""
        return self.texts.get(name) or self.prose(self.family).get(name, "")

    @property
    def description(self) -> str:
        """The requirement in prose."""
        return self.text("description")

    @property
    def rationale(self) -> str:
        """Why that matters."""
        return self.text("rationale")

    @property
    def impact(self) -> str:
        """The cost of the control, and what else to set up."""
        return self.text("impact")

    @property
    def default_value(self) -> str:
        """The state of a host that nobody has configured."""
        return self.text("default_value")


@dataclass(frozen=True)
class Benchmark:
    """One version of a benchmark. `load` returns its controls on auditing, in order; they are not kept here.

    `systems` are the systems that it is for, such as `ubuntu 24.04`; empty: any. `instead_of_none`: it is only for
    systems that have no other benchmark. `by_request`: it is judged only if a user names it. `source_path` is the file
    of a site's own benchmark, empty for one that ships.
    """

    name: str
    version: str
    short_name: str
    systems: tuple[str, ...] = ()
    instead_of_none: bool = False
    by_request: bool = False
    file: str = ""
    source_path: str = ""
    load: Callable[[], tuple[BenchmarkControl, ...]] = field(default=tuple, compare=False, repr=False)

    @property
    def controls(self) -> tuple[BenchmarkControl, ...]:
        """Its controls, in order."""
        return self.load()

    @property
    def key(self) -> tuple[str, str]:
        """Name and version, which no other benchmark has together."""
        return self.name, self.version

"""A control of a benchmark as data: number, title, the path that it wants audited, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class TargetKind(str, Enum):
    """The kind of a target, which decides the accesses that must be recorded."""

    EXECUTABLE = "executable"
    FILE = "file"
    DIRECTORY = "directory"
    SOCKET = "socket"


# The letters that are to be recorded: of an executable that it runs, too.
REQUIRED = {TargetKind.EXECUTABLE: "wxa", TargetKind.FILE: "wa", TargetKind.DIRECTORY: "wa", TargetKind.SOCKET: "wa"}


class Assessment(str, Enum):
    """How a benchmark wants a control to be assessed. Benchmarks before 1.3 score instead."""

    SCORED = "scored"
    AUTOMATED = "automated"
    MANUAL = "manual"


def short_name(benchmark: str) -> str:
    """The short form of a benchmark's name: `cis-docker` for `CIS Docker Benchmark`."""
    return "-".join(word for word in benchmark.lower().split() if word != "benchmark")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is to be audited, whatever number a benchmark gives it.

    `path` is the benchmark's own. The other places are where packages put the same thing: a target where it is there.
    """

    name: str  # as it stands in a title
    path: str
    kind: TargetKind
    description: str
    rationale: str
    places: tuple[str, ...] = ()
    process: str = ""  # the last name of the executable of a process that runs it
    unit: str = ""  # the systemd unit that it is the file of
    option: str = ""  # of the daemon, by which it is told to use another place
    if_applicable: bool = True  # where nothing is there, nothing is wanted


@dataclass(frozen=True, slots=True)
class BenchmarkControl:
    """One control of one version of a benchmark, in our own words."""

    benchmark: str
    version: str
    id: str
    title: str
    level: str
    subject: Subject
    required: str  # letters out of rwxa, each of which is to be recorded
    assessment: Assessment
    impact: str
    references: tuple[str, ...]
    cis_controls: tuple[str, ...]  # version of the Controls and number, as the benchmark gives them
    disagreements: tuple[str, ...] = ()  # where sources that retell the benchmark say otherwise
    family: str = ""  # what it is about, such as docker
    systems: tuple[str, ...] = ()  # ids of os-release that it is for; empty: any
    default_value: str = ""  # what holds on a host that nobody configured

    @property
    def key(self) -> tuple[str, str, str]:
        """Benchmark, version and number, which no other control has together."""
        return self.benchmark, self.version, self.id

    @property
    def mappings(self) -> tuple[str, ...]:
        """The controls of other frameworks that it serves, as the benchmark gives them."""
        return tuple(f"CIS Controls: {each}" for each in self.cis_controls)

    @property
    def name(self) -> str:
        """The name of its query in a pack."""
        return "_".join([*short_name(self.benchmark).split("-"), *self.id.split(".")])

    @property
    def paths(self) -> tuple[str, ...]:
        """The benchmark's own path, then the other places."""
        return (self.subject.path, *self.subject.places)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One version of a benchmark: its controls on auditing, in order. `file` is where they stand in this package."""

    name: str
    version: str
    controls: tuple[BenchmarkControl, ...]
    file: str

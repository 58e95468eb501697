"""Applies a site's changes to controls: a control is switched off, or a value of a requirement is replaced. Pure.

A tailoring file is a JSON object with the key `tailoring`: a list of changes. Each has a reason and an owner, which the
evidence of the control's verdict names, so that no change is silent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.data_file import read_requirements
from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.values import dataclass, replace

MOST_CHANGES = 1000


@dataclass(frozen=True, slots=True)
class ControlChange:
    """A site's change of one control: it is `off`, or `values` replace those of some of its requirements.

    `where` are keys and values that select the requirements.
    """

    benchmark: str  # its name or short name
    version: str  # empty: all of its versions that have the control
    control: str
    reason: str
    owner: str
    path: str  # of the file
    off: bool = False
    where: tuple[tuple[str, object], ...] = ()
    values: tuple[tuple[str, object], ...] = ()

    @property
    def words(self) -> str:
        """The change, its owner and its reason, for evidence."""
        return f"{'switched off' if self.off else 'changed'} by {self.owner}: {self.reason} ({self.path})"

    def names(self, benchmark: Benchmark) -> bool:
        """Whether it names this benchmark, of any version."""
        return self.benchmark.lower() in (benchmark.name.lower(), benchmark.short_name)

    def is_about(self, benchmark: Benchmark) -> bool:
        """Whether it may change a control of a benchmark."""
        return self.names(benchmark) and self.version in ("", benchmark.version)


def read_tailoring(fields: Fields, path: str) -> tuple[ControlChange, ...]:
    """Parse the changes of a file.

    Raises:
        BenchmarkError: one of them is not valid.
    """
    changes = tuple(_change(each, path) for each in fields.objects("tailoring"))
    fields.finish()
    if len(changes) > MOST_CHANGES:
        raise BenchmarkError(fields.file, "tailoring", f"at most {MOST_CHANGES} changes", str(len(changes)))
    return changes


def _change(fields: Fields, path: str) -> ControlChange:
    benchmark, control = fields.line("benchmark"), fields.line("control")
    fields.control = control
    off = fields.flag("off", default=False)
    where, values = fields.mapping("where"), fields.mapping("set")
    change = ControlChange(
        benchmark,
        fields.line("version", ""),
        control,
        fields.line("reason"),
        fields.line("owner"),
        path,
        off,
        tuple(where.items()),
        tuple(values.items()),
    )
    fields.finish()
    if off == bool(values):
        raise fields.error("set", "either off to be true, or values to set")
    if values and not where:
        raise fields.error("where", "the keys and values of the requirement that changes, such as its kind")
    return change


def tailored(benchmarks: Iterable[Benchmark], changes: Sequence[ControlChange], file: str) -> tuple[Benchmark, ...]:
    """Apply the changes of a file to benchmarks.

    Raises:
        BenchmarkError: a change selects no existing control, or none of its requirements, or makes one invalid.
    """
    every = tuple(benchmarks)
    for change in changes:
        versions = [each.version for each in every if change.names(each)]
        if not versions:
            raise BenchmarkError(file, "benchmark", "a benchmark that there is", repr(change.benchmark))
        found = [each for each in every if change.is_about(each)]
        if not found:
            expected = f"a version of {change.benchmark}, one of {', '.join(versions)}"
            raise BenchmarkError(file, "version", expected, repr(change.version))
        if not any(control.id == change.control for each in found for control in each.controls):
            raise BenchmarkError(file, "control", "a control of that benchmark", repr(change.control))
    return tuple(_with(each, [change for change in changes if change.is_about(each)], file) for each in every)


def _with(benchmark: Benchmark, changes: Sequence[ControlChange], file: str) -> Benchmark:
    if not changes:
        return benchmark
    by_control: dict[str, list[ControlChange]] = {}
    for change in changes:
        by_control.setdefault(change.control, []).append(change)
    made = _changed(benchmark.load, by_control)
    try:
        read_requirements(made())
    except BenchmarkError as error:  # the fault is in the change, not in the benchmark's own file
        raise BenchmarkError(file, error.key, error.expected, error.found, error.control) from error
    return replace(benchmark, load=made)


def _changed(
    load: Callable[[], tuple[BenchmarkControl, ...]], changes: Mapping[str, Sequence[ControlChange]]
) -> Callable[[], tuple[BenchmarkControl, ...]]:
    def controls() -> tuple[BenchmarkControl, ...]:
        return tuple(_applied(each, changes.get(each.id, ())) for each in load())

    return controls


def _applied(control: BenchmarkControl, changes: Sequence[ControlChange]) -> BenchmarkControl:
    for change in changes:
        requires = list(control.requires)
        hit = [at for at, each in enumerate(requires) if all(each.get(key) == value for key, value in change.where)]
        if not change.off and not hit:
            raise BenchmarkError(
                change.path, "where", "keys of one of its requirements", repr(dict(change.where)), control.id
            )
        for at in hit if not change.off else ():
            requires[at] = {**requires[at], **dict(change.values)}
        control = replace(
            control,
            requires=tuple(requires),
            notes=(*control.notes, f"{change.words[0].upper()}{change.words[1:]}."),
            changed=(*control.changed, change.words),
            off=control.off or change.off,
        )
    return control

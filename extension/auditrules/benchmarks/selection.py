"""Finds benchmarks by `NAME[:VERSION]`, and controls by number. Pure.

NAME is a benchmark's name or its short form, such as `cis-docker`, in any case. Without VERSION, the newest is meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditrules.benchmarks.control import Benchmark, BenchmarkControl

_MOST_NAMED = 10  # benchmarks in a message


class SelectionError(ValueError):
    """These words select no benchmark or control; the message lists the possible ones."""


def newest(benchmarks: Iterable[Benchmark]) -> Mapping[str, Benchmark]:
    """The newest version of each benchmark, by its name. The versions of a benchmark come in order, the newest last."""
    return {benchmark.name: benchmark for benchmark in benchmarks}


def benchmark_called(text: str, benchmarks: Sequence[Benchmark]) -> Benchmark:
    """Find the benchmark for `NAME[:VERSION]`.

    Raises:
        SelectionError: there is no such name, or no such version of it.
    """
    name, colon, version = text.rpartition(":") if ":" in text else (text, "", "")
    wanted = name.strip().lower()
    found = [each for each in benchmarks if wanted in (each.name.lower(), each.short_name)]
    if not found:
        raise SelectionError(_no_benchmark(text, wanted, benchmarks))
    if not colon:
        return found[-1]
    for each in found:
        if each.version == version.strip():
            return each
    versions = ", ".join(each.version for each in found)
    raise SelectionError(f"expected a version of {found[0].name} out of {versions}, found {version.strip()!r}")


def _no_benchmark(text: str, wanted: str, benchmarks: Sequence[Benchmark]) -> str:
    with_version = [each for each in benchmarks if each.version == text.strip()]
    if with_version:
        meant = " or ".join(f"{each.short_name}:{each.version}" for each in with_version)
        return f"expected NAME or NAME:VERSION as the benchmark, found the version {text} alone: write {meant}"
    names = list(dict.fromkeys(each.short_name for each in benchmarks))
    import difflib  # noqa: PLC0415 - 140 KiB that an extension at rest does not need

    near = difflib.get_close_matches(wanted.replace(" ", "-"), names, 1)
    meant = f": did you mean {near[0]}?" if near else ""
    return f"expected a benchmark out of {', '.join(names)}, found {text!r}{meant}"


def controls_numbered(
    ids: Sequence[str], benchmarks: Sequence[Benchmark], known: Sequence[Benchmark] = ()
) -> list[BenchmarkControl]:
    """The controls with these numbers in some benchmarks; all their controls if no number is given.

    Raises:
        SelectionError: none of the benchmarks has a control with that number; the message names `known` ones that do.
    """
    controls = [control for benchmark in benchmarks for control in benchmark.controls]
    there = {control.id for control in controls}
    for wanted in ids:
        if wanted not in there:
            names = ", ".join(f"{each.short_name}:{each.version}" for each in benchmarks)
            raise SelectionError(
                f"expected a control out of {', '.join(dict.fromkeys(each.id for each in controls))} of {names}, "
                f"found {_shown(wanted)}{_elsewhere(wanted, known)}"
            )
    return [control for control in controls if not ids or control.id in ids]


def newest_with(control: str, benchmarks: Sequence[Benchmark], known: Sequence[Benchmark] = ()) -> Benchmark:
    """The newest version of a benchmark that has a control with this number.

    Raises:
        SelectionError: no benchmark has one, or several do; the message names `known` ones that do.
    """
    found = newest(each for each in benchmarks if any(control == one.id for one in each.controls))
    if not found:
        import difflib  # noqa: PLC0415 - as above

        near = difflib.get_close_matches(control, {one.id for each in benchmarks for one in each.controls}, 1)
        raise SelectionError(
            f"expected a control of a benchmark, found {_shown(control)}, which none has"
            + (_elsewhere(control, known, " here: it") or (f": did you mean {near[0]}?" if near else ""))
        )
    if len(found) > 1:
        names = ", ".join(f"{each.short_name}:{each.version}" for each in found.values())
        raise SelectionError(f"control {control} stands in several benchmarks: choose one of {names} with --benchmark")
    (only,) = found.values()
    return only


def _elsewhere(control: str, known: Sequence[Benchmark], which: str = ", which") -> str:
    """A clause that names the other benchmarks with this control; empty if there is none."""
    found = [f"{each.short_name}:{each.version}" for each in known if any(control == one.id for one in each.controls)]
    more = len(found) - _MOST_NAMED
    return (
        f"{which} is of {', '.join(found[:_MOST_NAMED])}" + (f" and {more} more" if more > 0 else "") if found else ""
    )


def _shown(text: str) -> str:
    """The text, in quotes if it is blank."""
    return text if text.strip() else repr(text)

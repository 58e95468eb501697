"""A site's own files: benchmarks of the same form as those that ship, and changes to controls. Pure.

A file that is not as it must be is left out whole, and told with its reason; everything else stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditrules.audit.model.collected import File
from auditrules.benchmarks.catalogue import WHAT_SHIPS, Catalogue, LeftOut, prose
from auditrules.benchmarks.control import Benchmark
from auditrules.benchmarks.data_file import read_benchmark_of, read_object, read_requirements
from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.benchmarks.tailoring import read_tailoring, tailored

FOLDER = "/etc/osquery-audit-rules/benchmarks.d"
"""Where a host has them: files that end in .json, root's, and writable by nobody else."""

TAILORING = "tailoring"


def site_catalogue(files: Iterable[File], shipped: Catalogue = WHAT_SHIPS) -> Catalogue:
    """What ships and what is in a site's files, in the order of their names; changes come last, as they stand above.

    A benchmark of a site may be another version of one that ships; it takes the place of none.
    """
    benchmarks, left_out = list(shipped.benchmarks), list(shipped.left_out)
    changes: list[tuple[Fields, bytes]] = []
    for file in files:
        found = _taken(file, benchmarks)
        match found:
            case Benchmark():
                benchmarks.append(found)
            case Fields():
                changes.append((found, file.content or b""))
            case LeftOut():
                left_out.append(found)
    for fields, content in changes:
        made = _changed(fields, content, benchmarks)
        if isinstance(made, LeftOut):
            left_out.append(made)
        else:
            benchmarks = list(made)
    return Catalogue(tuple(benchmarks), tuple(left_out))


def _taken(file: File, others: Iterable[Benchmark]) -> Benchmark | Fields | LeftOut:
    """What a file holds: a benchmark, changes that are still to be read, or why it is left out."""
    if file.content is None:
        return LeftOut(file.path, f"{file.path}: {file.error.removeprefix(f'{file.path}: ')}")
    try:
        fields = Fields(read_object(file.content, file.path), file.path)
        return fields if fields.has(TAILORING) else _own(fields, others)
    except BenchmarkError as error:
        return _left_out(error, file.path, file.content)


def _left_out(error: BenchmarkError, path: str, content: bytes) -> LeftOut:
    # Only here: a host whose files have no errors needs no lines.
    from auditrules.benchmarks.error_line import line_of  # noqa: PLC0415

    return LeftOut(path, error.told(line_of(content, error)))


def _changed(fields: Fields, content: bytes, benchmarks: Iterable[Benchmark]) -> tuple[Benchmark, ...] | LeftOut:
    try:
        return tailored(benchmarks, read_tailoring(fields, fields.file), fields.file)
    except BenchmarkError as error:
        return _left_out(error, fields.file, content)


def _own(fields: Fields, others: Iterable[Benchmark]) -> Benchmark:
    benchmark = read_benchmark_of(fields, prose, fields.file)
    for other in others:
        if benchmark.key == other.key:
            raise fields.error("version", f"a version of {other.name} that no other file has")
        if (benchmark.short_name == other.short_name) != (benchmark.name == other.name):
            raise fields.error("short_name", f"{other.short_name} for {other.name}, and for it alone")
    read_requirements(benchmark.controls)
    return benchmark

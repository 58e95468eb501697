"""Reads a site's own files: benchmarks in the format of the shipped ones, and changes of controls. Pure.

A file that is not valid is left out as a whole, and reported with the reason; all other files count.
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
"""The folder of these files on a host. They end in .json, belong to root, and nobody else may write them."""

TAILORING = "tailoring"


def site_catalogue(files: Iterable[File], shipped: Catalogue = WHAT_SHIPS) -> Catalogue:
    """The shipped benchmarks and those in a site's files, in the order of their names, with all changes applied.

    A site's benchmark may be another version of a shipped one, but can't replace it.
    """
    benchmarks, left_out = list(shipped.benchmarks), list(shipped.left_out)
    changes: list[tuple[Fields, bytes]] = []
    for file in files:
        found = _read_file(file, benchmarks)
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


def _read_file(file: File, others: Iterable[Benchmark]) -> Benchmark | Fields | LeftOut:
    """Read a file: a benchmark, changes that are parsed later, or the reason why it is left out."""
    if file.content is None:
        return LeftOut(file.path, f"{file.path}: {file.error.removeprefix(f'{file.path}: ')}")
    try:
        fields = Fields(read_object(file.content, file.path), file.path)
        return fields if fields.has(TAILORING) else _site_benchmark(fields, others)
    except BenchmarkError as error:
        return _left_out(error, file.path, file.content)


def _left_out(error: BenchmarkError, path: str, content: bytes) -> LeftOut:
    # Imported here, as it is not needed on a host whose files have no errors.
    from auditrules.benchmarks.error_line import line_of  # noqa: PLC0415

    return LeftOut(path, error.message(line_of(content, error)))


def _changed(fields: Fields, content: bytes, benchmarks: Iterable[Benchmark]) -> tuple[Benchmark, ...] | LeftOut:
    try:
        return tailored(benchmarks, read_tailoring(fields, fields.file), fields.file)
    except BenchmarkError as error:
        return _left_out(error, fields.file, content)


def _site_benchmark(fields: Fields, others: Iterable[Benchmark]) -> Benchmark:
    benchmark = read_benchmark_of(fields, prose, fields.file)
    for other in others:
        if benchmark.key == other.key:
            raise fields.error("version", f"a version of {other.name} that no other file has")
        if (benchmark.short_name == other.short_name) != (benchmark.name == other.name):
            raise fields.error("short_name", f"{other.short_name} for {other.name}, and for it alone")
    read_requirements(benchmark.controls)
    return benchmark

"""The benchmarks that ship, as values: the controls of one are read from its file when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache, partial
from types import MappingProxyType
from typing import TYPE_CHECKING, cast
from zipimport import zipimporter

from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.data_file import read_benchmark, read_prose
from auditrules.benchmarks.shipped import SHIPPED, ShippedBenchmark
from auditrules.values import dataclass

if TYPE_CHECKING:
    from typing import Protocol

    class _Reader(Protocol):
        def get_data(self, path: str) -> bytes: ...


_FAMILIES = "families.json"
_KEPT = 8  # benchmarks that stay loaded: those of one host's packs


def data(file: str) -> bytes:
    """The content of a file in `data/`, which is read as a module is: it is a part of the program.

    The extension in one file has modules for each Python, and these files once, beside them.
    """
    loader = __spec__.loader
    if isinstance(loader, zipimporter):
        return loader.get_data(f"{loader.archive}/data/{file}")
    # Whatever loads modules reads files beside them; pkgutil, which asks it alike, is dear to import.
    return cast("_Reader", loader).get_data(f"{__file__.rpartition('/')[0]}/data/{file}")


@lru_cache(maxsize=1)
def _families() -> Mapping[str, Mapping[str, str]]:
    return read_prose(data(_FAMILIES), _FAMILIES)


def prose(family: str) -> Mapping[str, str]:
    """The texts that the controls of a family share."""
    return _families().get(family, MappingProxyType({}))


@lru_cache(maxsize=_KEPT)
def _controls(file: str) -> tuple[BenchmarkControl, ...]:
    return _all_kept.get(file) or read_benchmark(data(file), file, prose).controls


def _benchmark(row: ShippedBenchmark) -> Benchmark:
    return Benchmark(
        row.name,
        row.version,
        row.short_name,
        row.systems,
        row.instead_of_none,
        row.by_request,
        row.file,
        load=partial(_controls, row.file),
    )


BENCHMARKS = tuple(map(_benchmark, SHIPPED))
"""Every version of every benchmark that ships; the versions of one from the oldest to the newest."""

_all_kept: dict[str, tuple[BenchmarkControl, ...]] = {}


def keep_all_loaded() -> None:
    """Load the controls of every benchmark for good: for a process that walks them all, and again; not on a host."""
    _all_kept.update((each.file, each.controls) for each in BENCHMARKS if each.file not in _all_kept)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file of a site's own that is left out whole: its path, its name alone, and why."""

    path: str
    error: str

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Catalogue:
    """All benchmarks that there are for a host: those that ship, then the site's own; files that were left out."""

    benchmarks: tuple[Benchmark, ...] = BENCHMARKS
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def _newest(self) -> frozenset[tuple[str, str]]:
        return frozenset({each.name: each.key for each in self.benchmarks}.values())

    def is_newest(self, benchmark: Benchmark) -> bool:
        """Whether it is the newest version carried of its name."""
        return benchmark.key in self._newest


WHAT_SHIPS = Catalogue()
"""The catalogue of a host without files of its own."""

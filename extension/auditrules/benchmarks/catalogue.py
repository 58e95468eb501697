"""The catalogue of benchmarks. The controls of a shipped benchmark are read from its file when they are first used."""

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
    """The content of a file in `data/`, read as a part of the program, like a module.

    The single-file extension has modules for each Python, and these files once, beside them.
    """
    loader = __spec__.loader
    if isinstance(loader, zipimporter):
        return loader.get_data(f"{loader.archive}/data/{file}")
    # A module's loader can read files beside it. (pkgutil.get_data does the same, but takes long to import.)
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
    """Load all controls, and keep them: for a process that uses all of them repeatedly, never on a host."""
    _all_kept.update((each.file, each.controls) for each in BENCHMARKS if each.file not in _all_kept)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A site's own file that is left out as a whole, and the reason."""

    path: str
    error: str

    @property
    def name(self) -> str:
        """The last name of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True)
class Catalogue:
    """All benchmarks for a host: those that ship, then the site's own; and the site's files that were left out."""

    benchmarks: tuple[Benchmark, ...] = BENCHMARKS
    left_out: tuple[LeftOut, ...] = ()

    @cached_property
    def _newest(self) -> frozenset[tuple[str, str]]:
        return frozenset({each.name: each.key for each in self.benchmarks}.values())

    def is_newest(self, benchmark: Benchmark) -> bool:
        """Whether it is the newest version of its name in this catalogue."""
        return benchmark.key in self._newest


WHAT_SHIPS = Catalogue()
"""The catalogue of a host without files of its own."""

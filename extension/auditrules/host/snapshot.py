"""Caches a host's collection for a second, as osquery makes many calls for one query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import Generic, Protocol, TypeVar

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.host_facts import Entry

TYPE_CHECKING = False  # the code of requirements is imported when the first is judged
if TYPE_CHECKING:
    from auditrules.benchmarks.host_facts import HostFacts
    from auditrules.benchmarks.requirement import Fact

MAX_AGE = 1.0

_T = TypeVar("_T")


class Snapshot(Generic[_T]):
    """A value that is read on demand, and kept for `max_age` seconds.

    Its age counts from the end of the reading: otherwise a host that is slower than `max_age` would be read anew for
    every row of a join. A caller that comes during a reading waits for its result. If a reading raises, nothing is
    kept.
    """

    def __init__(self, read: Callable[[], _T], clock: Callable[[], float], max_age: float = MAX_AGE) -> None:
        self._read = read
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        self._kept: tuple[float, _T] | None = None

    def __call__(self) -> _T:
        """Return a value that is at most `max_age` seconds old. Raises what the reading raises."""
        with self._lock:
            if self._kept is not None and self._clock() - self._kept[0] <= self._max_age:
                return self._kept[1]
            self._kept = None
            value = self._read()
            self._kept = (self._clock(), value)
            return value


class Collector(Protocol):
    """A host that can be collected. All methods raise `HostError`."""

    def sources(self) -> Sources:
        """Collect everything that `HostAudit` needs."""

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look up paths."""

    def site(self) -> tuple[File, ...]:
        """Read the site's own files of benchmarks."""

    def fact(self, fact: Fact) -> object:
        """Collect a further fact that requirements need."""


class KeptHost:
    """A host whose collected values are shared by all callers within `max_age` seconds.

    `named` are files of benchmarks that a user named, in addition to those of the host's site.
    """

    def __init__(
        self, host: Collector, clock: Callable[[], float], max_age: float = MAX_AGE, named: tuple[File, ...] = ()
    ) -> None:
        self._host = host
        self._last: HostAudit | None = None
        self.audit = Snapshot(self._audit, clock, max_age)
        self.look = host.look
        self.site = Snapshot(lambda: (*host.site(), *named), clock, max_age)
        self._facts: dict[Fact, Snapshot[object]] = {}
        self._snapshot = partial(Snapshot[object], clock=clock, max_age=max_age)

    def facts(self, needs: Collection[Fact]) -> HostFacts:
        """The facts that are needed, and no others; each is collected and cached by itself."""
        from auditrules.benchmarks.host_facts import HostFacts  # noqa: PLC0415 - not imported before it is needed

        read = {
            fact.value: self._facts.setdefault(fact, self._snapshot(partial(self._host.fact, fact)))() for fact in needs
        }
        return HostFacts(**read)  # type: ignore[arg-type]  # each is the value of the field of its name

    def _audit(self) -> HostAudit:
        """Collect the host now; results of the last HostAudit are reused if their inputs are unchanged."""
        self._last = HostAudit(self._host.sources(), self._last)
        return self._last

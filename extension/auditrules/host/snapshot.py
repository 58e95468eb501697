"""Collects the host once for the many calls that osquery makes for one query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from threading import Lock
from typing import Generic, Protocol, TypeVar

from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.host_facts import Entry

TYPE_CHECKING = False  # what requirements are is not needed before one is judged
if TYPE_CHECKING:
    from auditrules.benchmarks.host_facts import HostFacts
    from auditrules.benchmarks.requirement import Fact

MAX_AGE = 1.0

_T = TypeVar("_T")


class Snapshot(Generic[_T]):
    """A value that is read when it is asked for, and kept for a while.

    The age counts from the end of a reading, in the clock's seconds: counted from its beginning, a host slower than
    `max_age` would be read anew for every row of a join. A caller that comes during a reading waits for it and shares
    it. A reading that raises is not kept.
    """

    def __init__(self, read: Callable[[], _T], clock: Callable[[], float], max_age: float = MAX_AGE) -> None:
        self._read = read
        self._clock = clock
        self._max_age = max_age
        self._lock = Lock()
        self._kept: tuple[float, _T] | None = None

    def __call__(self) -> _T:
        """Return the value as it was at most `max_age` seconds ago; raise what the reading raises."""
        with self._lock:
            if self._kept is not None and self._clock() - self._kept[0] <= self._max_age:
                return self._kept[1]
            self._kept = None
            value = self._read()
            self._kept = (self._clock(), value)
            return value


class Collector(Protocol):
    """A host that can be read."""

    def sources(self) -> Sources:
        """Read it once. Raises `HostError`."""

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look at paths. Raises `HostError`."""

    def site(self) -> tuple[File, ...]:
        """Read the site's own files of benchmarks. Raises `HostError`."""

    def fact(self, fact: Fact) -> object:
        """Collect what requirements need besides. Raises `HostError`."""


class KeptHost:
    """A host of which each reading is shared by all who ask within `max_age` seconds of the clock.

    `named` are files of benchmarks that a user named, beside those of the host's site.
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
        """The facts that are needed, each read on its own: nothing is read that nobody needs."""
        from auditrules.benchmarks.host_facts import HostFacts  # noqa: PLC0415 - nor is anything imported

        read = {
            fact.value: self._facts.setdefault(fact, self._snapshot(partial(self._host.fact, fact)))() for fact in needs
        }
        return HostFacts(**read)  # type: ignore[arg-type]  # each is the value of the field of its name

    def _audit(self) -> HostAudit:
        """What is collected now; it takes over what still holds of the last collection."""
        self._last = HostAudit(self._host.sources(), self._last)
        return self._last

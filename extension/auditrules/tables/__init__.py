"""The osquery tables over a host: maps values of `audit` and `benchmarks` to rows.

Code below this package knows no rows, and code above it parses no rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from auditrules.tables.schemas import SCHEMAS

TYPE_CHECKING = False  # not typing's: importing typing would delay the registration with osquery
if TYPE_CHECKING:
    from typing import Protocol

    from auditrules.audit.host_audit import HostAudit
    from auditrules.audit.model.collected import File
    from auditrules.audit.model.host_facts import Entry
    from auditrules.benchmarks.host_facts import HostFacts
    from auditrules.benchmarks.requirement import Fact
    from auditrules.plugin.table import Table
else:
    Protocol = object

__all__ = ["SCHEMAS", "HostView", "build"]


class HostView(Protocol):
    """A host as the tables see it."""

    def audit(self) -> HostAudit:
        """The host's audit. The same object means that the host was not collected anew."""

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look up absolute paths now: the entries at each and at each step of the way there."""

    def site(self) -> tuple[File, ...]:
        """The site's own files: benchmarks, and changes of controls."""

    def facts(self, needs: Collection[Fact]) -> HostFacts:
        """Further facts for requirements; only those in `needs` are collected."""


def build(host: HostView, *, at_boot: bool = False) -> tuple[Table, ...]:
    """Make the tables over a host, which each query asks anew. `at_boot`: verdicts are on the next boot only."""
    # A registration needs only the schemas, so osquery need not wait until all code about audit is imported.
    from auditrules.tables import built  # noqa: PLC0415

    return built.build(host, at_boot=at_boot)

"""The seam: what the audit language says, as rows of osquery tables.

Nothing below it knows a row, and nothing above it splits a rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from auditrules.tables.schemas import SCHEMAS

TYPE_CHECKING = False  # typing's own takes importing it, which osquery would wait for
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
    """A host as the tables see it. The same value twice is the same moment."""

    def audit(self) -> HostAudit:
        """What was collected of it, and what that comes to."""

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """What is at absolute paths and at each step of the way there."""

    def site(self) -> tuple[File, ...]:
        """The files of benchmarks and of changes that are its site's own."""

    def facts(self, needs: Collection[Fact]) -> HostFacts:
        """What requirements need of it besides; only what is named here is collected."""


def build(host: HostView, *, at_boot: bool = False) -> tuple[Table, ...]:
    """The tables over what the host says at each call; `at_boot`: with verdicts on its next boot, and not on now."""
    # The schemas are all that a registration takes: osquery need not wait until everything about audit is imported.
    from auditrules.tables import built  # noqa: PLC0415

    return built.build(host, at_boot=at_boot)

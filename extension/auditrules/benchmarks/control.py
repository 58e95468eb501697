"""A control of a benchmark: what it is called, what it wants, and the SQL that judges a host by it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """One control. `query` gives exactly one row a host; `snapshot_query` the same, with line numbers as evidence."""

    benchmark: str
    version: str
    id: str
    title: str
    level: str
    description: str
    value: str
    query: str
    snapshot_query: str

    @property
    def name(self) -> str:
        """The name of its query in a pack."""
        return "_".join(["cis", "docker", *self.id.split(".")])

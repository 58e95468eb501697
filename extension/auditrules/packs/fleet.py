"""Fleet's labels, policies and reports as values, and the two forms in which Fleet reads them. Pure.

For GitOps a file is a list of objects, included with `- path:`, and an unknown key is an error. For `fleetctl apply`
each object is a document of its own, as in Fleet's own benchmarks, and Fleet ignores keys that it does not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from auditrules.plugin.pack import DAY
from auditrules.plugin.yaml import YamlValue, document, documents
from auditrules.values import dataclass

LONGEST_NAME = 255  # characters, also of a label's description

PLATFORM = "linux"


@dataclass(frozen=True, slots=True)
class Label:
    """The set of hosts on which the query returns a row."""

    name: str
    description: str
    sql: str

    def gitops(self) -> YamlValue:
        """The label as an item of a list for GitOps."""
        return {
            "name": self.name,
            "description": self.description,
            "query": self.sql,
            "label_membership_type": "dynamic",
            "platform": PLATFORM,
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """A query that a host passes by returning a row. A host on which the query is an error neither passes nor fails."""

    name: str
    description: str
    resolution: str
    sql: str
    labels: tuple[str, ...] = ()  # a host must have all of them
    cis_id: str = ""
    tags: tuple[str, ...] = ("compliance", "audit")

    def gitops(self) -> YamlValue:
        """The policy as an item of a list for GitOps."""
        return {
            "name": self.name,
            "description": self.description,
            "resolution": self.resolution,
            "platform": PLATFORM,
            "critical": False,
            **({"labels_include_all": self.labels} if self.labels else {}),
            "query": self.sql,
        }

    def applied(self) -> YamlValue:
        """The policy as a document for `fleetctl apply`, without its labels, which that form does not have."""
        spec: dict[str, YamlValue] = {
            "name": self.name,
            **({"cis_id": self.cis_id} if self.cis_id else {}),
            "platforms": PLATFORM,
            "platform": PLATFORM,
            "description": self.description,
            "resolution": self.resolution,
            "query": self.sql,
            "purpose": "Informational",
            "tags": ", ".join(self.tags),
        }
        return {"apiVersion": "v1", "kind": "policy", "spec": spec}


@dataclass(frozen=True, slots=True)
class FleetReport:
    """A query that Fleet runs on a schedule. Fleet sends the rows to its log destination.

    `kept`: Fleet also keeps the latest rows for its own page, a thousand of them by default.
    """

    name: str
    description: str
    sql: str
    labels: tuple[str, ...] = ()
    kept: bool = True
    interval: int = DAY  # seconds

    def gitops(self) -> YamlValue:
        """The report as an item of a list for GitOps."""
        return {
            "name": self.name,
            "description": self.description,
            "platform": PLATFORM,
            "interval": self.interval,
            "logging": "snapshot",
            "automations_enabled": True,
            "discard_data": not self.kept,
            "observer_can_run": True,
            **({"labels_include_all": self.labels} if self.labels else {}),
            "query": self.sql,
        }


FleetItem = Label | Policy | FleetReport


def gitops(items: Iterable[FleetItem]) -> str:
    """Write a file for GitOps."""
    return document([item.gitops() for item in items])


def applied(items: Iterable[FleetItem]) -> str:
    """Write a file for `fleetctl apply` with the policies among these items."""
    return documents([item.applied() for item in items if isinstance(item, Policy)])


def problems(items: Iterable[FleetItem]) -> Iterator[str]:
    """Say what Fleet would refuse or misread, with the name of the item and the key."""
    every = tuple(items)
    for kind in (Label, Policy, FleetReport):
        names = Counter(item.name for item in every if isinstance(item, kind))
        for name in (name for name, count in names.items() if count > 1):
            yield f"{name}: name: it is there twice"
    for item in every:
        yield from (f"{item.name}: {problem}" for problem in _problems(item))


def _problems(item: FleetItem) -> Iterator[str]:
    texts = {"name": item.name, "description": item.description, "query": item.sql}
    if isinstance(item, Policy):
        texts["resolution"] = item.resolution
    for key, text in texts.items():
        if not text.strip():
            yield f"{key}: missing"
        if "$" in text:
            yield f"{key}: expected no dollar sign, which GitOps takes for a variable"
    if len(item.name) > LONGEST_NAME or normalize("NFC", item.name) != item.name:
        yield f"name: expected at most {LONGEST_NAME} characters in normal form C"
    if isinstance(item, Label):
        if not item.name.isascii():
            yield "name: expected ASCII, as of every label"
        if len(item.description) > LONGEST_NAME:
            yield f"description: expected at most {LONGEST_NAME} characters, as of every label"

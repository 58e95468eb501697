"""Fleet's labels, policies and reports as values, and the two forms in which Fleet reads them. Pure.

One form is a list of objects for GitOps, to be named with `- path:`; there an unknown key is an error. The other is a
document each for `fleetctl apply`, in which Fleet's own benchmarks stand, with keys that Fleet drops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from unicodedata import normalize

from auditrules.plugin.pack import DAY
from auditrules.plugin.yaml import YamlValue, document, documents
from auditrules.values import dataclass

LONGEST_NAME = 255  # characters; of a label's description, too

PLATFORM = "linux"


@dataclass(frozen=True, slots=True)
class Label:
    """A set of hosts: those on which the query gives a row."""

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
    """A query that a host passes with a row, and fails without. If the query fails, Fleet counts it as neither."""

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
        """The policy as a document for `fleetctl apply`, which knows no labels of a policy."""
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
    """A query that Fleet runs on a schedule, and whose rows it sends to its log destination.

    `kept`: Fleet keeps the latest rows for its own page as well, a thousand of them by default.
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
    """A file for GitOps."""
    return document([item.gitops() for item in items])


def applied(items: Iterable[FleetItem]) -> str:
    """A file for `fleetctl apply`, of the policies among some items."""
    return documents([item.applied() for item in items if isinstance(item, Policy)])


def problems(items: Iterable[FleetItem]) -> Iterator[str]:
    """What Fleet would refuse or take for something else: each with the item's name and the key."""
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

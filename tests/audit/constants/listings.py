"""What auditctl of several versions listed, of the corpus: the source of the names that each of them prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditrules.audit.model.host_facts import Version, dotted

CORPUS = Path(__file__).parents[2] / "corpus"
LISTINGS: dict[Version, str] = {
    (2, 8, 5): "listing-2.8.5.jsonl",
    (3, 0, 9): "listing.jsonl",
    (3, 1, 5): "listing-3.1.5.jsonl",
    (4, 0, 5): "listing-4.0.5.jsonl",
    (4, 2, 1): "listing-4.2.1.jsonl",
}
VERSIONS = pytest.mark.parametrize("version", LISTINGS, ids=dotted)


def rows(version: Version) -> list[dict[str, Any]]:
    """The cases of a version: what was given, and what it listed."""
    with (CORPUS / LISTINGS[version]).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

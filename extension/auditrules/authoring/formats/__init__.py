"""Writes lint reports as text: for people, for programs, and for CI systems. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from auditrules.authoring.finding import LintReport, LintSeverity
from auditrules.authoring.formats.github import github
from auditrules.authoring.formats.json_document import json_document
from auditrules.authoring.formats.junit import junit
from auditrules.authoring.formats.sarif import sarif
from auditrules.authoring.formats.text import text

LintFormat = Callable[[Sequence[LintReport], LintSeverity], str]

FORMATS: Mapping[str, LintFormat] = MappingProxyType(
    {"text": text, "json": json_document, "sarif": sarif, "junit": junit, "github": github}
)
"""The writers of reports by format. Their second argument is the lowest severity that fails a run."""

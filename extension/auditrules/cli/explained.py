"""A control as its benchmark describes it, for a terminal."""

from __future__ import annotations

import textwrap

from auditrules.benchmarks.control import BenchmarkControl
from auditrules.present import visible

_WIDTH = 100  # columns of running text
_INDENT = " " * 6


def explained(control: BenchmarkControl) -> str:
    """A paragraph for each thing that is known of the control; what is empty is left out."""
    heading = f"{control.benchmark} {control.version}  {control.id}  {control.title}\n"
    texts = {
        "description": control.subject.description,
        "rationale": control.subject.rationale,
        "impact": control.impact,
        "default": control.default_value,
        "level": f"{control.level} ({control.assessment.value})",
        "mappings": ", ".join(control.mappings),
        "links": "\n".join(control.references),
        "notes": "\n".join(control.disagreements),
    }
    width = max(map(len, texts))
    return heading + "".join(_field(name, text, width) for name, text in texts.items() if text) + "\n"


def _field(name: str, text: str, width: int) -> str:
    lines = [
        line
        for part in text.split("\n")
        for line in textwrap.wrap(visible(part), _WIDTH, break_long_words=False) or [""]
    ]
    names = [name.ljust(width), *[" " * width] * (len(lines) - 1)]
    return "".join(f"{_INDENT}{label}  {line}\n" for label, line in zip(names, lines, strict=True))

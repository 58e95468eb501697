"""Finds errors in a benchmark's data: the file, the control, the key and the reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from auditrules.audit.model.rule import PERMISSION_LETTERS
from auditrules.benchmarks.control import Benchmark, BenchmarkControl
from auditrules.benchmarks.remediation import rule_line

_LETTERS = "".join(letter for letter, _ in PERMISSION_LETTERS)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def problems(benchmarks: Iterable[Benchmark]) -> Iterator[str]:
    """The errors because of which the packs of some benchmarks are not written."""
    for benchmark in benchmarks:
        place = f"{benchmark.file}: {benchmark.name or 'a benchmark'} {benchmark.version}".strip()
        for key, value in (("name", benchmark.name), ("version", benchmark.version)):
            if not value:
                yield f"{place}: {key}: missing"
        counted = Counter(control.id for control in benchmark.controls)
        for number in (number for number, count in counted.items() if count > 1):
            yield f"{place}, control {number}: id: it is there twice"
        for control in benchmark.controls:
            for problem in _problems(control, benchmark):
                yield f"{place}, control {control.id}: {problem}"


def _problems(control: BenchmarkControl, benchmark: Benchmark) -> Iterator[str]:
    texts = {
        "title": control.title,
        "level": control.level,
        "impact": control.impact,
        "references": control.references,
        "cis_controls": control.cis_controls,
        "subject.name": control.subject.name,
        "subject.path": control.subject.path,
        "subject.description": control.subject.description,
        "subject.rationale": control.subject.rationale,
        "required": control.required,
    }
    yield from (f"{key}: missing" for key, value in texts.items() if not value)
    if not _NUMBER.fullmatch(control.id):
        yield f"id: expected numbers with dots between, found {control.id!r}"
    if (control.benchmark, control.version) != (benchmark.name, benchmark.version):
        yield f"benchmark: expected the one it is in, found {control.benchmark} {control.version}"
    for path in filter(None, control.paths):
        if not path.startswith("/"):
            yield f"paths: expected an absolute path, found {path!r}"
    for letter in control.required:
        if letter not in _LETTERS:
            yield f"required: expected letters out of {_LETTERS}, found {letter!r}"
    if control.required != "".join(letter for letter in _LETTERS if letter in control.required):
        yield f"required: expected each letter once, in the order {_LETTERS}, found {control.required!r}"
    elif control.subject.path.startswith("/") and control.required and rule_line(control.subject.path) is None:
        yield f"subject.path: expected a path that a rules file can express, found {control.subject.path!r}"

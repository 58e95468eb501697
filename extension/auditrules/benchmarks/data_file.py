"""Parses a benchmark's file (JSON); errors name file, control, key and reason. Pure.

docs/benchmarks.md describes the format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from auditrules.benchmarks.control import Assessment, Benchmark, BenchmarkControl, Prose, no_prose
from auditrules.benchmarks.fields import BenchmarkError, Fields
from auditrules.values import dataclass, replace

MOST_BYTES = 4 << 20
MOST_CONTROLS = 2000
MOST_REQUIREMENTS = 500  # of one control

_SHORT_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUMBER = re.compile(r"[!-~]{1,64}")
_SYSTEM = re.compile(r"[a-z0-9._-]{1,64}(?: [A-Za-z0-9._-]{1,64})?")
_TEXTS = ("description", "rationale", "impact", "default_value")
_ASSESSMENTS = tuple(each.value for each in Assessment)


def read_benchmark(content: bytes, file: str, prose: Prose = no_prose, source_path: str = "") -> Benchmark:
    """Parse a benchmark's file; `file` is its name in errors. Requirements are not parsed yet.

    Raises:
        BenchmarkError: the file is not valid.
    """
    return read_benchmark_of(Fields(read_object(content, file), file), prose, source_path)


def read_benchmark_of(fields: Fields, prose: Prose = no_prose, source_path: str = "") -> Benchmark:
    """Parse the JSON object of a benchmark's file, as `read_benchmark` says."""
    file = fields.file
    name, version = _name(fields), _matching(fields, "version", _WORD, "letters, digits, dots and dashes")
    short_name = _matching(fields, "short_name", _SHORT_NAME, "small letters, digits, dots and dashes")
    systems = fields.texts("systems", ())
    if not all(map(_SYSTEM.fullmatch, systems)):
        raise fields.error("systems", "a list of ids of os-release, each with a version or without")
    instead, by_request = fields.flag("instead_of_none", default=False), fields.flag("by_request", default=False)
    fields.texts("sources", ())
    shared = _Shared(
        fields.text("level", ""),
        Assessment(fields.word("assessment", _ASSESSMENTS, "")),
        fields.texts("links", ()),
        fields.texts("notes", ()),
    )
    fields.key, fields.rules_file = short_name, f"/etc/audit/rules.d/{short_name}.rules"
    fields.key, fields.rules_file = fields.rule_key(), fields.rule_file()
    whole = Benchmark(name, version, short_name, systems, instead, by_request, file, source_path)
    controls = tuple(_control(each, whole, shared, prose) for each in fields.objects("controls"))
    fields.finish()
    if len(controls) > MOST_CONTROLS:
        raise BenchmarkError(file, "controls", f"at most {MOST_CONTROLS}", str(len(controls)))
    _no_number_twice(controls, file)
    return replace(whole, load=lambda: controls)


def read_requirements(controls: Iterable[BenchmarkControl]) -> None:
    """Parse all requirements of controls, to find errors before they are judged.

    Raises:
        BenchmarkError: one of them is not valid.
    """
    for control in controls:
        _ = control.requirements


def read_prose(content: bytes, file: str) -> Mapping[str, Mapping[str, str]]:
    """Parse the texts that the controls of each family share.

    Raises:
        BenchmarkError: it is not an object of objects of texts.
    """
    found: dict[str, Mapping[str, str]] = {}
    for family, values in read_object(content, file).items():
        if not isinstance(values, dict):
            raise BenchmarkError(file, family, "an object", repr(values))
        fields = Fields(values, file, family)
        found[family] = {name: fields.text(name) for name in _TEXTS if fields.has(name)}
        fields.finish()
    return found


@dataclass(frozen=True, slots=True)
class _Shared:
    """Defaults for controls that do not set these keys; the notes are added to all controls."""

    level: str
    assessment: Assessment
    links: tuple[str, ...]
    notes: tuple[str, ...]


def read_object(content: bytes, file: str) -> Mapping[str, object]:
    """Parse a file that holds one JSON object, with each key once.

    Raises:
        BenchmarkError: it is too long, or not such an object.
    """
    if len(content) > MOST_BYTES:
        raise BenchmarkError(file, "", f"at most {MOST_BYTES} bytes", str(len(content)))
    try:
        value = json.loads(content, object_pairs_hook=_once)
    except _TwiceError as error:
        raise BenchmarkError(file, str(error), "each key once in an object", "it twice") from error
    except (ValueError, RecursionError) as error:
        raise BenchmarkError(file, "", "JSON", str(error)) from error
    if not isinstance(value, dict):
        raise BenchmarkError(file, "", "an object", repr(value))
    return value


class _TwiceError(Exception):
    """A key that an object has twice."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return values


def _name(fields: Fields) -> str:
    name = fields.text("benchmark")
    if not name.isprintable() or name != name.strip() or ":" in name:
        raise fields.error("benchmark", "a name on one line without a colon")
    return name


def _matching(fields: Fields, key: str, pattern: re.Pattern[str], expected: str) -> str:
    value = fields.text(key)
    if not pattern.fullmatch(value):
        raise fields.error(key, expected)
    return value


def _control(fields: Fields, benchmark: Benchmark, shared: _Shared, prose: Prose) -> BenchmarkControl:
    number = fields.control = _matching(fields, "control", _NUMBER, "a number without spaces, of 64 characters at most")
    fields.texts("sources", ())
    control = BenchmarkControl(
        benchmark.name,
        benchmark.version,
        number,
        fields.text("title"),
        fields.text("level", shared.level, empty=True),
        fields.text("family"),
        Assessment(fields.word("assessment", _ASSESSMENTS, shared.assessment.value)),
        benchmark.systems,
        fields.texts("mappings", ()),
        fields.texts("links", shared.links),
        (*fields.texts("notes", ()), *shared.notes),
        fields.text("grep", ""),
        benchmark.short_name,
        fields.key,
        fields.rules_file,
        fields.file,
        texts={each: fields.text(each) for each in _TEXTS if fields.has(each)},
        requires=fields.raw_objects("requires"),
        prose=prose,
    )
    fields.finish()
    if len(control.requires) > MOST_REQUIREMENTS:
        raise fields.error("requires", f"at most {MOST_REQUIREMENTS} requirements")
    return control


def _no_number_twice(controls: Iterable[BenchmarkControl], file: str) -> None:
    seen: set[str] = set()
    for control in controls:
        if control.id in seen:
            raise BenchmarkError(file, "control", "each number once", "it twice", control.id)
        seen.add(control.id)

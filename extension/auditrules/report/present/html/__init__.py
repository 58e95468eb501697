"""Writes the report as one self-contained HTML page for auditors. It loads nothing, and can be read without scripts.

All text that came out of a log is hostile. Every expression of the template is made visible (`wording.shown`) and then
escaped; rows reach the script as one JSON block and the document as text only; and a Content-Security-Policy lets
nothing run or load but this page's own script and style, which it knows by their hashes.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import islice

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditrules.benchmarks import BY_ID, BenchmarkControl
from auditrules.report.model import ControlCounts, HostState, Report
from auditrules.report.present.complete import list_all
from auditrules.report.present.html import wording
from auditrules.report.present.html.chart import WHOLE, bar, chart
from auditrules.report.present.html.data import block, failures
from auditrules.report.present.html.findings import remediations
from auditrules.report.present.reasons import look_at, reason_text
from auditrules.report.present.wording import benchmark_name, identity_text, naming_of, percent, waiver_text
from auditrules.report.times import duration
from auditrules.status import Status

FIRST = 100
"""Rows of a long table in the page itself, for readers without scripts."""
SHORT = 500
"""The most rows of a table that is short unless hosts invent names, so that they can't make the page endless."""


def render(report: Report) -> str:
    """Write the report as a page."""
    report = list_all(report)
    benchmarks = sorted({(each.benchmark, each.version) for each in report.controls})
    style, script = (Markup(_own(name)) for name in ("page.css", "page.js"))  # noqa: S704 - files of this package
    return (
        _templates()
        .get_template("page.html")
        .render(
            report=report,
            policy=policy(style, script),
            style=style,
            script=script,
            data=Markup(block(report)),  # noqa: S704 - escaped there, as JSON
            benchmarks=benchmarks,
            controls=_by_benchmark(report.controls),
            choices=[name for name in ("benchmark", "family", "level") if _several(report.controls, name)],
            naming=naming_of(report.controls),
            places={(each.benchmark, each.version, each.control): place for place, each in enumerate(report.controls)},
            failing=[each for each in report.verdicts if each.status is Status.FAIL],
            not_reporting=[each for each in report.hosts if each.state is not HostState.REPORTING],
            hosts={each.key: each for each in report.hosts},
            failures=failures(report),
            remediations=remediations(report.verdicts),
            chart=chart(report.trend),
            told_apart=identity_text(report.hosts),
            first=FIRST,
            short=SHORT,
        )
    )


PlacedControl = tuple[int, ControlCounts, BenchmarkControl | None]
"""A control with its index in the data, and its catalogue entry."""


def _by_benchmark(controls: Sequence[ControlCounts]) -> list[tuple[str, str, list[PlacedControl]]]:
    """Return the first `SHORT` versions of benchmarks with their controls, those that fail on most hosts first."""
    found: dict[tuple[str, str], list[PlacedControl]] = {}
    for place, each in islice(enumerate(controls), SHORT):
        known = BY_ID.get((each.benchmark, each.version, each.control))
        found.setdefault((each.benchmark, each.version), []).append((place, each, known))
    return [
        (*key, sorted(placed, key=lambda each: (-each[1].counts.failed, -each[1].counts.unknown, each[0])))
        for key, placed in found.items()
    ]


def _several(controls: Sequence[ControlCounts], name: str) -> bool:
    """Whether readers can choose by a field: the controls have two values of it."""
    return len({(getattr(each, name), each.version if name == "benchmark" else "") for each in controls}) > 1


def policy(style: str, script: str) -> str:
    """The content security policy: the page may run this script and apply this style; the script may make no markup."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; base-uri 'none'; "
        "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _own(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader(__name__, "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"Status": Status, "HostState": HostState, "WHOLE": WHOLE, "bar": bar, "islice": islice}
    made.filters |= {
        "duration": duration,
        "label": wording.label,
        "look_at": look_at,
        "named": benchmark_name,
        "number": wording.number,
        "parts": wording.parts,
        "percent": percent,
        "reason": reason_text,
        "share": wording.share,
        "spoken": wording.spoken,
        "utc": wording.utc,
        "waiver": waiver_text,
        "why": wording.why,
        "words": wording.words,
    }
    return made


def _visible(value: object) -> object:
    """Make the text of a template's expression visible, before it is escaped."""
    return wording.shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value

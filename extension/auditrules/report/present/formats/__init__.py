"""A report for programs: one table of the forms, and one function that writes any of them.

Pure. Nothing that a host wrote leaves as a control byte, a bidirectional control or half a character: what is not
printable becomes an escape, as in the tables of the terminal. Text that starts a formula is quoted where a spreadsheet
reads it, and what is Markdown to its reader is escaped for Markdown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from auditrules.report.model import Report
from auditrules.report.present.formats.document import document
from auditrules.report.present.formats.junit import junit
from auditrules.report.present.formats.ocsf import ocsf
from auditrules.report.present.formats.oscal import oscal
from auditrules.report.present.formats.rows import rows

__all__ = ["FORMATS", "write"]

FORMATS: Mapping[str, Callable[[Report], Iterator[str]]] = MappingProxyType(
    {"json": document, "csv": rows, "ocsf": ocsf, "junit": junit, "oscal": oscal}
)


def write(report: Report, form: str) -> Iterator[str]:
    """Yield the text of a report in a format of `FORMATS`, in pieces. The whole ends in a newline.

    No piece is longer than one host's or one control's part of the report. Raises KeyError for an unknown form.
    """
    return FORMATS[form](report)

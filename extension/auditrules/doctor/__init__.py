"""Is the extension installed, loaded and able to work? Pure: facts of a host in, lines for its operator out."""

from auditrules.doctor.facts import (
    Answer,
    Daemon,
    ExtensionFile,
    Installation,
    LoadFile,
    PackFile,
    Place,
    Stranger,
    Way,
)
from auditrules.doctor.judge import examine
from auditrules.doctor.line import Line, Severity

__all__ = [
    "Answer",
    "Daemon",
    "ExtensionFile",
    "Installation",
    "Line",
    "LoadFile",
    "PackFile",
    "Place",
    "Severity",
    "Stranger",
    "Way",
    "examine",
]

"""Is the extension installed, loaded and able to work? Pure: facts of a host in, lines for its operator out."""

from auditrules.doctor.facts import (
    Daemon,
    ExtensionFile,
    Installation,
    InstalledPack,
    LoadFile,
    OsqueryAnswer,
    PathStat,
    Stranger,
    Way,
)
from auditrules.doctor.finding import Finding, Severity
from auditrules.doctor.judge import examine

__all__ = [
    "Daemon",
    "ExtensionFile",
    "Finding",
    "Installation",
    "InstalledPack",
    "LoadFile",
    "OsqueryAnswer",
    "PathStat",
    "Severity",
    "Stranger",
    "Way",
    "examine",
]

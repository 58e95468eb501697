"""Checks whether the extension is installed, loaded and able to work. Pure: facts of a host in, findings out."""

from auditrules.doctor.facts import (
    Daemon,
    ExtensionFile,
    Installation,
    InstalledPack,
    LoadFile,
    OsqueryAnswer,
    PathChain,
    PathStat,
    Stranger,
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
    "PathChain",
    "PathStat",
    "Severity",
    "Stranger",
    "examine",
]

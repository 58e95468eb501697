"""All controls of the benchmark of an operating system in one query, on a Debian 12 with given rules."""

from __future__ import annotations

from auditrules.benchmarks import BENCHMARKS, Benchmark
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.privileged_programs import Privilege, PrivilegedProgram, PrivilegedPrograms, SearchState
from auditrules.benchmarks.requirement import Fact
from auditrules.host import Host, KeptHost
from auditrules.tables import build
from tests.core.stressed import given

SHORT_NAME = "cis-debian-12"
HOUR = 3600.0
PROGRAMS = ("su", "sudo", "mount", "umount", "passwd", "chsh", "chfn", "gpasswd", "newgrp", "fusermount3", "crontab")


class Debian(Host):
    """This machine as a Debian 12, with the privileged programs that one has."""

"""What was collected of a host for the requirements, besides its audit. Values of one kind stand beside its parser."""

from __future__ import annotations

from dataclasses import dataclass

from auditrules.benchmarks.audit_files import AuditDaemon, AuditFiles
from auditrules.benchmarks.configuration.dpkg_status import Packages
from auditrules.benchmarks.configuration.faillock_conf import FaillockDir
from auditrules.benchmarks.configuration.login_defs import LoginDefs
from auditrules.benchmarks.configuration.mount_points import MountPoints
from auditrules.benchmarks.configuration.os_release import OsRelease
from auditrules.benchmarks.configuration.sudoers import SudoLog

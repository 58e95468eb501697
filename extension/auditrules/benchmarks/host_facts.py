"""Further facts of a host that requirements need. The class of each fact is in the module of its parser."""

from __future__ import annotations

from auditrules.values import dataclass

TYPE_CHECKING = False  # a process that does not need a fact does not import its parser
if TYPE_CHECKING:
    from auditrules.benchmarks.audit_files import AuditDaemon, AuditFiles
    from auditrules.benchmarks.configuration.aide_rules import AideRules
    from auditrules.benchmarks.configuration.dpkg_status import Packages
    from auditrules.benchmarks.configuration.faillock_conf import FaillockDir
    from auditrules.benchmarks.configuration.login_defs import LoginDefs
    from auditrules.benchmarks.configuration.mount_points import MountPoints
    from auditrules.benchmarks.configuration.os_release import OsRelease
    from auditrules.benchmarks.configuration.sudoers import SudoLog
    from auditrules.benchmarks.privileged_programs import PrivilegedPrograms
    from auditrules.benchmarks.services import Services


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The collected facts; a field is None if it was not needed. A fact that can't be read has its own error.

    The fields are the values of `requirement.Fact`.
    """

    system: OsRelease | None = None
    login: LoginDefs | None = None
    sudo: SudoLog | None = None
    faillock: FaillockDir | None = None
    packages: Packages | None = None
    services: AuditDaemon | None = None
    files: AuditFiles | None = None
    mounts: MountPoints | None = None
    integrity: AideRules | None = None
    privileged: PrivilegedPrograms | None = None
    docker: Services | None = None

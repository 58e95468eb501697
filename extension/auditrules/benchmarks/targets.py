"""The paths that each control wants audited on one host, and whether the control applies there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from auditrules.benchmarks.control import BenchmarkControl, Subject, TargetKind
from auditrules.benchmarks.docker_daemon import CONFIG_FILE, DockerDaemon, UnclearError, places
from auditrules.benchmarks.services import Found, HostProcess, Services
from auditrules.benchmarks.subjects import DAEMON


class TargetOrigin(str, Enum):
    """Why a path is a target."""

    BENCHMARK = "benchmark"  # the benchmark's own path, or another usual place of the same thing
    PROCESS = "process"
    UNIT = "unit"
    DAEMON_JSON = "daemon.json"


class TargetReason(str, Enum):
    """Why a target is not judged by the rules alone."""

    NOT_INSTALLED = "not_installed"  # no Docker daemon on this host
    ABSENT = "absent"  # nothing at this path, and nothing is wanted then
    UNREADABLE = "unreadable"  # whether, or where, there is a target is not known


@dataclass(frozen=True, slots=True)
class Target:
    """One path of a control on this host. `watched` is the path to put into a rule: links at its end followed.

    `path` is empty where a target is known to be there and not where; `error` then says why.
    """

    control: BenchmarkControl
    path: str
    origin: TargetOrigin
    watched: str
    reason: TargetReason | None = None
    error: str = ""

    @property
    def applicable(self) -> bool:
        """Whether the control asks for this path here; what is not known counts as asked for."""
        return self.reason in (None, TargetReason.UNREADABLE)


def targets(controls: Iterable[BenchmarkControl], services: Services) -> Iterator[Target]:
    """The targets of all controls, each control's own path first. Every control has one at least."""
    installed = _installed(services)
    for control in controls:
        yield from _targets(control, services, installed=installed)


def _installed(services: Services) -> bool | None:
    """Whether there is a Docker daemon; None where it was not seen and could not be looked for everywhere."""
    looks = [services.found.get(path, ...) for path in (DAEMON.path, *DAEMON.places)]
    if any(isinstance(each, Found) for each in looks) or any(_runs(DAEMON, each) for each in services.processes):
        return True
    return None if ... in looks else False


def _runs(subject: Subject, process: HostProcess) -> bool:
    return bool(subject.process) and process.path.rpartition("/")[2] == subject.process


def _targets(control: BenchmarkControl, services: Services, *, installed: bool | None) -> Iterator[Target]:
    subject = control.subject
    others = dict(_others(subject, services))
    elsewhere, error = _told(subject, services)
    others.update(elsewhere)
    others.pop(subject.path, None)
    for path, origin in {subject.path: TargetOrigin.BENCHMARK, **others}.items():
        found = services.found.get(path, ...)
        reason, why = _reason(subject, found, installed=installed)
        if found is None and others and origin is TargetOrigin.BENCHMARK and installed:
            reason = TargetReason.ABSENT  # the thing is in another place
        watched = found.real if isinstance(found, Found) and found.link else path
        yield Target(control, path, origin, watched, reason, why)
    if error and installed is not False:
        yield Target(control, "", TargetOrigin.DAEMON_JSON, "", TargetReason.UNREADABLE, error)


def _reason(subject: Subject, found: object, *, installed: bool | None) -> tuple[TargetReason | None, str]:
    if installed is False:
        return TargetReason.NOT_INSTALLED, ""
    if isinstance(found, Found):
        if (found.type == "dir") == (subject.kind is TargetKind.DIRECTORY):
            return None, ""
        return (
            TargetReason.UNREADABLE,
            f"there is something of type {found.type} in the place of the {subject.kind.value}",
        )
    if installed is None:
        return TargetReason.UNREADABLE, "whether there is a Docker daemon on this host is not known"
    if found is None and subject.if_applicable:
        return TargetReason.ABSENT, ""
    return None, ""  # it is wanted even if it is not there, or nobody could look: the rules decide


def _others(subject: Subject, services: Services) -> Iterator[tuple[str, TargetOrigin]]:
    """The paths of the same thing on this host, but for those that are another name of the benchmark's own."""
    own = services.found.get(subject.path)
    seen = {own.real} if own else set()
    known = [path for path in subject.places if services.found.get(path)]
    running = [process.path for process in services.processes if _runs(subject, process)]
    # Where nothing is found, a place that could not be looked at may be the one.
    unseen = [] if own or known or running else [path for path in subject.places if path not in services.found]
    for path, origin in (
        *((path, TargetOrigin.BENCHMARK) for path in (*known, *unseen)),
        *((path, TargetOrigin.PROCESS) for path in sorted(running)),
        *((path, TargetOrigin.UNIT) for path in [services.units.get(subject.unit, "")] if path),
    ):
        found = services.found.get(path)
        real = found.real if found else path
        if real not in seen:
            seen.add(real)
            yield path, origin


def _told(subject: Subject, services: Services) -> tuple[dict[str, TargetOrigin], str]:
    """Where else the daemon was told to have it, and why that is not known."""
    if not subject.option or services.unclear:
        return {}, services.unclear if subject.option else ""
    found: dict[str, TargetOrigin] = {}
    try:
        if subject.option == CONFIG_FILE:
            return {each.config_file: _origin(each) for each in services.daemons}, ""
        for path, daemon in places(subject.option, services.daemons, services.configs):
            found[path] = _origin(daemon)
    except UnclearError as error:
        return found, str(error)
    return found, ""


def _origin(daemon: DockerDaemon | None) -> TargetOrigin:
    if daemon is None:
        return TargetOrigin.DAEMON_JSON
    return TargetOrigin.UNIT if daemon.by_unit else TargetOrigin.PROCESS

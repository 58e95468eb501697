"""The controls on auditing of the CIS Docker Benchmarks 1.2.0 to 1.8.0: numbers, levels, and where sources differ.

Known from public tools and retellings, not from the benchmarks' own documents: docker-bench-security and Aqua's
configuration (up to 1.6.0), Datadog's policies (1.2.0), Steampipe's module (1.6.0), Tenable's audit indexes (1.6.0 and
1.7.0) and a transcription of 1.6.0 and 1.8.0. Of 1.5.0 none of them says more than that it numbers as 1.6.0 does.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditrules.benchmarks import subjects
from auditrules.benchmarks.control import REQUIRED, Assessment, Benchmark, BenchmarkControl, Subject

NAME = "CIS Docker Benchmark"

IMPACT = (
    "The audit log grows with every access: see that it is rotated and archived, and give it a partition of its own so "
    "that it can't fill the root file system."
)

DEFAULT_VALUE = "No distribution audits Docker's files by default: nothing is recorded."

_IN_1_2 = (
    subjects.DAEMON,
    subjects.VAR_LIB_DOCKER,
    subjects.ETC_DOCKER,
    subjects.DOCKER_SERVICE,
    subjects.DOCKER_SOCKET,
    subjects.DEFAULT_DOCKER,
    subjects.SYSCONFIG_DOCKER,
    subjects.DAEMON_JSON,
    subjects.CONTAINERD,
    subjects.RUNC_IN_SBIN,
)
_FROM_1_3 = (
    subjects.DAEMON,
    subjects.RUN_CONTAINERD,
    subjects.VAR_LIB_DOCKER,
    subjects.ETC_DOCKER,
    subjects.DOCKER_SERVICE,
    subjects.CONTAINERD_SOCK,
    subjects.DOCKER_SOCKET,
    subjects.DEFAULT_DOCKER,
    subjects.DAEMON_JSON,
    subjects.CONTAINERD_CONFIG,
    subjects.SYSCONFIG_DOCKER,
    subjects.CONTAINERD,
    subjects.SHIM,
    subjects.SHIM_V1,
    subjects.SHIM_V2,
    subjects.RUNC,
)
_FROM_1_7 = tuple(subjects.DOCKER_SOCK if each is subjects.DOCKER_SOCKET else each for each in _FROM_1_3)

_LEVEL_1 = frozenset({"1.1.3", "1.1.4", "1.1.5", "1.1.6"})  # from 1.3.1 on

_REFERENCES = (
    "https://man7.org/linux/man-pages/man8/auditctl.8.html",
    "https://man7.org/linux/man-pages/man7/audit.rules.7.html",
    "https://docs.docker.com/engine/daemon/",
)

_MANUAL: Mapping[str, frozenset[str]] = {
    "1.6.0": frozenset({"1.1.5"}),
    "1.8.0": frozenset({"1.1.4", "1.1.5"}),
}

_UNVERIFIED_LEVEL = "The level in 1.2.0 is not verified; all of its controls on the host are taken as Level 1."
_ASSUMED = "No source lists 1.5.0 on its own; it is taken to be as 1.3.1 and 1.6.0 are."
_SHIMS = "Aqua's configuration and Steampipe's module call some of 1.1.15 to 1.1.18 manual."
_PATH_RULE = (
    "The line that the benchmark gives is a path rule, which does not reach into a directory; the remediation here "
    "watches the directory and all below it."
)
_NO_UNIT = "docker-bench-security looks for a systemd unit of that name; the target is the socket."
_DISAGREEMENTS: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("1.2.0", "1.2.12"): ("The benchmark names /usr/sbin/runc; most packages put runc into /usr/bin.",),
        **{
            (version, "1.1.7"): ("Steampipe's module says Level 1, the transcription of 1.6.0 Level 2.",)
            for version in ("1.3.1", "1.5.0", "1.6.0")
        },
        **{(version, "1.1.4"): (_PATH_RULE,) for version in ("1.3.1", "1.5.0", "1.6.0", "1.7.0", "1.8.0")},
        **{
            (version, number): (_SHIMS,)
            for version in ("1.3.1", "1.5.0", "1.6.0")
            for number in ("1.1.15", "1.1.16", "1.1.17", "1.1.18")
        },
        ("1.6.0", "1.1.5"): (_PATH_RULE, "The transcription of 1.6.0 says manual; docker-bench-security tests it."),
        ("1.8.0", "1.1.5"): (
            _PATH_RULE,
            "The benchmark keeps volumes and overlay2 out by two never rules, which don't make this control fail.",
        ),
        **{
            (version, "1.1.8"): (_NO_UNIT,)
            for version in ("1.3.1", "1.5.0", "1.6.0")
        },
        ("1.7.0", "1.1.9"): ("1.8.0 names docker.sock, 1.6.0 docker.socket; 1.7.0 is taken to be as 1.8.0 is.",),
    }
)  # fmt: skip


def _title(subject: Subject) -> str:
    if subject is subjects.DAEMON:
        return "Auditing for the Docker daemon executable is configured"
    return f"Auditing for {subject.name} is configured"


def _cis_controls(version: str, subject: Subject) -> tuple[str, ...]:
    if version == "1.2.0":
        return ("6.3", "6.6.2", "7.6.2") if subject is subjects.DAEMON else ("7.14.9",)
    return ("7.6.2", "7.6.3", "8.8.2") if subject is subjects.DAEMON else ("7.14.9", "8.8.5")


def _assessment(version: str, number: str) -> Assessment:
    if version == "1.2.0":
        return Assessment.SCORED
    return Assessment.MANUAL if number in _MANUAL.get(version, ()) else Assessment.AUTOMATED


def _disagreements(version: str, number: str) -> tuple[str, ...]:
    of_all = {"1.2.0": (_UNVERIFIED_LEVEL,), "1.5.0": (_ASSUMED,)}.get(version, ())
    return (*of_all, *_DISAGREEMENTS.get((version, number), ()))


def _benchmark(version: str, section: str, wanted: tuple[Subject, ...]) -> Benchmark:
    """The benchmark numbers what it wants in order, from 3 on in its section."""
    numbered = [(f"{section}.{number}", subject) for number, subject in enumerate(wanted, start=3)]
    return Benchmark(
        NAME,
        version,
        tuple(
            BenchmarkControl(
                NAME,
                version,
                number,
                _title(subject),
                level="1" if version == "1.2.0" or number in _LEVEL_1 else "2",
                subject=subject,
                required=REQUIRED[subject.kind],
                assessment=_assessment(version, number),
                impact=IMPACT,
                references=_REFERENCES,
                cis_controls=_cis_controls(version, subject),
                disagreements=_disagreements(version, number),
                family="docker",
                default_value=DEFAULT_VALUE,
            )
            for number, subject in numbered
        ),
        file="benchmarks/cis_docker.py",
    )


BENCHMARKS = (
    _benchmark("1.2.0", "1.2", _IN_1_2),
    *(_benchmark(version, "1.1", _FROM_1_3) for version in ("1.3.1", "1.5.0", "1.6.0")),
    *(_benchmark(version, "1.1", _FROM_1_7) for version in ("1.7.0", "1.8.0")),
)

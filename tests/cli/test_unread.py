"""`auditrules query` on a host that can't be read: the exit code and standard error tell where rows may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pytest

from auditrules.audit.model.collected import File, Kernel, Netlink, Run, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.requirement import Fact
from auditrules.cli.environment import Environment
from auditrules.host import Host
from tests.cli.ran import ran
from tests.fixtures.hosts import DOCKER, Look

ASK = ("/usr/sbin/auditctl", "-l")
REFUSED = Kernel(
    "netlink", netlink=Netlink(errno=1, capable=False, error="the kernel refuses: Operation not permitted")
)
KERNEL = "auditrules: could not be read, so that rows may be missing: the kernel's rules and status: the kernel refuses"
LOCKED = "auditrules: could not be read, so that rows may be missing: /etc/audit/rules.d/b.rules: Permission denied\n"
CONF = "auditrules: could not be read, so that rows may be missing: /etc/audit/auditd.conf: Permission denied\n"


@dataclass(frozen=True)
class Reader:
    """A host that was read once."""

    look_: Look

    def sources(self) -> Sources:
        return self.look_.sources

    def look(self, _paths: Iterable[str]) -> Mapping[str, Entry]:
        return {}

    def site(self) -> tuple[File, ...]:
        return ()

    def fact(self, fact: Fact) -> object:
        return self.look_.services if fact is Fact.DOCKER else Host(str(DOCKER), "none").fact(fact)


def said(look: Look, sql: str) -> tuple[int, str]:
    """Run the query, and give the exit code and what stands on standard error."""
    done = ran("query", sql, environment=Environment(host=lambda _root, _kernel, _release: Reader(look)))
    return done.code, done.err


def host(kernel: Kernel, *files: File, conf: File | None = None) -> Look:
    look = Look.at(DOCKER).with_rules("-w /usr/bin/dockerd -p wa")
    sources = replace(look.sources, kernel=kernel, auditd_conf=conf)
    return replace(look, sources=replace(sources, rules_d=(*look.sources.rules_d, *files)))


ROOTLESS = host(REFUSED)
SHUT = host(
    Kernel("auditctl", listing=Run(ASK, 0, b"No rules\n"), status=Run(ASK, 0, b"enabled 1\n")),
    File("/etc/audit/rules.d/b.rules", error="Permission denied"),
    conf=File("/etc/audit/auditd.conf", error="Permission denied"),
)

# a query that could have had rows of the kernel
OF_KERNEL = (
    "SELECT * FROM audit_rules",
    "SELECT * FROM audit_rules WHERE path = '/usr/bin/dockerd'",
    "SELECT * FROM audit_rules WHERE source = 'kernel'",
    "SELECT * FROM audit_rules WHERE source = 'KERNEL' COLLATE NOCASE",
    "SELECT * FROM audit_rules WHERE source IN ('rules.d', 'kernel') AND path = '/x'",
    "SELECT * FROM audit_rules WHERE source = 'rules.d' OR path = '/x'",
    "SELECT * FROM audit_rules WHERE source != 'rules.d'",
    "SELECT count(*) FROM audit_rules",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM audit_rules WHERE path = '/x')",
    "SELECT v.column1 FROM (VALUES ('kernel')) AS v JOIN audit_rules AS r ON r.source = v.column1 AND r.path = '/x'",
    "SELECT * FROM audit_coverage WHERE path = '/etc' AND recorded = 'rwxa'",
    "SELECT * FROM audit_coverage WHERE path = '/etc' AND source = 'kernel'",
    "SELECT * FROM audit_status WHERE lost > 0",
    "SELECT * FROM audit_verdicts WHERE status = 'fail'",
    "SELECT * FROM audit_requirements WHERE status = 'fail'",
)

NOT_OF_KERNEL = (
    "SELECT 1",
    "SELECT * FROM audit_rules WHERE source = 'rules.d'",
    "SELECT * FROM audit_rules WHERE source IN ('rules.d', 'audit.rules')",
    "SELECT * FROM audit_rules WHERE source != 'kernel'",
    "SELECT * FROM audit_rules WHERE source IS NOT 'kernel' AND path = '/x'",
    "SELECT * FROM audit_rules WHERE source_path = '/etc/audit/audit.rules'",
    "SELECT * FROM audit_coverage WHERE path = '/etc' AND source = 'boot'",
    "SELECT state, error, boot_loader FROM audit_status",
    "SELECT * FROM auditd_settings",
    "SELECT * FROM audit_controls",
    "SELECT * FROM audit_requirements WHERE source = 'boot'",
    "SELECT * FROM osquery_registry",
)


@pytest.mark.parametrize("sql", OF_KERNEL)
def test_a_query_that_could_have_rows_of_a_kernel_that_was_not_read_says_so_and_ends_with_3(sql: str) -> None:
    code, err = said(ROOTLESS, sql)
    assert (code, err.partition(":")[0], err.count("\n")) == (3, "auditrules", 1)
    assert err.startswith(KERNEL)


@pytest.mark.parametrize("sql", NOT_OF_KERNEL)
def test_a_query_that_could_have_none_of_its_rows_ends_with_0(sql: str) -> None:
    assert said(ROOTLESS, sql) == (0, "")


@pytest.mark.parametrize("sql", OF_KERNEL)
def test_a_kernel_that_was_not_to_be_asked_is_no_surprise(sql: str) -> None:
    assert said(Look.at(DOCKER), sql) == (0, "")


@pytest.mark.parametrize(
    ("sql", "code", "err"),
    [
        ("SELECT * FROM audit_rules WHERE path = '/x'", 3, LOCKED),
        ("SELECT * FROM audit_rules WHERE source = 'rules.d' AND path = '/x'", 3, LOCKED),
        ("SELECT * FROM audit_rules WHERE source_path = '/etc/audit/rules.d/b.rules'", 3, LOCKED),
        ("SELECT * FROM audit_rules WHERE source_path = '/etc/audit/rules.d/a.rules'", 0, ""),
        ("SELECT * FROM audit_rules WHERE source = 'kernel'", 0, ""),
        ("SELECT * FROM audit_coverage WHERE path = '/etc' AND source = 'boot'", 3, LOCKED),
        ("SELECT * FROM auditd_settings WHERE name = 'log_format'", 3, CONF),
        ("SELECT count(*) FROM auditd_settings JOIN audit_rules ON source = 'rules.d'", 3, LOCKED + CONF),
        ("SELECT * FROM audit_status", 0, ""),
        ("SELECT * FROM audit_verdicts WHERE next_boot = 'fail'", 3, LOCKED),
        ("SELECT control, status FROM audit_verdicts", 0, ""),
        ("SELECT * FROM audit_requirements WHERE source = 'boot'", 3, LOCKED),
    ],
)
def test_a_file_that_was_not_read_is_told_where_its_lines_could_have_been(sql: str, code: int, err: str) -> None:
    assert said(SHUT, sql) == (code, err)

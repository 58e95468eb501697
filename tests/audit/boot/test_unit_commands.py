"""What the commands of audit's units do."""

from __future__ import annotations

import pytest

from tests.audit.boot.hosts import AUDITD3, NORMAL, USR, booted, host, rules

# auditd's command line, and `enabled` with rules that say nothing of it.
STARTUPS = (
    ("/sbin/auditd", 1),
    ("/sbin/auditd -s enable", 1),
    ("/sbin/auditd -s disable", 0),
    ("/sbin/auditd -s dis", 0),
    ("/sbin/auditd -n -c /etc/audit -s nochange", None),
    ("/sbin/auditd -s disable -s enable", 1),
    ("/sbin/auditd -s maybe", None),
    ("/sbin/auditd $EXTRAOPTIONS", None),
)


@pytest.mark.parametrize(("command", "enabled"), STARTUPS)
def test_auditd_sets_enabled_as_its_options_say(command: str, enabled: int | None) -> None:
    said = booted(host({f"{USR}/auditd.service": AUDITD3.replace("/sbin/auditd", command)}))
    assert (rules(said), said.enabled) == ([NORMAL], enabled)

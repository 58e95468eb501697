"""When the kernel's rules were loaded last, by units, the daemon and the rules file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.boot.load_time import UNKNOWN_TIME, load_time
from auditrules.audit.host_audit import HostAudit
from auditrules.audit.model.collected import File, Sources
from auditrules.audit.model.host_facts import RulesLoad
from tests.audit.test_host_audit import AT_REST, RULES, netlink, text

UNIT, DAEMON = "auditd.service", "auditd"
STARTED, EARLIER, LATER = 1000.0, 500.0, 2000.0


def host(
    *started: tuple[str, float],
    written: float | None = EARLIER,
    first: str = "-D",
    enabled: int = 1,
    set_back: float = 0.0,
    booted: float | None = None,
) -> Sources:
    file = File("/etc/audit/audit.rules", text(first, *RULES), mode=0o640, uid=0, changed=written)
    rules_d = File("/etc/audit/rules.d/a.rules", text(first, *RULES), mode=0o640, uid=0)
    return replace(
        AT_REST,
        kernel=netlink(*RULES, enabled=enabled),
        rules_d=(rules_d,),
        audit_rules=file,
        facts=replace(AT_REST.facts, started=started, set_back=set_back, booted=booted),
    )


LOADS: dict[str, tuple[Sources, bool, RulesLoad]] = {
    "nothing tells": (host(), True, UNKNOWN_TIME),
    "the unit": (host((UNIT, STARTED)), True, RulesLoad(STARTED, all_since=True)),
    "a unit that loads no rules": (host(("audit-rules.service", STARTED)), True, UNKNOWN_TIME),
    "a daemon without systemd": (host((DAEMON, STARTED)), True, RulesLoad(STARTED)),
    "a file that augenrules wrote later": (host((UNIT, STARTED), written=LATER), True, RulesLoad(LATER)),
    "a file that was written later, with other rules": (
        host((UNIT, STARTED), written=LATER),
        False,
        RulesLoad(STARTED),
    ),
    "a file that was written later, and who knows when before": (host(written=LATER), True, UNKNOWN_TIME),
    "a file that leaves the rules before it": (host((UNIT, STARTED), first="-b 64"), True, RulesLoad(STARTED)),
    "a file that augenrules wrote later, whose load was refused": (
        host((UNIT, STARTED), written=LATER, enabled=2),
        True,
        RulesLoad(STARTED),
    ),
    "a file that augenrules wrote later without --load, as other settings are in force": (
        host((UNIT, STARTED), written=LATER, first="-b 8192"),
        True,
        RulesLoad(STARTED),
    ),
    "a file that augenrules wrote later, whose settings are in force": (
        host((UNIT, STARTED), written=LATER, first="-b 64"),
        True,
        RulesLoad(LATER),
    ),
    "rules that are locked": (host((UNIT, STARTED), enabled=2), True, RulesLoad(STARTED)),
    "rules that are locked since boot": (
        host((UNIT, STARTED), enabled=2, booted=STARTED - 60),
        True,
        RulesLoad(STARTED),
    ),
    "rules that were locked before the unit was started again": (
        host((UNIT, STARTED), enabled=2, booted=STARTED - 600),
        True,
        RulesLoad(STARTED - 600, or_later=True),
    ),
    "rules that are not locked, of a unit that was started again": (
        host((UNIT, STARTED), booted=STARTED - 600),
        True,
        RulesLoad(STARTED, all_since=True),
    ),
    "a clock that was set back": (host((UNIT, STARTED), set_back=400), True, RulesLoad(600.0, all_since=True)),
    "a clock that was set back, and a file of the time before": (
        host((UNIT, STARTED), set_back=400, written=STARTED - 1),
        True,
        RulesLoad(600.0),
    ),
    "a file of which it is not known when it was written": (
        host((UNIT, STARTED), written=None),
        True,
        RulesLoad(STARTED),
    ),
}


@pytest.mark.parametrize(("collected", "persistent", "load"), LOADS.values(), ids=LOADS)
def test_the_last_load_is_known_by_its_traces(collected: Sources, persistent: bool, load: RulesLoad) -> None:
    audit = HostAudit(collected)
    written = collected.audit_rules.changed if collected.audit_rules else None
    assert load_time(audit.kernel, audit.files, audit.boot, written, persistent=persistent) == load

"""What the kernel does to rules behind auditctl's back, and how much it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

MANY = 8000
SCRIPT = """\
mkdir -p /etc/audit/rules.d /srv/gone /srv/kept
rm -f /etc/audit/rules.d/*
printf '%s\\n' '-D' '-b 8192' '-w /srv/gone/file -p wa -k one' '-w /srv/kept/file -p wa -k two' \
  >/etc/audit/rules.d/docker.rules
augenrules --load >/dev/null 2>&1
auditrules query --format json "SELECT text, state FROM audit_rules WHERE source = 'rules.d'" >/out/loaded
rm -r /srv/gone
auditrules query --format json "SELECT text, state, error FROM audit_rules WHERE source = 'rules.d'" >/out/gone
auditctl -w /srv/kept -p r -k three
auditrules query --format json "SELECT keys, state FROM audit_rules WHERE source = 'kernel'" >/out/kernel
unshare -p -f auditrules query --format json "SELECT state, reader FROM audit_status" >/out/namespace
auditrules query --format json --kernel auditctl "SELECT source, path, keys FROM audit_rules WHERE source = 'kernel'" \
  >/out/listing
auditrules query --format json --kernel netlink "SELECT source, path, keys FROM audit_rules WHERE source = 'kernel'" \
  >/out/netlink
auditctl -D >/dev/null
auditctl -R /opt/many.rules
auditrules query --format json \
  "SELECT count(*) AS many, max(position) AS last FROM audit_rules WHERE source = 'kernel'" >/out/many
auditctl -e 2 >/dev/null
for again in 1 2 3; do  # an emulated kernel on a busy machine may take longer over so many rules than a host is given
  auditrules query --format json "SELECT state, enabled, immutable, kernel_rules FROM audit_status" >/out/immutable
  grep -q timed_out /out/immutable || break
done
"""


@pytest.fixture(scope="module")
def said(guest: Guest) -> dict[str, Any]:
    many = "".join(f"-w /tmp/file{number} -p wa -k many\n" for number in range(MANY)).encode()
    done = guest.run(SCRIPT, {"/opt/many.rules": many}, timeout=1200)
    assert done.returncode == 0, done.text
    return {name: json.loads(content) for name, content in done.files_out.items()}


def test_what_augenrules_loads_is_loaded(said: dict[str, Any]) -> None:
    assert said["loaded"] == [
        {"text": "-D", "state": ""},
        {"text": "-b 8192", "state": "loaded"},
        {"text": "-w /srv/gone/file -p wa -k one", "state": "loaded"},
        {"text": "-w /srv/kept/file -p wa -k two", "state": "loaded"},
    ]


def test_a_rule_that_the_kernel_dropped_with_its_directory_is_missing(said: dict[str, Any]) -> None:
    states = [(row["text"].split()[1], row["state"]) for row in said["gone"][2:]]
    assert states == [("/srv/gone/file", "missing"), ("/srv/kept/file", "loaded")]


def test_neither_a_rule_added_by_hand_nor_one_behind_a_line_that_stops_the_load_comes_back(
    said: dict[str, Any],
) -> None:
    assert [(row["keys"], row["state"]) for row in said["kernel"]] == [("two", "runtime"), ("three", "runtime")]


def test_another_pid_namespace_is_told(said: dict[str, Any]) -> None:
    assert said["namespace"] == [{"state": "foreign_namespace", "reader": "netlink"}]


def test_listing_and_netlink_show_the_same_rules(said: dict[str, Any]) -> None:
    assert said["listing"] == said["netlink"]


def test_thousands_of_rules_are_all_there(said: dict[str, Any]) -> None:
    assert said["many"] == [{"many": MANY, "last": MANY}]


def test_a_locked_kernel_is_told_and_read(said: dict[str, Any]) -> None:
    assert said["immutable"] == [{"state": "ok", "enabled": 2, "immutable": 1, "kernel_rules": MANY}]

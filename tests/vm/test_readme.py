"""What the documents show of a real host is what a real host shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vm.guest import Guest

pytestmark = pytest.mark.vm

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text("utf-8")
OPERATION = (PROJECT / "docs/operation.md").read_text("utf-8")
TABLES = (PROJECT / "docs/tables.md").read_text("utf-8")
SCRIPT = """\
printf '#!/bin/sh\\n' >/usr/bin/dockerd; chmod 755 /usr/bin/dockerd
rm -f /etc/audit/rules.d/*
echo '-w /usr/bin/dockerd -p rwxa -k docker' >/etc/audit/rules.d/docker.rules
mkdir -p /boot  # with what the package of the kernel brings
printf 'CONFIG_X86_X32_ABI=y\\nCONFIG_X86_X32_DISABLED=y\\n' >/boot/config-$(uname -r)
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /lib/systemd/system/auditd.service /etc/systemd/system/multi-user.target.wants/auditd.service
auditctl -e 1 >/dev/null
augenrules --load >/dev/null 2>&1
auditrules check --benchmark cis-docker:1.2.0 --control 1.2.3 --details >/out/check-pass
python3 /opt/as_alice auditrules check --benchmark cis-docker:1.2.0 --control 1.2.3 --details >/out/check-unknown
auditrules query \
  "SELECT source, action, permissions, keys, rule FROM audit_rules WHERE path = '/usr/bin/dockerd'" >/out/rules
"""
AS_ALICE = "import os, sys; os.setgroups([]); os.setgid(1000); os.setuid(1000); os.execvp(sys.argv[1], sys.argv[1:])"


@pytest.fixture(scope="module")
def shown(guest: Guest) -> dict[str, str]:
    done = guest.run(SCRIPT, {"/opt/as_alice": AS_ALICE.encode()})
    return {name: content.decode() for name, content in done.files_out.items()}


@pytest.mark.parametrize(
    ("page", "name"), [(README, "check-pass"), (OPERATION, "check-unknown")], ids=["pass", "unknown"]
)
def test_the_verdicts_that_are_shown_are_real(shown: dict[str, str], page: str, name: str) -> None:
    part = page.partition(f"<!-- {name} -->\n```console\n")[2].partition("```\n")[0]
    assert part.rstrip() == shown[name].rstrip()


def test_the_rules_that_are_shown_are_real(shown: dict[str, str]) -> None:
    assert f"```\n{shown['rules'].rstrip()}\n```\n" in TABLES

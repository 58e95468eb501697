"""The table of coverage: two rows a path, whatever is asked and however the host is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from auditrules.audit.auditctl.parse_listing import OLD_FORM
from auditrules.audit.rule_sets import LISTING_CAVEAT
from auditrules.plugin.context import Constraint, ConstraintOperator, Context
from auditrules.tables import build
from tests.fixtures.hosts import DOCKER, Given, Look, root, saved, status
from tests.fixtures.work import calls

DOCKERD = "/usr/bin/dockerd"
WATCH = f"-w {DOCKERD} -p rwxa -k docker"
RULE = f"-a always,exit -S all -F path={DOCKERD} -F perm=rwxa -F key=docker"
LIES = LISTING_CAVEAT.format(reader="a saved listing")
SERVICE = """\
[Unit]
DefaultDependencies=no
[Service]
Type=forking
ExecStart=/sbin/auditd
ExecStartPost=-/sbin/augenrules --load
[Install]
WantedBy=multi-user.target
"""
UNITS = {
    "usr/lib/systemd/system/auditd.service": SERVICE,
    "usr/sbin/augenrules": "#!/bin/sh\n",
    "usr/bin/mawk": "awk",
}


def host(folder: Path, kernel: tuple[str, ...], files: Mapping[str, str], state: str | None = None) -> Look:
    """A host on which auditd starts at boot, if its unit is there."""
    made = root(folder, {**UNITS, **files})
    wants = made / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True)
    (wants / "auditd.service").symlink_to("/usr/lib/systemd/system/auditd.service")
    (made / "etc/systemd/system/default.target").symlink_to("/usr/lib/systemd/system/multi-user.target")
    (made / "usr/lib/systemd/system/multi-user.target").write_text("[Unit]\n")
    (made / "usr/bin/awk").symlink_to("mawk")
    return Look.at(made).with_listing(saved(*kernel, state=state))


def rows(look: Look, columns: str, path: str = DOCKERD) -> list[tuple[object, ...]]:
    found = look.rows(f"SELECT {columns} FROM audit_coverage WHERE path = '{path}'")  # noqa: S608 - the tests' own
    return [tuple(row.values()) for row in found]


def test_a_rule_of_kernel_and_files_covers_now_and_after_boot(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"-D\n{WATCH}\n"})
    assert rows(look, "source, recorded, reason, keys, rules") == [
        ("kernel", "rwxa", "covered", "docker", RULE),
        ("boot", "rwxa", "covered", "docker", RULE),
    ]


def test_evidence_names_the_rule_and_its_file_and_with_lines_its_line(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"-D\n{WATCH}\n"})
    assert rows(look, "evidence, evidence_lines")[0] == (
        f"{RULE} in /etc/audit/rules.d/docker.rules; {LIES}",
        f"{RULE} in /etc/audit/rules.d/docker.rules:2; {LIES}",
    )


TAKEN = "kernel command line of the next boot: taken to say nothing of audit, as no boot loader's file says it"


def test_evidence_of_the_next_boot_says_whence_its_command_line_is_where_that_is_not_certain(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"-D\n{WATCH}\n"})
    assert rows(look, "evidence")[1] == (f"{RULE} in /etc/audit/rules.d/docker.rules; {TAKEN}",)
    files = {"boot/grub/grub.cfg": "menuentry x { linux /vmlinuz ro }\n"}
    look = host(tmp_path / "grub", (WATCH,), {"etc/audit/rules.d/docker.rules": f"-D\n{WATCH}\n", **files})
    assert rows(look, "evidence")[1] == (f"{RULE} in /etc/audit/rules.d/docker.rules",)


def test_a_boot_loader_that_switches_audit_off_is_a_boot_that_loads_nothing(tmp_path: Path) -> None:
    files = {"boot/grub/grub.cfg": "menuentry x { linux /vmlinuz ro audit=0 }\n"}
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"-D\n{WATCH}\n", **files})
    why = "boot loads no rules: the kernel's command line in /boot/grub/grub.cfg switches audit off"
    assert rows(look, "recorded, unrecorded, evidence")[1] == (
        *("", "rwxa"),
        f"auditing is off (enabled 0), so no rule counts; {why}",
    )


def test_evidence_from_a_listing_says_so(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": "-D\n"}, state="")
    assert rows(look, "evidence")[0] == (f"{RULE}; enabled: assumed; {LIES}",)


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        (
            RULE,
            "a line of the listing is in a form that no auditctl prints, which lists such a rule as a watch, -w PATH",
        ),
        (
            f"LIST_RULES: exit,always watch={DOCKERD} perm=rwxa key=docker",
            OLD_FORM,
        ),
    ],
)
def test_evidence_says_that_no_auditctl_of_today_prints_a_line(tmp_path: Path, line: str, remark: str) -> None:
    look = host(tmp_path, (line,), {"etc/audit/rules.d/docker.rules": "-D\n"}, state="")
    assert rows(look, "recorded, evidence")[0] == ("rwxa", f"{RULE}; enabled: assumed; {LIES}; {remark}")


def test_a_never_rule_that_a_file_tells_of_is_no_watch(tmp_path: Path) -> None:
    never = f"-a never,exit -F path={DOCKERD} -F perm=rwxa -F key=docker"
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"{never}\n"})
    assert rows(look, "recorded, unrecorded, reason")[0] == ("", "rwxa", "suppressed")


def test_a_rule_that_only_the_kernel_has_is_lost_at_boot(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/other.rules": "-w /etc -p wa\n"})
    assert rows(look, "source, recorded, reason") == [
        ("kernel", "rwxa", "covered"),
        ("boot", "", "not_loaded_at_boot"),
    ]


def test_a_host_whose_boot_loads_nothing_says_why(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {"etc/audit/rules.d/docker.rules": f"{WATCH}\n"})
    (tmp_path / "etc/systemd/system/multi-user.target.wants/auditd.service").unlink()
    look = Look.at(tmp_path).with_listing(saved(WATCH))
    (_, boot) = rows(look, "reason, evidence")
    assert boot == ("not_loaded_at_boot", "boot loads no rules: auditd.service is not enabled")


def test_auditing_that_is_off_is_told(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH,), {}, state=status(enabled=0))
    assert rows(look, "unrecorded, reason, evidence")[0] == (
        "rwxa",
        "disabled",
        f"auditing is off (enabled 0), so no rule counts; {LIES}",
    )


def test_rules_that_were_not_read_make_every_letter_unknown() -> None:
    assert rows(Look.at(DOCKER), "source, unknown, reason, evidence")[0] == (
        "kernel",
        "rwxa",
        "unreadable",
        "the kernel was not asked, as wanted",
    )


def test_a_line_that_is_not_understood_may_be_anything(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH, "-a always,exit -S nonsense"), {})
    assert rows(look, "recorded, unknown, reason")[0] == ("", "rwxa", "unreadable")


@pytest.mark.parametrize("path", ["relative", "/" + "x" * 5000, "/a/*"])
def test_every_path_has_two_rows(path: str) -> None:
    found = rows(Look.at(DOCKER), "path, source", path)
    assert found == [(path, "kernel"), (path, "boot")]


def test_a_path_that_is_not_there_says_so() -> None:
    assert rows(Look.at(DOCKER), "path_exists, resolved_path", "/usr/bin/nothing") == [(0, "/usr/bin/nothing")] * 2


def test_an_answer_is_kept_until_what_is_at_the_path_changes(tmp_path: Path) -> None:
    context = Context((Constraint("path", ConstraintOperator.EQUALS, "/usr/bin/other"),))
    work = {}
    for rules in (1, 100):
        folder = tmp_path / str(rules)
        look = host(folder, tuple(f"-w /srv/{number} -p wa" for number in range(rules)), {})
        tables = build(Given.at_rest(look.sources, folder))
        (table,) = (each for each in tables if each.schema.name == "audit_coverage")
        work[rules] = [calls(lambda table=table: table.rows(context)) for _ in range(2)]  # type: ignore[misc]
    assert work[100][0] > 2 * work[1][0]
    assert work[100][1] == work[1][1]  # no rule is looked at again
    (folder / "usr/bin/other").touch()
    assert [row["path_exists"] for row in table.rows(context)] == ["1", "1"]


def test_the_letters_of_a_row_are_rwxa_together(tmp_path: Path) -> None:
    look = host(tmp_path, (WATCH, "-w /etc -p wa"), {"etc/audit/rules.d/a.rules": "-w /etc -p wa\n"})
    for path in (DOCKERD, "/etc", "/nowhere", "relative"):
        for letters in rows(look, "recorded || conditional || unrecorded || unknown", path):
            assert sorted(str(letters[0])) == sorted("rwxa")

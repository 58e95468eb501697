"""`auditrules check --at boot` and `--rules`: what a boot will audit, before it boots."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.cli.ran import ran
from tests.fixtures.boots import boot_root
from tests.fixtures.hosts import root
from tests.fixtures.site import write_site

WATCH = "-w /usr/bin/dockerd -p rwxa -k docker\n"
LESS = "-w /usr/bin/dockerd -p wxa -k docker\n"
ONE = ("--benchmark", "cis-docker:1.2.0", "--control", "1.2.3")


run = partial(ran, "check")


def verdict(*arguments: str) -> tuple[int, dict[str, str]]:
    code, out, _ = run(*arguments, *ONE, "--format", "json")
    (row,) = json.loads(out)
    return code, row


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A Debian image with Docker whose first boot loads rules for it."""
    made = boot_root("debian12", tmp_path)
    (made / "usr/bin").mkdir(parents=True, exist_ok=True)
    (made / "usr/bin/dockerd").write_text("daemon")
    (made / "etc/audit/rules.d/docker.rules").write_text(WATCH)
    return made


def file(folder: Path, text: str, name: str = "new.rules") -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


def test_an_image_is_judged_by_what_its_first_boot_audits(image: Path) -> None:
    assert verdict("--root", str(image))[0] == 3  # nobody knows the rules of its kernel now
    code, row = verdict("--root", str(image), "--at", "boot")
    assert (code, row["status"], row["next_boot"], row["grep_verdict"]) == (0, "pass", "pass", "pass")
    assert "in /etc/audit/rules.d/docker.rules" in row["evidence"]


def test_an_image_that_records_less_fails(image: Path) -> None:
    (image / "etc/audit/rules.d/docker.rules").write_text("-w /usr/bin/dockerd -p r -k docker\n")
    code, row = verdict("--root", str(image), "--at", "boot")
    assert (code, row["status"], row["reason"]) == (1, "fail", "permissions_missing")


def test_an_image_with_audit_0_in_its_boot_loader_fails(image: Path) -> None:
    grub = image / "boot/grub/grub.cfg"
    grub.parent.mkdir(parents=True)
    grub.write_text("menuentry 'Debian' {\n\tlinux /boot/vmlinuz root=/dev/sda1 ro quiet audit=0\n}\n")
    code, row = verdict("--root", str(image), "--at", "boot")
    assert (code, row["status"], row["reason"]) == (1, "fail", "disabled")


@pytest.mark.parametrize("more", [(), ("--rules", "new.rules")])
def test_where_the_next_boot_is_not_known_evidence_says_why_and_advice_is_on_boot(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    file(tmp_path, WATCH)
    file(image, "GRUB_CMDLINE_LINUX=audit=0\n", "etc/default/grub")
    file(image, "", "boot/vmlinuz-6.1.0")
    code, row = verdict("--root", str(image), "--at", "boot", *more)
    assert (code, row["status"]) == (3, "unknown")
    assert "no boot loader's file says it; /etc/default/grub says audit=0" in row["evidence"]
    assert "mount its /boot" in row["remediation"]
    assert "--kernel" not in row["remediation"]


def test_evidence_names_a_rule_that_drops_a_record_of_what_is_recorded(image: Path) -> None:
    (image / "etc/audit/rules.d/docker.rules").write_text(f"{WATCH}-a always,exclude -F msgtype=PATH\n")
    code, row = verdict("--root", str(image), "--at", "boot")
    assert (code, row["status"]) == (0, "pass")
    told = "; -a always,exclude -F msgtype=PATH drops the record PATH: an event does not tell the file; "
    assert told in row["evidence"]


def test_the_status_at_boot_is_that_of_the_next_boot(image: Path) -> None:
    options = ("--root", str(image), "--benchmark", "cis-docker:1.8.0", "--format", "json")
    now, boot = (json.loads(run(*options, *more)[1]) for more in ((), ("--at", "boot")))
    assert [row["status"] for row in boot] == [row["next_boot"] for row in now]


def test_a_boot_of_which_no_control_is_judged_is_no_pass(tmp_path: Path) -> None:
    bare = root(tmp_path / "bare", docker=False)
    code, _, err = run("--root", str(bare), "--at", "boot", "--benchmark", "cis-docker:1.2.0")
    assert code == 3
    assert "no control was judged" in err


def test_a_boot_of_another_machine_is_judged(image: Path) -> None:
    code, row = verdict("--root", str(image), "--at", "boot", "--machine", "aarch64")
    assert code == 0
    assert "tables of system calls unverified on aarch64" in row["evidence"]


def test_a_file_of_benchmarks_that_is_left_out_is_no_pass(image: Path, tmp_path: Path) -> None:
    own = write_site(tmp_path / "own", {"changes.json": {"tailoring": [{"reason": "none"}]}})
    at_boot = ("--root", str(image), "--at", "boot", *ONE)
    assert (run(*at_boot)[0], run(*at_boot, "--benchmarks", str(own))[0]) == (0, 3)


# --rules


def test_rules_are_judged_as_if_boot_loaded_them(image: Path, tmp_path: Path) -> None:
    new = file(tmp_path, LESS)
    code, row = verdict("--root", str(image), "--rules", new)
    assert (code, row["status"]) == (0, "pass")  # the control asks for no reading
    assert f"in {new}" in row["evidence"]
    code, row = verdict("--root", str(image), "--rules", file(tmp_path, "-w /usr/bin/dockerd -p r\n"))
    assert (code, row["status"]) == (1, "fail")


def test_rules_are_judged_whatever_units_the_host_has(tmp_path: Path) -> None:
    assert verdict("--root", str(root(tmp_path / "root")), "--rules", file(tmp_path, WATCH))[0] == 0


def test_a_folder_of_rules_is_merged(image: Path, tmp_path: Path) -> None:
    file(tmp_path, "-e 1\n", "rules.d/20-b.rules")
    file(tmp_path, WATCH, "rules.d/10-a.rules")
    code, row = verdict("--root", str(image), "--rules", str(tmp_path / "rules.d"))
    assert (code, f"in {tmp_path}/rules.d/10-a.rules" in row["evidence"]) == (0, True)


def test_auditing_that_the_rules_switch_off_fails(image: Path, tmp_path: Path) -> None:
    code, row = verdict("--root", str(image), "--rules", file(tmp_path, f"{WATCH}-e 0\n"))
    assert (code, row["reason"]) == (1, "disabled")


def test_a_line_that_is_not_loaded_is_told(image: Path, tmp_path: Path) -> None:
    new = file(tmp_path, f"-w relative\n{WATCH}")
    code, _, err = run("--root", str(image), "--rules", new, *ONE)
    assert code == 1
    assert f"not loaded: {new}:1: expected an absolute path" in err
    assert f"not loaded: the load stops at {new}:1: no line below it is loaded\n" in err


# Formats


def test_a_pipeline_gets_sarif_and_junit(image: Path) -> None:
    options = ("--root", str(image), "--at", "boot", *ONE)
    (result,) = json.loads(run(*options, "--format", "sarif")[1])["runs"][0]["results"]
    assert (result["kind"], result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == (
        "pass",
        "file:///usr/bin/dockerd",
    )
    assert 'tests="1" failures="0" errors="0" skipped="0"' in run(*options, "--format", "junit")[1]


# Conflicting options: one clear line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rules", "new.rules", "--at", "now"), "--rules is what boot is to load"),
        (("--machine", "aarch64"), "--machine is that of a boot: give --at boot, too"),
        (("--at", "boot", "--kernel", "netlink"), "--kernel netlink tells of rules that are loaded now"),
        (("--at", "boot", "--machine", "toaster"), "expected a machine, one of aarch64"),
        (("--rules", "none.rules"), "cannot read none.rules: No such file or directory"),
    ],
)
def test_options_that_conflict_are_told(options: tuple[str, ...], message: str) -> None:
    code, out, err = run(*options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err

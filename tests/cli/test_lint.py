"""`auditrules lint`: what it reads, what it says, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from auditrules.audit.model.collected import Kernel, Sources
from auditrules.audit.model.host_facts import DEFAULT_FACTS, Entry
from auditrules.cli import main
from auditrules.cli.environment import Environment
from tests.cli.ran import ran, refused
from tests.fixtures.hosts import root

WATCH = "-w /usr/bin/dockerd -p rwxa -k docker\n"


run = partial(ran, "lint")


def file(folder: Path, text: str | bytes, name: str = "x.rules") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_sound_rules_end_with_0(tmp_path: Path) -> None:
    code, out, err = run(file(tmp_path, WATCH))
    assert (code, err) == (0, "")
    assert out.endswith("x.rules: 0 errors, 0 warnings, 0 notes\n")


def test_an_error_ends_with_1(tmp_path: Path) -> None:
    code, out, _ = run(file(tmp_path, f"-w relative\n{WATCH}"))
    assert code == 1
    assert f"{tmp_path}/x.rules:1:4: error: expected an absolute path, without quotes or variables" in out


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1)])
def test_a_warning_fails_where_that_is_asked_for(tmp_path: Path, fail_on: str, code: int) -> None:
    assert run(file(tmp_path, "-w /x -p wa\n"), "--fail-on", fail_on)[0] == code


def test_a_suppressed_warning_fails_nothing(tmp_path: Path) -> None:
    path = file(tmp_path, "# auditrules: ignore no-key: why\n-w /x -p wa\n")
    assert run(path, "--fail-on", "warning")[0] == 0


def test_a_folder_is_read_in_the_order_of_augenrules_and_says_what_it_passes_over(tmp_path: Path) -> None:
    file(tmp_path, "-w /b -p wa -k b\n", "10-b.rules")
    file(tmp_path, "-w /a -p wa -k a\n-w /b -p wa -k b\n", "9-a.rules")
    file(tmp_path, WATCH, "docker.conf")
    (tmp_path / "20-folder.rules").mkdir()
    code, out, _ = run(str(tmp_path), "--format", "json")
    (given,) = json.loads(out)["inputs"]
    told = [(each["id"], Path(each["path"]).name, each["line"]) for each in given["findings"]]
    assert code == 1
    assert ("duplicate", "10-b.rules", 1) in told
    assert ("ignored-file", "docker.conf", None) in told
    assert ("unreadable-file", "20-folder.rules", None) in told


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"-w relative\n")))
    code, out, _ = run("-", "--format", "github")
    assert code == 1
    assert out.startswith("::error file=-,line=1,")


def test_each_auditctl_says_what_it_makes_of_the_rules(tmp_path: Path) -> None:
    path = file(tmp_path, "-a always,exit -F arch=b64 -S open -k k\n")
    targets = ("--auditctl", "3.0.9", "--auditctl", "rhel-9", "--machine", "x86_64", "--machine", "aarch64")
    code, out, _ = run(path, *targets)
    assert code == 1
    assert f"{path}: loads with auditctl 3.0.9 on x86_64, auditctl 3.1.5 on x86_64\n" in out
    assert f"{path}: refused with auditctl 3.1.5 on aarch64: {path}:1\n" in out


def test_the_rules_of_a_root_are_linted_on_its_own_files(tmp_path: Path) -> None:
    image = root(tmp_path / "root")
    rules = image / "etc/audit/rules.d"
    rules.mkdir(parents=True, exist_ok=True)
    (rules / "10-docker.rules").write_text("-w /gone/docker -p wa -k docker\n")
    (rules / "README").write_text("")
    code, out, err = run("--root", str(image), "--format", "json")
    (given,) = json.loads(out)["inputs"]
    told = [(each["id"], each["path"]) for each in given["findings"]]
    assert (code, err) == (1, "")
    assert ("missing-place", "/etc/audit/rules.d/10-docker.rules") in told
    assert ("ignored-file", "/etc/audit/rules.d/README") in told


def test_on_this_machine_the_auditctl_that_is_installed_counts(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    class Installed:
        def sources(self) -> Sources:
            return Sources(Kernel("none"), facts=replace(DEFAULT_FACTS, version=(4, 2, 1)))

        def look(self, _paths: Iterable[str]) -> Mapping[str, Entry]:
            return {}

    def host(root: str, kernel: str, _release: str) -> Installed:
        asked.append((root, kernel))
        return Installed()

    out = io.StringIO()
    environment = Environment(host=host)  # type: ignore[arg-type]  # as much of a host as lint asks
    assert main(["lint", file(tmp_path, WATCH), "--root", "/"], stdout=out, environment=environment) == 0
    assert asked == [("/", "auto")]
    assert "auditctl 4.2.1 on x86_64: 1 of 1 rule is loaded" in out.getvalue()


def test_a_file_is_linted_on_the_files_of_a_root(tmp_path: Path) -> None:
    image = root(tmp_path / "root")
    path = file(tmp_path, "-w /gone/docker -p wa -k docker\n")
    assert run(path)[0] == 0
    assert run(path, "--root", str(image))[0] == 1


def test_the_hook_of_pre_commit_runs_the_command_on_rules_files() -> None:
    (hook,) = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8"))
    program, *arguments = hook["entry"].split()
    assert (program, arguments) == ("auditrules", ["lint"])
    assert re.search(hook["files"], "rules.d/10-docker.rules")


# Bad input: one clear line, and 2


fails = partial(refused, "lint")


def test_of_the_root_of_an_image_the_folder_of_its_rules_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc/audit/rules.d").mkdir(parents=True)
    assert f"found none; those of the host or image are in {tmp_path}/etc/audit/rules.d" in fails(str(tmp_path))


def test_a_folder_without_rules_is_told(tmp_path: Path) -> None:
    assert "expected a folder with *.rules, as augenrules reads them, found none" in fails(str(tmp_path))


def test_a_root_without_rules_is_told(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    assert "has no rules: neither /etc/audit/rules.d/*.rules nor /etc/audit/audit.rules" in fails(
        "--root", str(tmp_path)
    )


def test_a_binary_is_told(tmp_path: Path) -> None:
    content = Path(sys.executable).resolve().read_bytes()[:100_000]
    assert "as rules: expected text, found bytes that are none" in fails(file(tmp_path, content))


def test_a_fifo_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert "expected a regular file, found a FIFO" in fails(str(tmp_path / "fifo"))


def test_a_loop_of_links_is_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert "a loop of symbolic links" in fails(str(tmp_path / "loop"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "No such file or directory" in fails(str(tmp_path / "none"))


def test_a_device_is_told() -> None:
    assert "expected a regular file, found a device" in fails("/dev/null")


def test_a_file_that_is_too_long_is_told(tmp_path: Path) -> None:
    with (tmp_path / "long").open("wb") as stream:
        stream.truncate(1 << 30)  # a line of 1 GiB, of which nothing is on the disk
    assert "longer than 16777216 bytes, the most that is read" in fails(str(tmp_path / "long"))


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, WATCH)
    fstat = os.fstat

    def changing(number: int) -> os.stat_result:
        found = fstat(number)
        with Path(path).open("ab") as stream:
            stream.write(b"-e 2\n")
        return found

    monkeypatch.setattr(os, "fstat", changing)
    assert "it changed while it was read" in fails(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--auditctl", "9.9"), "expected a version of auditctl (2.8.0 to 4.2.1: "),
        (("--machine", "toaster"), "expected a machine, one of aarch64, "),
    ],
)
def test_what_is_known_is_listed_for_an_unknown_target(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    assert message in fails(file(tmp_path, WATCH), *options)


def test_nothing_to_lint_is_told() -> None:
    assert "nothing to lint" in fails()


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_standard_input_with_nothing_in_it_is_told(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert "standard input is empty: expected rules" in fails("-")


def test_a_folder_in_a_folder_is_told_as_one(tmp_path: Path) -> None:
    file(tmp_path, WATCH)
    (tmp_path / "docker").mkdir()
    (given,) = json.loads(run(str(tmp_path), "--format", "json")[1])["inputs"]
    told = [(each["id"], each["path"]) for each in given["findings"]]
    assert told == [("ignored-folder", f"{tmp_path}/docker")]


def test_a_folder_in_the_rules_of_a_root_is_told_as_one(tmp_path: Path) -> None:
    rules = tmp_path / "etc/audit/rules.d"
    (rules / "docker").mkdir(parents=True)
    file(rules, WATCH)
    assert "/etc/audit/rules.d/docker: warning: it is a folder [ignored-folder]" in run("--root", str(tmp_path)).out


def test_utf_16_is_a_finding(tmp_path: Path) -> None:
    code, out, _ = run(file(tmp_path, WATCH.encode("utf-16")))
    assert code == 1
    assert "[utf-16]" in out

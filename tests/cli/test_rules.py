"""`auditrules rules`: files that make a host pass, proved; and a smaller set that records the same."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from auditrules.audit.model.rule import Rule
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.minimise import MinimisedRules
from auditrules.cli.minimised_rules import MANY_RULES, MOST_RULES
from tests.cli.ran import ran
from tests.fixtures.boots import boot_root
from tests.fixtures.hosts import root
from tests.fixtures.site import SITE, write_site

DOCKER = ("--benchmark", "cis-docker:1.2.0")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An Ubuntu image with Docker, which has no rules yet."""
    made = boot_root("debian12", tmp_path)
    (made / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\n')
    (made / "etc/login.defs").write_text("UID_MIN 1000\n")
    for name in ("usr/bin/dockerd", "etc/docker/daemon.json", "var/lib/docker/x", "etc/passwd", "etc/group"):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")
    return made


def statuses(image: Path, rules: str, *options: str) -> set[str]:
    _, out, _ = ran("check", "--root", str(image), "--rules", rules, *options, "--format", "json")
    return {row["status"] for row in json.loads(out)}


def test_what_is_written_makes_the_host_pass(image: Path, tmp_path: Path) -> None:
    folder = str(tmp_path / "rules.d")
    assert ran("rules", *DOCKER, "--root", str(image), "--output", folder) == (0, "", "")
    assert statuses(image, folder, *DOCKER) <= {"pass", "not_applicable"}
    assert ran("lint", folder, "--root", str(image))[0] == 0


def test_each_line_names_the_controls_that_need_it_and_stands_once(image: Path) -> None:
    benchmarks = (*DOCKER, "--benchmark", "cis-docker:1.8.0")
    _, out, _ = ran("rules", *benchmarks, "--root", str(image))
    assert out.count("-w /usr/bin/dockerd -k docker\n") == 1
    controls = "CIS Docker Benchmark 1.2.0 1.2.3, CIS Docker Benchmark 1.8.0 1.1.3"
    assert f"# {controls}\n-w /usr/bin/dockerd -k docker\n" in out


def test_the_files_have_the_order_that_loading_needs(image: Path, tmp_path: Path) -> None:
    options = ("--benchmark", "cis-ubuntu-24.04", "--control", "6.2.3.4", "--control", "6.2.3.20")
    ran("rules", *options, "--root", str(image), "--output", str(tmp_path / "rules.d"))
    names = sorted(path.name for path in (tmp_path / "rules.d").iterdir())
    assert (names[0], names[-1]) == ("10-base.rules", "99-finalize.rules")
    assert (tmp_path / "rules.d/99-finalize.rules").read_text().endswith("-e 2\n")


def test_a_control_that_can_not_be_met_is_named_and_the_rest_is_written(image: Path) -> None:
    (image / "var/lib/docker/x").unlink()
    (image / "var/lib/docker").rmdir()
    (image / "var/lib").rmdir()
    code, out, err = ran("rules", *DOCKER, "--root", str(image))
    assert code == 1
    assert "CIS Docker Benchmark 1.2.0 1.2.4" in err
    assert "-w /usr/bin/dockerd -k docker\n" in out


def test_a_file_of_somebody_else_is_not_overwritten(image: Path, tmp_path: Path) -> None:
    own = tmp_path / "rules.d/10-base.rules"
    own.parent.mkdir()
    own.write_text("-b 8192\n")
    options = (*DOCKER, "--root", str(image), "--output", str(own.parent))
    code, _, err = ran("rules", *options)
    assert (code, "did not write" in err, own.read_text()) == (2, True, "-b 8192\n")
    assert [path.name for path in own.parent.iterdir()] == ["10-base.rules"]
    assert ran("rules", *options, "--force")[0] == 0
    assert ran("rules", *options)[0] == 0  # its own files it writes anew


def test_what_is_no_file_is_not_written_to(image: Path, tmp_path: Path) -> None:
    fifo = tmp_path / "rules.d/10-base.rules"
    fifo.parent.mkdir()
    os.mkfifo(fifo)
    code, _, err = ran("rules", *DOCKER, "--root", str(image), "--output", str(fifo.parent), "--force")
    assert (code, err.rstrip().endswith("did not write: take it away")) == (2, True)
    assert [path.name for path in fifo.parent.iterdir()] == ["10-base.rules"]


def test_a_file_that_is_loaded_too_is_told(image: Path, tmp_path: Path) -> None:
    other = tmp_path / "rules.d/60-other.rules"
    other.parent.mkdir()
    other.write_text("-a never,task\n")
    code, _, err = ran("rules", *DOCKER, "--root", str(image), "--output", str(other.parent))
    assert code == 1
    assert f"with {other}, loaded too: CIS Docker Benchmark 1.2.0 1.2.3: /usr/bin/dockerd: fail (task_never)" in err


# a file in the folder that the rules are written to, the exit code, and what is said of it
IN_FOLDER = (
    ("-w /usr/bin/dockerd -k docker\n", 1, "60-other.rules:1: the rule is loaded already\n"),
    ("-w relative\n", 1, "60-other.rules:1: expected an absolute path"),
    ("-w /etc/passwd -p wa -k identity\n", 0, ""),
    ("# nothing\n", 0, ""),
)


@pytest.mark.parametrize("system", [False, True])
@pytest.mark.parametrize(("text", "code", "told"), IN_FOLDER)
def test_files_in_the_folder_are_judged_with_those_that_are_written(
    image: Path, tmp_path: Path, text: str, code: int, told: str, *, system: bool
) -> None:
    folder = tmp_path / "stig.d"
    folder.mkdir()
    (folder / "60-other.rules").write_text(text)
    where = ("--system", "ubuntu 24.04") if system else ("--root", str(image))
    options = ("--benchmark", "cis-docker:1.2.0", "--control", "1.2.3", *where, "--output", str(folder))
    found, _, err = ran("rules", *options)
    assert (found, "loaded too" in err) == (code, bool(code))
    assert told in err
    assert ran("lint", str(folder))[0] == code


STIG = ("--benchmark", "stig-rhel-9", "--control", "RHEL-09-654265", "--control", "RHEL-09-654240")
FILE = "audit.rules"  # as Debian and RHEL ship one, with more values
BESIDE = (
    ("-D\n-b 8192\n-f 1\n", 1, "RHEL-09-654265: -f: fail (wrong_value): boot loads -f 1, which leaves failure 1\n"),
    ("-w /etc/passwd -p wa -k identity\n", 1, "/etc/audit/rules.d/audit.rules:1"),
    ("-D\n-b 8192\n", 0, ""),
    ("-D\n-f 2\n", 0, ""),
)


@pytest.mark.parametrize(("text", "code", "told"), BESIDE)
def test_what_a_file_of_the_host_spoils_is_told(image: Path, text: str, code: int, told: str) -> None:
    (image / "etc/os-release").write_text('ID=rhel\nVERSION_ID="9.4"\n')
    (image / "etc/audit/rules.d" / FILE).write_text(text)
    found, out, err = ran("rules", *STIG, "--root", str(image))
    assert (found, "-f 2\n" in out) == (code, True)
    assert told in err
    assert ("loaded too" in err) is bool(code)


def test_files_in_the_folder_of_the_host_were_judged(image: Path) -> None:
    folder = image / "etc/audit/rules.d"
    (folder / FILE).write_text("-b 8192\n")
    assert ran("rules", *DOCKER, "--root", str(image), "--output", str(folder)) == (0, "", "")


# What two controls of a site require, and what is said of the one that can't be met beside the other.
AGAINST: tuple[tuple[Mapping[str, str], Mapping[str, str], str], ...] = (
    (
        {"kind": "rule_option", "option": "-f", "value": "1"},
        {"kind": "rule_option", "option": "-f", "value": "2"},
        "Own 1 B: -f: fail (wrong_value), as another control wants -f 1 (Own 1 A)\n",
    ),
    (
        {"kind": "path", "path": "/etc/passwd", "permissions": "wa", "key": "identity"},
        {"kind": "absent_rule", "action": "always", "list": "exit"},
        "Own 1 B: always,exit: fail (present), as another control wants -w /etc/passwd -p wa -k identity (Own 1 A)\n",
    ),
)


@pytest.mark.parametrize(("one", "other", "told"), AGAINST)
def test_the_control_is_named_that_stands_against_another(
    image: Path, one: Mapping[str, str], other: Mapping[str, str], told: str
) -> None:
    (image / "etc/audit/rules.d/docker.rules").unlink()
    controls = [
        {"control": name, "family": "x", "title": "x", "requires": [each]} for name, each in (("A", one), ("B", other))
    ]
    write_site(image, {"own.json": {"benchmark": "Own", "version": "1", "short_name": "own", "controls": controls}})
    code, _, err = ran("rules", "--benchmark", "own", "--root", str(image))
    assert (code, err) == (1, f"auditrules: can't be met by rules: {told}")


def test_benchmarks_of_a_folder_are_known_for_a_host_and_for_a_system(image: Path, tmp_path: Path) -> None:
    own = ("--benchmark", "example", "--benchmarks", str(write_site(tmp_path / "own", {"site.json": SITE})))
    (code, of_host, _), (_, of_system, _) = (
        ran("rules", *own, *more) for more in (("--root", str(image)), ("--system", "debian 12"))
    )
    assert (code, "-w /etc/passwd -p wa" in of_host, "-w /etc/passwd -p wa" in of_system) == (0, True, True)


def test_rules_made_without_a_file_that_is_left_out_are_no_success(image: Path, tmp_path: Path) -> None:
    own = write_site(tmp_path / "own", {"changes.json": {"tailoring": [{"reason": "none"}]}})
    code, out, err = ran("rules", *DOCKER, "--root", str(image), "--benchmarks", str(own))
    assert (code, "/usr/bin/dockerd" in out, f"left out: {own}/changes.json:" in err) == (1, True, True)


def test_a_control_that_is_not_met_anyway_is_told_once(image: Path) -> None:
    (image / "var/lib/docker/x").unlink()
    (image / "var/lib/docker").rmdir()
    (image / "etc/audit/rules.d" / FILE).write_text("-b 8192\n")
    code, _, err = ran("rules", *DOCKER, "--root", str(image))
    assert (code, err.count("CIS Docker Benchmark 1.2.0 1.2.4: /var/lib/docker:"), "loaded too" in err) == (1, 1, False)


def test_the_script_is_one_that_a_shell_reads(image: Path) -> None:
    _, out, _ = ran("rules", *DOCKER, "--root", str(image), "--format", "sh")
    assert subprocess.run(["/bin/sh", "-n"], input=out, text=True, check=False).returncode == 0
    assert "augenrules --load\n" in out


def test_the_tasks_are_yaml_and_hold_the_files(image: Path) -> None:
    _, out, _ = ran("rules", *DOCKER, "--root", str(image), "--format", "ansible")
    tasks = yaml.safe_load(out)
    copies = [task["ansible.builtin.copy"] for task in tasks if "ansible.builtin.copy" in task]
    assert copies[0]["dest"] == "/etc/audit/rules.d/10-base.rules"
    assert "-w /usr/bin/dockerd -k docker\n" in "".join(each["content"] for each in copies)


def test_a_host_that_needs_no_rule_is_told_so(tmp_path: Path) -> None:
    bare = root(tmp_path / "bare", docker=False)
    code, out, err = ran("rules", *DOCKER, "--root", str(bare))
    assert (code, "-w " in out) == (0, False)
    assert err == "auditrules: no rule is needed: none of these controls applies to this host, or asks it for a rule\n"


def test_only_controls_of_a_level_are_asked_for(image: Path) -> None:
    code, _, err = ran("rules", *DOCKER, "--level", "9", "--root", str(image))
    assert (code, "no control has the level 9: expected one of" in err) == (2, True)
    assert ran("rules", *DOCKER, "--level", "1", "--root", str(image))[0] == 0


# A system by its name


def test_a_system_needs_no_host_and_what_is_taken_of_it_is_told() -> None:
    code, out, err = ran("rules", "--benchmark", "cis-docker", "--system", "debian 12", "--machine", "aarch64")
    assert (code, "-w /usr/bin/dockerd -k docker\n" in out) == (0, True)
    assert "debian 12: no host was looked at, so the benchmarks' paths are taken to be there" in err


def test_what_a_name_does_not_tell_is_named_with_what_to_do() -> None:
    options = ("--benchmark", "cis-ubuntu-24.04", "--control", "6.2.3.6", "--control", "6.2.3.8")
    code, out, err = ran("rules", *options, "--system", "ubuntu 24.04")
    assert (code, "-w /etc/passwd -p wa -k identity\n" in out) == (1, True)
    assert "can't be met by rules: CIS Ubuntu Linux 24.04 LTS Benchmark 1.0.0 6.2.3.6: setuid, setgid" in err
    assert "--root DIR of ubuntu 24.04" in err


@pytest.mark.parametrize(("benchmark", "told"), [("cis-debian-12", False), ("cis-docker", False), ("cis-rhel-9", True)])
def test_a_benchmark_for_another_system_is_told(benchmark: str, *, told: bool) -> None:
    _, _, err = ran("rules", "--benchmark", benchmark, "--system", "debian 12")
    assert ("is not for debian 12: check says other_system" in err) is told


def test_an_unknown_system_is_told_with_those_that_are_known() -> None:
    code, out, err = ran("rules", *DOCKER, "--system", "plan 9")
    assert (code, out) == (2, "")
    assert "expected a system, one of amazon-2, " in err


@pytest.mark.parametrize("name", ["ubuntu 24.04", "Ubuntu-24.04", "amzn 2023", "rocky 9", "ol-8", "sles 15"])
def test_a_system_may_be_spelled_as_os_release_or_as_auditctls_are(name: str) -> None:
    assert ran("rules", *DOCKER, "--control", "1.2.3", "--system", name)[0] == 0


# A smaller set


def test_a_smaller_set_records_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.rules"
    path.write_text("-b 64\n-w /etc/docker -p w -k d\n-w /etc/docker -p a -k d\n-w /etc/docker -p w -k x\n-e 2\n")
    code, out, err = ran("rules", "--minimise", str(path))
    assert (code, err) == (0, f"auditrules: {FILES_ASSUMED}\n")
    rule = "-a always,exit -S all -F path=/etc/docker -F perm=wa -F key=d"
    assert out.splitlines()[1:] == ["-D", "-b 64", rule, "-e 2"]
    smaller = tmp_path / "smaller.rules"
    smaller.write_text(out)
    assert ran("diff", str(path), str(smaller))[0] == 0


@pytest.mark.parametrize("count", [MANY_RULES, MANY_RULES + 1])
def test_of_many_rules_it_is_said_that_they_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    def same(rules: Sequence[Rule], *_: object) -> MinimisedRules:
        return MinimisedRules(tuple(rules), ())

    path = tmp_path / "x.rules"
    path.write_text("".join(f"-w /etc/{number} -p wa -k d\n" for number in range(count)))
    monkeypatch.setattr("auditrules.cli.minimised_rules.minimised", same)
    code, _, err = ran("rules", "--minimise", str(path))
    assert (code, f"{count} rules are judged one by one" in err) == (0, count > MANY_RULES)


def test_of_more_rules_than_can_be_judged_no_smaller_set_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    path = tmp_path / "x.rules"
    path.write_text("".join(f"-w /etc/{number} -p wa -k d\n" for number in range(MOST_RULES + 1)))
    monkeypatch.setattr("auditrules.cli.minimised_rules.minimised", never)
    code, out, err = ran("rules", "--minimise", str(path))
    assert (code, out) == (3, "")
    assert f"expected at most {MOST_RULES} rules, found {MOST_RULES + 1}" in err


MINIMISED = (
    (
        [
            *("-a always,exclude -F msgtype=PATH", "-a always,exclude -F msgtype=USER_LOGIN"),
            *("-a never,exclude -F msgtype=CRYPTO_KEY_USER", "--loginuid-immutable", "-w /etc/passwd -p wa -k id"),
        ],
        [
            *("-D", "--loginuid-immutable", "-a always,exit -S all -F path=/etc/passwd -F perm=wa -F key=id"),
            *("-a always,exclude -F msgtype=PATH", "-a always,exclude -F msgtype=USER_LOGIN"),
            "-a never,exclude -F msgtype=CRYPTO_KEY_USER",
        ],
    ),
    (
        [
            *("-i", "-c", "-D", "-b 64", "-r 5", "-f 2", "-w /a -p wa", "-b 128", "-w /b -p wa"),
            *("--backlog_wait_time 0", "-t", "--reset-lost", "-m done", "-e 2"),
        ],
        [
            *("-i", "-c", "-D", "-r 5", "-f 2", "-b 128"),
            *("-a always,exit -S all -F path=/a -F perm=wa", "-a always,exit -S all -F path=/b -F perm=wa"),
            *("--backlog_wait_time 0", "-t", "--reset-lost", "-m done", "-e 2"),
        ],
    ),
    (["-e 1", "-c", "--reset_backlog_wait_time_actual"], ["-D", "-c", "--reset_backlog_wait_time_actual", "-e 1"]),
)


@pytest.mark.parametrize(("lines", "left"), MINIMISED)
def test_a_control_line_stays_where_it_means_the_same(tmp_path: Path, lines: list[str], left: list[str]) -> None:
    path, smaller = tmp_path / "x.rules", tmp_path / "smaller.rules"
    path.write_text("".join(f"{line}\n" for line in lines))
    code, out, _ = ran("rules", "--minimise", str(path))
    assert (code, out.splitlines()[1:]) == (0, left)
    smaller.write_text(out)
    code, out, _ = ran("diff", str(path), str(smaller))
    assert (code, out.endswith(" record the same\n")) == (0, True)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-c", "it stands between rules, whose order is another one then"),
        ("-i", "it stands between rules, whose order is another one then"),
        ("-t", "it stands between rules, whose order is another one then"),
        ("-q /etc,/srv", "what it adds to rules on directories is not compared"),
    ],
)
def test_no_smaller_set_is_written_without_a_control_line(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "x.rules"
    path.write_text(f"-w /etc/a -p wa -k a\n{line}\n-w /etc/b -p wa -k a\n")
    code, out, err = ran("rules", "--minimise", str(path))
    assert (code, out) == (3, "")
    assert f"not written: {path}:2: {line}: {why}\n" in err


def test_a_set_of_which_a_line_is_refused_is_not_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / "x.rules"
    path.write_text("-w /etc/docker -p w -k d\n-w relative\n")
    code, out, err = ran("rules", "--minimise", str(path))
    assert (code, out) == (3, "")
    assert f"not loaded: {path}:2: expected an absolute path" in err


@pytest.mark.parametrize("name", [b"\xff", b"\x1b[1m", "\u202e".encode()])
def test_no_smaller_set_is_written_that_names_another_file(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "a.rules"
    path.write_bytes(b"-w /etc/" + name + b" -p wa -k k\n")
    code, out, err = ran("rules", "--minimise", str(path))
    assert (code, out) == (3, "")
    assert "not written: expected rules of printable characters in UTF-8, found " in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected --benchmark"),
        (("x.rules",), "give --minimise, too"),
        (("--minimise",), "expected a PATH"),
        (("--minimise", "a.rules", "--format", "sh"), "not with --format sh"),
        ((*DOCKER, "--force"), "--force is for files of --output"),
        (("--minimise", "x", "--benchmark", "cis-docker"), "--minimise takes a PATH, and no benchmark"),
        ((*DOCKER, "--format", "sh", "--output", "x"), "--output is for files of rules"),
        (("--benchmark", "nothing"), "nothing"),
        ((*DOCKER, "--system", "debian 12", "--root", "/"), "not with --root"),
        (("--minimise", "x", "--system", "debian 12"), "not with --minimise"),
        ((*DOCKER, "--system", "debian 12", "--machine", "x86_64", "--machine", "i686"), "one machine, found 2"),
        ((*DOCKER, "--system", "debian 12", "--machine", "pdp11"), "expected a machine, one of"),
        ((*DOCKER, "--system", "debian 12", "--auditctl", "1.0"), "expected a version of auditctl"),
    ],
)
def test_options_that_conflict_are_told(options: tuple[str, ...], message: str) -> None:
    code, out, err = ran("rules", *options)
    assert (code, out) == (2, "")
    assert message in err


def test_a_control_that_is_not_about_rules_is_not_said_to_be_met(image: Path) -> None:
    options = ("rules", "--benchmark", "cis-ubuntu-24.04", "--root", str(image), "--control", "6.2.4.1")
    error = "auditrules: expected a control that rules can meet, found 6.2.4.1\n"
    assert ran(*options) == (2, "", error)
    code, out, err = ran(*options, "--control", "6.2.3.20")
    assert (code, "-e 2\n" in out) == (0, True)
    assert "auditrules: no control that rules can meet: 6.2.4.1\n" in err

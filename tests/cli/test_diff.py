"""`auditrules diff`: what OLD and NEW may be, what it says of a change, and how it ends."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from auditrules.audit.rule_sets import FILES_ASSUMED
from tests.cli.ran import ran, refused
from tests.fixtures.boots import boot_root
from tests.fixtures.hosts import root
from tests.fixtures.site import SITE, write_site

WATCH = "-w /usr/bin/dockerd -p rwxa -k docker\n"
LESS = "-w /usr/bin/dockerd -p rwa -k docker\n"


run = partial(ran, "diff")


def file(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return str(path)


@pytest.fixture
def old(tmp_path: Path) -> str:
    return file(tmp_path, "old.rules", WATCH)


@pytest.fixture
def less(tmp_path: Path) -> str:
    return file(tmp_path, "less.rules", LESS)


def test_equal_effects_end_with_0_whatever_the_lines_are(tmp_path: Path, old: str) -> None:
    other = file(tmp_path, "new.rules", "# x\n-a always,exit -F path=/usr/bin/dockerd -F perm=awxr -F key=docker\n")
    assert run(old, other) == (
        0,
        f"({FILES_ASSUMED})\n{old} (1 rule, 1 path) and {other} (1 rule, 1 path) record the same\n",
        "",
    )


def test_what_is_recorded_no_more_ends_with_1(old: str, less: str) -> None:
    code, out, err = run(old, less)
    assert (code, err) == (1, "")
    assert out == (
        f"({FILES_ASSUMED})\nrecorded no more (1):\n  /usr/bin/dockerd: execution (x)\n"
        f"{old} (1 rule, 1 path) and {less} (1 rule, 1 path) record different things\n"
    )


def test_what_is_only_more_ends_with_4(old: str, less: str) -> None:
    code, out, _ = run(less, old)
    assert code == 4
    assert "newly recorded (1):\n  /usr/bin/dockerd: execution (x)\n" in out


def test_letters_that_change_alike_stand_together(tmp_path: Path, old: str) -> None:
    _, out, _ = run(old, file(tmp_path, "new.rules", "-w /usr/bin/dockerd -p x\n"))
    assert "  /usr/bin/dockerd: reading (r), writing (w), attribute changes (a)\n" in out


@pytest.mark.parametrize(
    ("was", "told"),
    [
        ("-S execve -F auid>=1000 -F auid!=unset", "whatever the file: execve; only where auid>=1000 and auid!=-1\n"),
        ("-S close", "whatever the file: close\n"),
        ("-F path=/etc/passwd -F perm=x -F uid=0", "/etc/passwd: execution (x); only where uid=0\n"),
        ("-S openat -F dir=/srv", "/srv: reading (r) by openat\n"),
    ],
)
def test_each_change_says_on_what_which_access_and_when(tmp_path: Path, was: str, told: str) -> None:
    out = run(file(tmp_path, "a", f"-a always,exit -F arch=b64 {was}\n"), file(tmp_path, "b", "-D\n"))[1]
    assert f"  {told}" in out


def test_what_is_left_out_is_said_behind_not_where(tmp_path: Path) -> None:
    rule = "-a always,exit -F arch=b64 -S execve"
    old, new = file(tmp_path, "a", f"{rule}\n"), file(tmp_path, "b", f"{rule} -F uid=0\n")
    assert "whatever the file: execve; not where uid=0\n" in run(old, new)[1]


def test_a_listing_that_is_not_all_read_is_never_the_same(tmp_path: Path) -> None:
    listing = file(tmp_path, "a", f"{WATCH}-a always,exit -S all -F nonsense=1\n")
    code, out, _ = run(f"listing:{listing}", f"listing:{listing}")
    assert code == 3
    assert "record the same\n" not in out


def test_json_has_every_change(old: str, less: str) -> None:
    _, out, _ = run(old, less, "--format", "json")
    assert json.loads(out)["changes"] == [
        {"direction": "lost", "path": "/usr/bin/dockerd", "letter": "x", "calls": [], "where": []}
    ]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("-a always,exclude -F msgtype=PATH", "records of type PATH"),
        ("-a always,exclude -F msgtype=PATH -F uid=5", "records of type PATH; only where uid=5"),
        ("-a never,exclude -F msgtype!=SYSCALL", "records of every type but SYSCALL"),
        ("-a never,exclude -F msgtype<=1199", "records of types USER, LOGIN, 1100 to 1199"),
        ("-a never,user -F auid>=1000", "records of every type that programs send; only where auid>=1000"),
    ],
)
def test_the_types_of_records_are_told_that_one_side_keeps_away(tmp_path: Path, rule: str, told: str) -> None:
    old, new = file(tmp_path, "a", WATCH), file(tmp_path, "b", f"{WATCH}{rule}\n")
    code, out, _ = run(old, new)
    assert code == 1
    assert f"recorded no more (1):\n  {told}\n" in out
    code, out, _ = run(new, old)
    assert code == 4
    assert f"newly recorded (1):\n  {told}\n" in out


def test_json_has_the_types_of_records(tmp_path: Path, old: str) -> None:
    new = file(tmp_path, "b", f"{WATCH}-a always,exclude -F msgtype=PATH -F uid=5\n")
    document = json.loads(run(old, new, "--format", "json")[1])
    assert document["changes"] == []
    assert document["records"] == [{"direction": "lost", "types": ["PATH"], "without": [], "where": ["uid=5 only"]}]


def test_lists_that_are_not_compared_are_told_where_they_differ(tmp_path: Path, old: str) -> None:
    new = file(tmp_path, "b", f"{WATCH}-a always,io_uring -S openat\n")
    code, out, _ = run(old, new, "--auditctl", "4.0.5")
    assert code == 3
    assert "can't be told (1):\n  rules of the io_uring list differ, and what comes of that is not compared\n" in out
    assert "record the same can't be told\n" in out


def test_a_line_that_is_not_loaded_is_told_and_counts(tmp_path: Path, old: str) -> None:
    new = file(tmp_path, "new.rules", f"-w relative\n{WATCH}")
    code, out, _ = run(old, new)
    assert code == 1
    assert f"({new}:1: expected an absolute path" in out
    assert f"(the load stops at {new}:1: no line below it is loaded)\n" in out


def test_a_folder_is_merged_as_augenrules_does(tmp_path: Path, old: str) -> None:
    file(tmp_path, "rules.d/20-b.rules", "-e 1\n")
    file(tmp_path, "rules.d/10-a.rules", WATCH)
    assert run(old, str(tmp_path / "rules.d"))[0] == 0


def test_a_listing_is_read_as_one(tmp_path: Path, old: str) -> None:
    listing = file(tmp_path, "listing", WATCH)
    code, out, _ = run(old, f"listing:{listing}")
    assert code == 0
    assert "(listing:" in out
    assert out.count(FILES_ASSUMED) == 1


def booting(folder: Path, rules: str) -> Path:
    """A Debian host whose next boot loads these rules."""
    image = boot_root("debian12", folder)
    (image / "etc/audit/rules.d/docker.rules").write_text(rules)
    (image / "usr/bin").mkdir(parents=True, exist_ok=True)
    (image / "usr/bin/dockerd").write_text("daemon")
    return image


def test_the_next_boot_of_a_root_is_compared_on_its_own_files(tmp_path: Path) -> None:
    code, out, err = run(f"root:{booting(tmp_path, WATCH)}", file(tmp_path, "new.rules", LESS))
    assert (code, err) == (1, "")
    assert "/usr/bin/dockerd: execution (x)\n" in out
    assert FILES_ASSUMED not in out


def test_two_images_are_compared(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    one, other = booting(tmp_path / "1", WATCH), booting(tmp_path / "2", LESS)
    assert run(f"root:{one}", f"root:{other}")[0] == 1
    assert run(f"root:{other}", f"root:{one}")[0] == 4
    assert run(f"root:{one}", f"root:{one}")[0] == 0


def test_rules_by_names_of_users_are_compared_without_a_host(tmp_path: Path) -> None:
    alice = file(tmp_path, "a.rules", "-a always,exit -F arch=b64 -S execve -F auid=alice\n")
    bob = file(tmp_path, "b.rules", "-a always,exit -F arch=b64 -S execve -F auid=bob\n")
    assert run(alice, alice)[0] == 0
    assert run(alice, bob)[0] == 1


def test_the_controls_that_change_are_told(tmp_path: Path) -> None:
    image = booting(tmp_path, WATCH)
    options = (f"root:{image}", file(tmp_path, "new.rules", "-w /usr/bin/dockerd -p r\n"))
    one = ("--benchmark", "cis-docker:1.2.0", "--control", "1.2.3")
    code, out, err = run(*options, *one)
    assert (code, err) == (1, "")
    assert "controls:\n  CIS Docker Benchmark 1.2.0  1.2.3  " in out
    assert ": pass -> fail\n" in out
    (control,) = json.loads(run(*options, *one, "--format", "json")[1])["controls"]
    assert (control["control"], control["old"], control["new"]) == ("1.2.3", "pass", "fail")


# What else differs


@pytest.mark.parametrize(
    ("was", "is_", "told"),
    [
        ("-e 2", "", "-e: 2 (locked until the next boot) -> not set"),
        ("-e 2", "-e 1", "-e: 2 (locked until the next boot) -> 1"),
        ("-b 8192", "-b 64", "-b: 8192 -> 64"),
        ("-b 8192", "", "-b: 8192 -> not set"),
        ("-f 2", "", "-f: 2 (panic) -> not set"),
        ("-f 2", "-f 0", "-f: 2 (panic) -> 0 (silent)"),
        ("-r 100", "", "-r: 100 -> not set"),
        ("-r 100", "-r 200", "-r: 100 -> 200"),
        ("--backlog_wait_time 5", "--backlog_wait_time 6", "--backlog_wait_time: 5 -> 6"),
        ("--loginuid-immutable", "", "--loginuid-immutable: set -> not set"),
        ("-c", "", "-c: set -> not set"),
        ("-i", "", "-i: set -> not set"),
    ],
)
def test_a_setting_that_differs_is_told(tmp_path: Path, was: str, is_: str, told: str) -> None:
    old, new = file(tmp_path, "a", f"{was}\n"), file(tmp_path, "b", f"{is_}\n-D\n")
    code, out, _ = run(old, new)
    assert code == 0
    assert f"settings that differ (1):\n  {told}\n" in out
    assert out.endswith(" record the same, but settings differ\n")


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        ("-b 0x40", "-b 64"),
        ("-b 64", ""),
        ("-f 1", ""),
        ("-r 0", ""),
        ("-e 1", ""),
        ("-b 1\n-b 64", "-b 64"),
        ("-t", ""),
    ],
)
def test_a_setting_that_is_the_same_is_not_told(tmp_path: Path, was: str, is_: str) -> None:
    code, out, _ = run(file(tmp_path, "a", f"{was}\n"), file(tmp_path, "b", f"{is_}\n-D\n"))
    assert (code, out.endswith(" record the same\n")) == (0, True)


@pytest.mark.parametrize(("was", "is_"), [("", "-r 100"), ("-r 200", "-r 100"), ("", "-r 5")])
def test_a_new_or_lower_rate_limit_is_never_the_same(tmp_path: Path, was: str, is_: str) -> None:
    code, out, _ = run(file(tmp_path, "a", f"{was}\n{WATCH}"), file(tmp_path, "b", f"{is_}\n{WATCH}"))
    assert code == 3
    limit = is_.partition(" ")[2]
    assert (
        f"can't be told (1):\n  which records the limit of {limit} a second (-r) drops\nsettings that differ (1)" in out
    )
    assert "record the same can't be told\n" in out


def test_what_q_adds_is_not_told(tmp_path: Path, old: str) -> None:
    code, out, _ = run(old, file(tmp_path, "b", f"{WATCH}-q /srv,/mnt\n"))
    assert code == 3
    assert "  what -q adds to rules on directories, which is not compared\n" in out


def test_keys_that_differ_are_told_with_how_many_rules_have_them(tmp_path: Path) -> None:
    rules = "-w /etc/a -p wa -k x\n-w /etc/b -p wa -k x\n-w /etc/c -p wa -k same\n-w /etc/d -p wa -k x\n"
    others = rules.replace("-k x", "-k y", 2).replace("-k x", "")
    code, out, _ = run(file(tmp_path, "a", rules), file(tmp_path, "b", others))
    assert code == 0
    assert "keys that differ (2):\n  x -> y: 2 rules\n  x -> no key: 1 rule\n" in out
    assert out.endswith(" record the same, but keys differ\n")


def test_the_page_shows_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text("utf-8").partition("With `old.rules`\n")[2]
    old, new, said = page.split("```\n")[1:6:2]
    monkeypatch.chdir(tmp_path)
    Path("old.rules").write_text(old)
    Path("new.rules").write_text(new)
    assert run("old.rules", "new.rules")[:2] == (1, f"({FILES_ASSUMED})\n{said}")


def test_json_has_settings_and_keys(tmp_path: Path, old: str) -> None:
    new = file(tmp_path, "b", f"-b 8192\n{WATCH}".replace("-k docker", "-k other"))
    document = json.loads(run(old, new, "--format", "json")[1])
    assert document["settings"] == [{"setting": "-b", "old": "", "new": "8192"}]
    assert document["keys"] == [{"old": ["docker"], "new": ["other"], "rules": 1}]


def test_a_listing_has_no_settings_to_compare(tmp_path: Path) -> None:
    listing = file(tmp_path, "listing", WATCH)
    code, out, _ = run(f"listing:{listing}", file(tmp_path, "b", f"-b 8192\n{WATCH}"))
    assert (code, out.endswith(" record the same\n")) == (0, True)


def test_the_settings_of_a_root_are_those_after_its_boot(tmp_path: Path) -> None:
    image = booting(tmp_path, f"-f 2\n{WATCH}-e 2\n")
    out = run(f"root:{image}", file(tmp_path, "new.rules", WATCH))[1]
    assert "  -e: 2 (locked until the next boot) -> not set\n" in out
    assert "  -f: 2 (panic) -> not set\n" in out


def test_a_control_on_a_setting_is_judged_by_it(tmp_path: Path) -> None:
    image = booting(tmp_path, f"-f 2\n{WATCH}")
    options = ("--benchmark", "stig-rhel-9", "--control", "RHEL-09-654265")
    (image / "etc/os-release").write_text('ID=rhel\nVERSION_ID="9.4"\n')
    out = run(f"root:{image}", file(tmp_path, "new.rules", WATCH), *options)[1]
    assert ": pass -> fail\n" in out


# Bad input


fails = partial(refused, "diff")


def test_what_is_not_there_is_told(old: str) -> None:
    assert "No such file or directory" in fails(old, "none.rules")


def test_controls_need_a_host(old: str) -> None:
    assert "controls are judged on a host" in fails(old, old, "--benchmark", "cis-docker")


def test_several_targets_are_refused(old: str) -> None:
    message = fails(old, old, "--auditctl", "3.0.9", "--auditctl", "4.2.1")
    assert "expected one version of auditctl and one machine to compare with, found 2" in message


def test_this_machines_kernel_is_not_of_another_root(tmp_path: Path, old: str) -> None:
    assert "kernel and boot are of this machine" in fails("kernel", old, "--root", str(root(tmp_path / "root")))


def test_a_folder_is_no_listing(tmp_path: Path, old: str) -> None:
    file(tmp_path, "rules.d/1.rules", WATCH)
    assert "expected a saved listing, found a directory" in fails(old, f"listing:{tmp_path}/rules.d")


def test_a_control_of_a_folder_s_own_benchmark_that_changes_is_told(tmp_path: Path) -> None:
    image = boot_root("debian12", tmp_path / "image")
    own = write_site(tmp_path / "own", {"site.json": SITE})
    (image / "etc/passwd").touch()
    none, some = (file(tmp_path, name, text) for name, text in {"a": "-D\n", "b": "-w /etc/passwd -p wa\n"}.items())
    options = ("--root", str(image), "--benchmark", "example", "--benchmarks", str(own))
    assert "Example Baseline 2  A-1" in run(none, some, *options)[1]

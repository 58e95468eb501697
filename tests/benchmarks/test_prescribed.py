"""What controls prescribe whatever the host: rules that auditctl takes, and words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditrules.audit import parse_rule
from auditrules.audit.model.host_facts import Facts
from auditrules.benchmarks import BENCHMARKS, Benchmark
from auditrules.benchmarks.control import BenchmarkControl
from auditrules.benchmarks.prescribed import NEVER_RUN, NEW_CALLS, prescribed
from auditrules.benchmarks.remediation import remedies_text
from tests.fixtures.hosts import Look, root

each_benchmark = pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda each: f"{each.short_name}-{each.version}")

OLD, NEW = Facts((3, 0, 9)), Facts((4, 2, 1))


def control(requirement: dict[str, object]) -> BenchmarkControl:
    return BenchmarkControl(
        "Example", "1", "A-1", "A title", rule_key="example", rules_file="/etc/audit/rules.d/e.rules",
        requires=(requirement,),
    )  # fmt: skip


def lines_of(benchmark: Benchmark) -> list[str]:
    return [line for each in benchmark.controls for remedy in prescribed(each) for line in remedy.lines]


USERS = ["auid>=UID_MIN", "auid!=unset"]
OF_USERS = "-F auid>=1000 -F auid!=unset"
LINES: dict[str, tuple[dict[str, object], list[str]]] = {
    "a watch": (
        {"kind": "path", "path": "/etc/passwd", "permissions": "wa", "key": "identity"},
        ["-w /etc/passwd -p wa -k identity"],
    ),
    "a program that users run": (
        {"kind": "path", "path": "/usr/bin/su", "permissions": "x", "type": "executable", "fields": USERS},
        [f"-a always,exit -F path=/usr/bin/su -F perm=x {OF_USERS} -k example"],
    ),
    "a directory that the benchmark gives as a path": (
        {"kind": "path", "path": "/etc/sudoers.d", "permissions": "wa", "type": "dir", "arches": ["b64", "b32"]},
        [f"-a always,exit -F arch={arch} -F dir=/etc/sudoers.d -F perm=wa -k example" for arch in ("b64", "b32")],
    ),
    "system calls": (
        {"kind": "syscall", "syscalls": ["chmod", "fchmod"], "arches": ["b64"], "fields": USERS, "key": "perm_mod"},
        [f"-a always,exit -F arch=b64 -S chmod,fchmod {OF_USERS} -k perm_mod"],
    ),
    "a comparison of two fields": (
        {"kind": "syscall", "syscalls": ["execve"], "arches": ["b64"], "compare": ["euid!=uid"]},
        ["-a always,exit -F arch=b64 -C euid!=uid -S execve -k example"],
    ),
    "a system call that no kernel has": (
        {"kind": "syscall", "syscalls": ["init_module", "query_module"], "arches": ["b64"]},
        ["-a always,exit -F arch=b64 -S init_module -k example"],
    ),
}


@pytest.mark.parametrize(("requirement", "lines"), LINES.values(), ids=LINES)
def test_rules_are_written_as_the_requirement_asks(requirement: dict[str, object], lines: list[str]) -> None:
    (remedy,) = prescribed(control(requirement))
    assert list(remedy.lines) == lines


WORDS: dict[str, tuple[dict[str, object], str]] = {
    "a setting of several values": (
        {
            "kind": "setting",
            "file": "/etc/audit/auditd.conf",
            "option": "space_left_action",
            "values": ["email", "exec"],
        },
        (
            "Set space_left_action in /etc/audit/auditd.conf to email or exec, and let auditd read it (SIGHUP, or the "
            "next boot)."
        ),
    ),
    "a percentage": (
        {"kind": "setting", "file": "/f", "option": "space_left", "test": "min_percent", "min": 25},
        "Set space_left in /f to 25% or more, and let auditd read it (SIGHUP, or the next boot).",
    ),
    "a number with no upper end": (
        {"kind": "setting", "file": "/f", "option": "max_log_file", "test": "range", "min": 8},
        "Set max_log_file in /f to a number of at least 8, and let auditd read it (SIGHUP, or the next boot).",
    ),
    "a number with no lower end": (
        {"kind": "setting", "file": "/f", "option": "max_log_file", "test": "range", "max": 99},
        "Set max_log_file in /f to a number of at most 99, and let auditd read it (SIGHUP, or the next boot).",
    ),
    "a number between two": (
        {"kind": "setting", "file": "/f", "option": "max_log_file", "test": "range", "min": 8, "max": 99},
        "Set max_log_file in /f to a number from 8 to 99, and let auditd read it (SIGHUP, or the next boot).",
    ),
    "the lock": (
        {"kind": "rule_option", "option": "-e", "value": "2", "last": True},
        (
            "Put the line -e 2 into /etc/audit/rules.d/99-finalize.rules, as the last line of all; then run augenrules "
            "--load."
        ),
    ),
    "one of two packages": (
        {"kind": "package", "names": [["audit", "auditd"], "audit-libs"]},
        "Install audit or auditd and audit-libs.",
    ),
    "mode and owner": (
        {"kind": "file_mode", "of": "log_files", "paths": ["/var/log/audit"], "mode_max": "0640", "owner": ["root"]},
        "Give the files of the audit log mode 0640 or stricter and the owner root.",
    ),
    "a call that is not there": (
        {"kind": "syscall", "syscalls": ["query_module"], "arches": ["b64"]},
        "No rule is needed: no kernel since 2.6 has this call.",
    ),
}


@pytest.mark.parametrize(("requirement", "words"), WORDS.values(), ids=WORDS)
def test_what_is_no_rule_is_said_in_words(requirement: dict[str, object], words: str) -> None:
    assert remedies_text(prescribed(control(requirement))) == words


@each_benchmark
def test_every_control_says_what_to_do(benchmark: Benchmark) -> None:
    silent = [each.id for each in benchmark.controls if not remedies_text(prescribed(each)).endswith(".")]
    assert silent == []


@each_benchmark
def test_auditctl_takes_every_rule(benchmark: Benchmark) -> None:
    for line in lines_of(benchmark):
        parse_rule(line, NEW)


@each_benchmark
def test_an_older_auditctl_takes_every_rule_but_for_the_calls_that_are_told(benchmark: Benchmark) -> None:
    for line in lines_of(benchmark):
        known = re.sub(rf",?\b({'|'.join(NEW_CALLS)})\b", "", line)
        if " -S  " not in known:
            parse_rule(known, OLD)


@each_benchmark
def test_no_rule_names_a_call_that_no_kernel_has(benchmark: Benchmark) -> None:
    assert [line for line in lines_of(benchmark) if any(call in line for call in NEVER_RUN)] == []


def test_new_calls_are_told_where_they_may_end_the_load() -> None:
    (remedy,) = prescribed(control({"kind": "syscall", "syscalls": ["chmod", "fchmodat2"], "arches": ["b64"]}))
    assert remedy.text == "Leave fchmodat2 out where auditctl does not know it: the load ends there."


# What it brings about

LAWFUL = ("cis-ubuntu-22.04", "cis-ubuntu-24.04", "cis-debian-12", "cis-rhel-9", "stig-rhel-9")
OF_RULES = {"path", "syscall"}
OF_A_LABEL = {"RHEL-09-654097"}  # it is of programs that SELinux calls crond_t, and no SELinux is here


def remedied(folder: Path, benchmark: Benchmark) -> Look:
    """A host of the benchmark's system, whose rules files hold what it prescribes and whose paths are all there."""
    identifier, _, version = benchmark.systems[0].partition(" ")
    wanted = [each for control in benchmark.controls for each in control.requires if each["kind"] == "path"]
    made = [f"{each['path']}{'/file' if each.get('type') == 'dir' else ''}".lstrip("/") for each in wanted]
    rules = "\n".join(("-D", "-b 8192", "-e 1", *dict.fromkeys(lines_of(benchmark)), ""))
    files = {
        **dict.fromkeys(made, "x"),
        "etc/os-release": f'ID={identifier}\nVERSION_ID="{version}"\n',
        "etc/login.defs": "UID_MIN 1000\n",
        "etc/audit/rules.d/50-benchmark.rules": rules,
        "usr/sbin/augenrules": "x",
        "usr/sbin/auditctl": "x",
    }
    return Look.at(root(folder, files, docker=False))


@pytest.mark.engine
@pytest.mark.parametrize("short_name", LAWFUL)
def test_the_rules_that_a_benchmark_prescribes_meet_what_it_requires(short_name: str, tmp_path: Path) -> None:
    benchmark = [each for each in BENCHMARKS if each.short_name == short_name][-1]
    judged = remedied(tmp_path, benchmark).rows(
        "SELECT control, kind, status, reason FROM audit_requirements "  # noqa: S608 - ours
        f"WHERE source = 'boot' AND benchmark = '{benchmark.name}' AND version = '{benchmark.version}'"
    )
    elsewhere = {each.id for each in benchmark.controls if any("path_from" in wanted for wanted in each.requires)}
    of_rules = [row for row in judged if row["kind"] in OF_RULES and row["control"] not in (*OF_A_LABEL, *elsewhere)]
    assert len(of_rules) > 10
    assert [row for row in of_rules if row["status"] not in ("pass", "not_applicable")] == []

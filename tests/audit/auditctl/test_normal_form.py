"""Rules into their normal form: arches by the machine, escapes as a rules file needs them."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.normal_form import field_text, render
from auditrules.audit.model.rule import Field, Operator
from tests.audit.auditctl.test_listing import exit_rule, rule_of

NORMAL: list[tuple[str, str, str]] = [
    ("x86_64", "-a always,exit -F arch=x86_64 -S openat", "-a always,exit -F arch=b64 -S openat"),
    ("x86_64", "-a always,exit -F arch=i386 -S open", "-a always,exit -F arch=b32 -S open"),
    ("x86_64", "-a always,exit -F arch=aarch64 -S openat", "-a always,exit -F arch=aarch64 -S openat"),
    ("aarch64", "-a always,exit -F arch=aarch64 -S openat", "-a always,exit -F arch=b64 -S openat"),
    ("aarch64", "-a always,exit -F arch=b32 -S open", "-a always,exit -F arch=b32 -S open"),
    ("aarch64", "-a always,exit -F arch=x86_64 -S open", "-a always,exit -F arch=x86_64 -S open"),
    ("aarch64", "-a always,exit -F arch=i386 -S open", "-a always,exit -F arch=i386 -S open"),
    ("aarch64", "-a always,exit -S openat", "-a always,exit -S openat"),
    ("ppc64le", "-a always,exit -F arch=ppc64 -S open", "-a always,exit -F arch=ppc64 -S open"),
    ("s390x", "-a always,exit -F arch=b32 -S open", "-a always,exit -F arch=b32 -S open"),
    ("armv7l", "-a always,exit -F arch=b32 -S open", "-a always,exit -F arch=b32 -S open"),
]


@pytest.mark.parametrize(("machine", "text", "wanted"), NORMAL)
def test_an_arch_is_written_as_its_machine_writes_it(machine: str, text: str, wanted: str) -> None:
    assert render(rule_of(text, machine), machine) == wanted


def test_an_arch_that_nobody_knows_is_a_number() -> None:
    rule = exit_rule(Field("arch", Operator.EQUAL, 0xDEADBEEF), syscalls=3)
    assert render(rule, "x86_64") == "-a always,exit -F arch=0xdeadbeef -S read,write"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("/a b", r"/a\ b"),
        ("/a\\b", r"/a\\b"),
        (r"/a\ b", r"/a\\\ b"),
        ("/a\tb", "/a\tb"),
        ('/"a"', '/"a"'),
        ("/caf\udce9", "/caf\udce9"),
    ],
)
def test_spaces_and_backslashes_are_escaped_as_a_file_needs_it(text: str, escaped: str) -> None:
    rule = exit_rule(Field("path", Operator.EQUAL, text), Field("key", Operator.EQUAL, text))
    assert render(rule, "x86_64") == f"-a always,exit -S all -F path={escaped} -F key={escaped}"


FIELDS: list[tuple[str, list[str]]] = [
    ("-w /etc/docker -p wa -k k", ["dir=/etc/docker", "perm=wa", "key=k"]),
    ("-a always,exit -F arch=aarch64 -C euid!=uid", ["arch=aarch64", "uid!=euid"]),
    (r"-a always,exit -F path=/a\ b -F a0&0x1F", ["path=/a b", "a0&0x1F"]),
]


@pytest.mark.parametrize(("text", "shown"), FIELDS)
def test_a_condition_is_shown_without_flag_and_escapes(text: str, shown: list[str]) -> None:
    assert [field_text(condition, "x86_64") for condition in rule_of(text).fields] == shown

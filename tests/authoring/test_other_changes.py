"""What two sets of rules differ in beside what is recorded: settings and keys."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.boot.load import load_rules
from auditrules.authoring.other_changes import (
    KeyChange,
    SettingChange,
    Settings,
    key_changes,
    setting_changes,
    settings_of_kernel,
    settings_of_load,
    uncertain_by_settings,
)
from tests.audit.coverage.random_rules import HOST


def settings(*lines: str) -> Settings:
    return settings_of_load(load_rules("".join(f"{line}\n" for line in lines).encode(), HOST))


def test_a_kernel_that_has_what_it_starts_with_is_as_a_file_without_settings() -> None:
    kernel = AuditStatus(
        enabled=1, failure=1, rate_limit=0, backlog_limit=64, backlog_wait_time=15000, loginuid_immutable=0
    )
    assert setting_changes(settings_of_kernel(kernel), settings("-D")) == ()


def test_a_kernel_s_settings_are_compared_with_those_of_a_file() -> None:
    kernel = AuditStatus(enabled=2, failure=2, loginuid_immutable=1)
    assert setting_changes(settings_of_kernel(kernel), settings("-f 1")) == (
        SettingChange("-e", "2", ""),
        SettingChange("-f", "2", "1"),
        SettingChange("--loginuid-immutable", "set", ""),
    )


def test_what_a_kernel_does_not_tell_is_not_compared() -> None:
    assert setting_changes(settings_of_kernel(AuditStatus()), settings("-e 2", "-c")) == ()


def test_a_line_below_the_end_of_a_load_sets_nothing() -> None:
    assert settings("-w relative", "--loginuid-immutable", "-b 9") == settings()


def test_a_limit_that_is_not_known_is_none() -> None:
    assert [*uncertain_by_settings({}, settings("-r 9"))] == ["which records the limit of 9 a second (-r) drops"]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (["-w /etc -p wa -k a"], ["-w /etc -p wa -k a"], ()),
        (["-w /etc -p wa -k a"], ["-a always,exit -F perm=wa -F dir=/etc -k b"], (KeyChange(("a",), ("b",), 1),)),
        (["-w /etc -p wa -k a"], ["-w /usr -p wa -k b"], ()),
        (["-a never,exit -S open -k a"], ["-a never,exit -S open -k b"], ()),
        (["-w /etc -p wa"], ["-w /etc -p wa -k a -k b"], (KeyChange((), ("a", "b"), 1),)),
    ],
)
def test_keys_are_compared_of_rules_that_are_else_the_same(
    old: list[str], new: list[str], wanted: tuple[KeyChange, ...]
) -> None:
    rules = (load_rules("".join(f"{line}\n" for line in lines).encode(), HOST).rules for lines in (old, new))
    assert key_changes(*rules) == wanted

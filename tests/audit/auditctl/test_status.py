"""The text of auditctl -s."""

from __future__ import annotations

import pytest

from auditrules.audit.auditctl.status import AuditStatus, NotAStatusError, parse_status

PLAIN = """\
enabled 1
failure 1
pid 321
rate_limit 0
backlog_limit 8192
lost 5
backlog 4
backlog_wait_time 60000
backlog_wait_time_actual 0
loginuid_immutable 0 unlocked
"""
ALL = AuditStatus(1, 1, 321, 0, 8192, 5, 4, 60000, 0)

STATUSES: list[tuple[str, str, AuditStatus]] = [
    ("plain", PLAIN, ALL),
    ("no newline at the end", PLAIN.removesuffix("\n"), ALL),
    ("interpreted", PLAIN.replace("enabled 1", "enabled enabled").replace("failure 1", "failure printk"), ALL),
    ("immutable in words", "enabled enabled+immutable\nfailure panic\n", AuditStatus(enabled=2, failure=2)),
    ("disabled in words", "enabled disable\nfailure silent\n", AuditStatus(enabled=0, failure=0)),
    ("locked", "enabled 2\nloginuid_immutable 1 locked\n", AuditStatus(enabled=2, loginuid_immutable=1)),
    ("as -e prints it", PLAIN.partition("loginuid")[0], AuditStatus(1, 1, 321, 0, 8192, 5, 4, 60000)),
    (
        "one line, before 2.4",
        "AUDIT_STATUS: enabled=1 flag=1 pid=321 rate_limit=0 backlog_limit=320 lost=1 backlog=2\n",
        AuditStatus(1, 1, 321, 0, 320, 1, 2),
    ),
    ("values alone", "enabled 0", AuditStatus(enabled=0)),
    ("a name of tomorrow", "enabled 1\nnew_name 7\n", AuditStatus(enabled=1)),
    ("the greatest numbers", "enabled 1\nlost 4294967295\n", AuditStatus(enabled=1, lost=2**32 - 1)),
]


@pytest.mark.parametrize(("text", "status"), [case[1:] for case in STATUSES], ids=[case[0] for case in STATUSES])
def test_a_status_is_read(text: str, status: AuditStatus) -> None:
    assert parse_status(text) == status


NO_STATUS: list[tuple[str, str]] = [
    ("", "a line with enabled, as auditctl -s prints it"),
    ("AUDIT_STATUS: ", "a line with enabled, as auditctl -s prints it"),
    ("failure 1\n", "a line with enabled, as auditctl -s prints it"),
    ("enabled\n", "a name and a number as auditctl -s prints them, found 'enabled' ''"),
    ("enabled yes\n", "a name and a number as auditctl -s prints them, found 'enabled' 'yes'"),
    ("enabled -1\n", "a name and a number as auditctl -s prints them, found 'enabled' '-1'"),
    ("enabled 1x\n", "a name and a number as auditctl -s prints them, found 'enabled' '1x'"),
    ("enabled ²\n", "a name and a number as auditctl -s prints them, found 'enabled' '²'"),
    ("enabled 99999999999\n", "a name and a number as auditctl -s prints them, found 'enabled' '99999999999'"),
    ("enabled 1\n\n", "a name and a number as auditctl -s prints them, found '' ''"),
    ("enabled 1\nfail", "a name and a number as auditctl -s prints them, found 'fail' ''"),
    ("enabled unknown\n", "a name and a number as auditctl -s prints them, found 'enabled' 'unknown'"),
    ("AUDIT_STATUS: enabled=1 flag\n", "a name and a number as auditctl -s prints them, found 'flag' ''"),
    (
        "You must be root to run this program.",
        "a name and a number as auditctl -s prints them, found 'You' 'must be root to run this program.'",
    ),
]


@pytest.mark.parametrize(("text", "said"), NO_STATUS, ids=[repr(case[0]) for case in NO_STATUS])
def test_what_is_no_status_is_an_error(text: str, said: str) -> None:
    with pytest.raises(NotAStatusError) as caught:
        parse_status(text)
    assert str(caught.value) == said


@pytest.mark.parametrize("digits", [5_000])
def test_a_number_of_any_length_is_an_error(digits: int) -> None:
    with pytest.raises(NotAStatusError):
        parse_status("enabled " + "9" * digits)

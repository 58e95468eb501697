"""Inputs of the language, changed byte by byte: each is read, or refused in the way that is promised."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditrules.audit.auditctl.parse import parse_rules_file
from auditrules.audit.auditctl.parse_listing import parse_listing
from auditrules.audit.auditctl.status import NotAStatusError, parse_status
from auditrules.audit.boot.auditd_conf import settings
from auditrules.audit.filesystem.mounts import early_points, mounted
from auditrules.audit.kernel.netlink import decode_status
from auditrules.audit.kernel.rule_data import decode, encode
from auditrules.audit.model.errors import NetlinkError
from tests.mutations import SOAK, refusals

COUNT = 100_000 if SOAK else 300

RULES = (
    b"-D\n-b 8192\n-w /usr/bin/dockerd -p rwxa -k docker\n-a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000 "
    b"-F auid!=unset -F key=perm_mod\n-a never,filesystem -F fstype=tracefs\n"
    b"-A exit,always -F dir=/etc -F perm=wa\n-e 2\n"
)
LISTING = (
    b"-w /usr/bin/dockerd -p rwxa -k docker\n-a always,exit -S all -F dir=/etc -F perm=wa -F key=etc\n"
    b"LIST_RULES: exit,always watch=/usr/bin/dockerd perm=rwxa key=docker\n-a never,task\n"
)
STATUS = b"enabled 1\nfailure 1\npid 812\nbacklog_limit 8192\nlost 0\nbacklog 4\nloginuid_immutable 0 unlocked\n"
MOUNTS = b"22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n30 22 0:26 / /srv/d\\303\\244ten rw - nfs4 h:/x rw\n"
CONF = b"log_file = /var/log/audit/audit.log\nmax_log_file = 8\nspace_left_action = email\n# a comment\n"


def _encoded() -> bytes:
    (line,) = parse_rules_file("-a always,exit -F arch=b64 -S execve -F path=/usr/bin/dockerd -F key=docker\n")
    assert line.rule is not None
    return encode(line.rule)


def _rules(content: bytes) -> None:
    assert len(parse_rules_file(content)) <= content.count(b"\n") + 1


KINDS: dict[str, tuple[bytes, Callable[[bytes], object], tuple[type[Exception], ...]]] = {
    "rules files": (RULES, _rules, ()),
    "listings": (LISTING, parse_listing, ()),
    "status texts": (
        STATUS,
        lambda content: parse_status(content.decode("utf-8", "surrogateescape")),
        (NotAStatusError,),
    ),
    "rules in netlink payloads": (_encoded(), decode, (NetlinkError,)),
    "statuses in netlink payloads": (bytes(range(44)), decode_status, (NetlinkError,)),
    "mountinfo": (MOUNTS, lambda content: mounted(content, frozenset()), ()),
    "fstab": (
        b"/dev/sda1 / ext4 rw,_netdev 0 1\n/dev/sdb /srv\\040x xfs defaults 0 0\n",
        lambda each: early_points(each, ()),
        (),
    ),
    "auditd.conf": (CONF, lambda content: [*settings(content)], ()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_changed_is_read_or_refused(kind: str) -> None:
    content, read, errors = KINDS[kind]
    assert refusals(kind, content, COUNT, read, *errors) < COUNT

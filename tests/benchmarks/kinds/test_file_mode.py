"""Modes, owners and groups of audit's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks.audit_files import AuditFiles, ListedPaths
from auditrules.benchmarks.fields import BenchmarkError
from auditrules.benchmarks.host_facts import HostFacts
from auditrules.benchmarks.requirement import Judged
from tests.fixtures.requirements import host, judge, outcome, requirement

TOOLS = ["/sbin/auditctl", "/sbin/auditd"]
DIR = Entry("dir", mode=0o755, uid=0, gid=0)
GROUPS = {"root": 0, "adm": 4, "users": 100}
LOGS = "/var/log/audit"


def entry(mode: int = 0o640, uid: int = 0, gid: int = 0, kind: str = "file") -> Entry:
    return Entry(kind, mode=mode, uid=uid, gid=gid)


def judged(
    asked: Mapping[str, Any],
    found: Mapping[str, Entry],
    *,
    files: AuditFiles = AuditFiles(),  # noqa: B008 - a value
    conf: bytes | None = None,
) -> Judged:
    seen = {"/": DIR}
    for path in found:
        folders = path.split("/")[1:-1]
        seen |= {"/" + "/".join(folders[: depth + 1]): DIR for depth in range(len(folders))}
    one = requirement("file_mode", **asked)
    return judge(one, host(facts=HostFacts(files=files), seen={**seen, **found}, groups=GROUPS, conf=conf))


def tools(mode: int) -> Judged:
    return judged({"paths": TOOLS, "mode_max": "0755"}, {path: entry(mode) for path in TOOLS})


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o740, 0o700, 0o555, 0o500, 0])
def test_a_stricter_mode_passes(mode: int) -> None:
    assert outcome(tools(mode)) == ("pass", "met")


@pytest.mark.parametrize("mode", [0o757, 0o775, 0o777, 0o4755, 0o2755, 0o1755])
def test_more_rights_fail(mode: int) -> None:
    assert outcome(tools(mode)) == ("fail", "mode_too_open")


@pytest.mark.parametrize(
    ("mode", "most", "change"),
    [
        (0o666, "0640", "g-w,o-rw"),
        (0o755, "0640", "u-x,g-x,o-rx"),
        (0o644, "0600", "g-r,o-r"),
        (0o6755, "0755", "u-s,g-s"),
        (0o1777, "755", "g-w,o-wt"),
    ],
)
def test_the_remedy_takes_away_and_gives_nothing(mode: int, most: str, change: str) -> None:
    found = judged({"paths": ["/etc/audit/audit.rules"], "mode_max": most}, {"/etc/audit/audit.rules": entry(mode)})
    assert found.remedy.text == f"Run `chmod {change} /etc/audit/audit.rules`."
    assert found.evidence == f"/etc/audit/audit.rules: mode {mode:04o}"


def test_files_with_the_same_fault_are_in_one_command() -> None:
    found = judged({"paths": TOOLS, "mode_max": "0755"}, {path: entry(0o777) for path in TOOLS})
    assert found.remedy.text == "Run `chmod g-w,o-w /sbin/auditctl /sbin/auditd`."


@pytest.mark.parametrize(
    ("asked", "found", "expected"),
    [
        ({"owner": ["root"]}, entry(uid=0), ("pass", "met")),
        ({"owner": ["root"]}, entry(uid=1000), ("fail", "wrong_owner")),
        ({"group": ["root"]}, entry(gid=0), ("pass", "met")),
        ({"group": ["root"]}, entry(gid=4), ("fail", "wrong_group")),
        ({"group": ["root", "adm"]}, entry(gid=4), ("pass", "met")),
        ({"group": ["root", "nobody"]}, entry(gid=100), ("fail", "wrong_group")),
        ({"group": ["root"], "log_group": True}, entry(gid=100), ("pass", "met")),
        ({"group": ["root"], "log_group": True}, entry(gid=4), ("fail", "wrong_group")),
        ({"owner": ["root"], "mode_max": "0640"}, entry(0o644, uid=0), ("fail", "mode_too_open")),
    ],
)
def test_owner_and_group(asked: dict[str, Any], found: Entry, expected: tuple[str, str]) -> None:
    path = "/etc/audit/auditd.conf"
    conf = b"space_left = 2\nadmin_space_left = 1\nlog_group = users\n"
    assert outcome(judged({"paths": [path], **asked}, {path: found}, conf=conf)) == expected


def test_links_are_followed_to_the_program() -> None:
    found = {"/usr/sbin/auditctl": entry(0o777), "/usr/sbin/auditd": entry(0o755), "/sbin": Entry("link", "usr/sbin")}
    told = judged({"paths": TOOLS, "mode_max": "0755"}, found)
    assert told.evidence == "/usr/sbin/auditctl: mode 0777"


def test_programs_that_are_not_there_are_told() -> None:
    found = judged({"paths": TOOLS, "mode_max": "0755"}, {TOOLS[0]: entry(0o755), TOOLS[1]: Entry("missing")})
    assert (outcome(found), found.evidence) == (
        ("pass", "met"),
        "/sbin/auditctl: mode 0755 or stricter; not there: /sbin/auditd",
    )


def test_without_any_it_does_not_apply() -> None:
    found = judged({"paths": TOOLS, "mode_max": "0755"}, dict.fromkeys(TOOLS, Entry("missing")))
    assert outcome(found) == ("not_applicable", "no_file")


def test_what_could_not_be_looked_at_is_unknown() -> None:
    found = judged({"paths": TOOLS, "mode_max": "0755"}, {TOOLS[0]: entry(0o755)})
    assert (outcome(found), found.evidence) == (("unknown", "unreadable"), "could not be looked at: /sbin/auditd")


def test_one_that_is_seen_to_be_wrong_fails_whatever_others_are() -> None:
    found = judged({"paths": TOOLS, "mode_max": "0755"}, {TOOLS[0]: entry(0o777)})
    assert outcome(found) == ("fail", "mode_too_open")


def log_files(found: Mapping[str, Entry], error: str = "") -> Judged:
    files = AuditFiles(f"{LOGS}/audit.log", ListedPaths(tuple(found), error))
    return judged({"of": "log_files", "paths": [LOGS], "mode_max": "0640"}, found, files=files)


def test_the_worst_log_is_named_first_and_not_too_many() -> None:
    found = {f"{LOGS}/audit.log.{number}": entry(0o644) for number in range(9)}
    found[f"{LOGS}/x"] = entry(0o642)
    told = log_files(found)
    assert told.evidence.startswith(f"{LOGS}/audit.log.0: mode 0644; ")
    assert told.evidence.endswith("; and 5 more")
    assert told.remedy.text.endswith(" So with 5 more.")


def test_only_regular_files_beside_the_log_count() -> None:
    found = {
        f"{LOGS}/audit.log": entry(0o600),
        f"{LOGS}/old": entry(0o755, kind="dir"),
        f"{LOGS}/link": Entry("link", "/etc/passwd", mode=0o777, uid=0, gid=0),
    }
    assert outcome(log_files(found)) == ("pass", "met")


def test_a_folder_of_logs_that_can_not_be_listed_is_unknown() -> None:
    told = log_files({}, f"{LOGS}: Permission denied")
    assert (outcome(told), told.evidence) == (("unknown", "unreadable"), f"{LOGS}: Permission denied")


def test_no_logs_yet() -> None:
    assert outcome(log_files({})) == ("not_applicable", "no_file")


def test_the_folder_of_logs_is_that_of_auditd_conf() -> None:
    found = judged(
        {"of": "log_directory", "paths": [LOGS], "mode_max": "0750"},
        {"/srv/audit": entry(0o755, kind="dir")},
        files=AuditFiles("/srv/audit/a.log"),
    )
    assert (outcome(found), found.evidence, found.origin) == (
        ("fail", "mode_too_open"),
        "/srv/audit: mode 0755",
        "auditd.conf",
    )


def test_an_unknown_folder_of_logs_is_unknown() -> None:
    found = judged({"of": "log_directory", "paths": [LOGS], "mode_max": "0750"}, {})
    assert outcome(found) == ("unknown", "unreadable")


def test_configuration_is_what_ends_so_below_etc_audit() -> None:
    paths = {
        "/etc/audit/auditd.conf": entry(0o640),
        "/etc/audit/plugins.d/af_unix.conf": entry(0o660),
        "/etc/audit/rules.d/a.rules": entry(0o600),
        "/etc/audit/rules.d/a.rules.old": entry(0o666),
    }
    files = AuditFiles(configuration=ListedPaths(tuple(paths)))
    found = judged({"of": "configuration_files", "paths": ["/etc/audit"], "mode_max": "0640"}, paths, files=files)
    assert found.evidence == "/etc/audit/plugins.d/af_unix.conf: mode 0660"


def test_a_star_is_what_was_listed() -> None:
    listed = ("/etc/audit/rules.d/a.rules", "/etc/audit/rules.d/.b.rules", "/etc/audit/rules.d/c/d.rules")
    files = AuditFiles(
        configuration=ListedPaths(listed), programs=ListedPaths(("/sbin/audispd", "/sbin/audispd-x", "/sbin/auditctl"))
    )
    one = requirement("file_mode", paths=["/etc/audit/rules.d/*.rules", "/sbin/audispd*"], mode_max="0640")
    assert [*one.paths(HostFacts(files=files))] == [listed[0], "/sbin/audispd", "/sbin/audispd-x"]


def test_owners_of_a_copy_say_nothing() -> None:
    path = "/etc/audit/auditd.conf"
    files = AuditFiles(owners=False)
    unknown = judged({"paths": [path], "owner": ["root"]}, {path: entry(uid=1000)}, files=files)
    assert outcome(unknown) == ("unknown", "copied")
    assert outcome(judged({"paths": [path], "mode_max": "0640"}, {path: entry()}, files=files)) == ("pass", "met")


def test_a_hostile_name_is_escaped_and_quoted() -> None:
    path = f"{LOGS}/a\n$(id)\x1b"
    told = log_files({path: entry(0o666)})
    assert told.evidence == f"{LOGS}/a\\x0a$(id)\\x1b: mode 0666"
    assert told.remedy.text == f"Run `chmod g-w,o-rw '{LOGS}/a\\x0a$(id)\\x1b'`."


@pytest.mark.parametrize("source", ["kernel", "boot"])
def test_a_boot_changes_nothing(source: str) -> None:
    one = requirement("file_mode", paths=TOOLS, mode_max="0755")
    on = host(facts=HostFacts(files=AuditFiles()), seen={"/": DIR, "/sbin": Entry("missing")})
    assert replace(judge(one, on, source), source="") == replace(judge(one, on), source="")


@pytest.mark.parametrize(
    "fields",
    [
        {"paths": TOOLS},
        {"paths": TOOLS, "mode_max": "rwx"},
        {"paths": TOOLS, "mode_max": "0888"},
        {"paths": TOOLS, "mode_max": 640},
        {"paths": ["sbin/auditctl"], "mode_max": "0755"},
        {"paths": ["/etc/*/x"], "mode_max": "0755"},
        {"paths": ["/etc/*"], "mode_max": "0755"},
        {"paths": TOOLS, "of": "tools", "mode_max": "0755"},
    ],
)
def test_what_no_requirement_is(fields: dict[str, Any]) -> None:
    with pytest.raises(BenchmarkError):
        requirement("file_mode", **fields)


NO_SBIN = {"/sbin": Entry("missing")}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(0o755, ("pass", "met")), (0o777, ("fail", "mode_too_open")), (None, ("unknown", "unreadable"))],
)
def test_tools_that_are_in_usr_sbin_alone_are_judged_there(mode: int | None, expected: tuple[str, str]) -> None:
    tool = {"/usr/sbin/auditctl": replace(entry(), mode=mode)}
    found = judged({"paths": ["/sbin/auditctl"], "mode_max": "0755"}, {**tool, **NO_SBIN})
    assert outcome(found) == expected
    assert "/usr/sbin/auditctl" in found.evidence


def test_tools_that_are_in_sbin_alone_are_judged_there() -> None:
    there = {"/sbin/auditctl": entry(0o777), "/usr/sbin/auditctl": Entry("missing")}
    assert outcome(judged({"paths": ["/usr/sbin/auditctl"], "mode_max": "0755"}, there)) == ("fail", "mode_too_open")


def test_a_star_is_for_the_folder_that_has_the_tools() -> None:
    files = AuditFiles(programs=ListedPaths(("/usr/sbin/auditctl",)))
    found = judged({"paths": ["/sbin/au*"], "mode_max": "0755"}, {"/usr/sbin/auditctl": entry(0o777)}, files=files)
    assert outcome(found) == ("fail", "mode_too_open")


def test_both_places_of_a_tool_are_looked_at() -> None:
    one = requirement("file_mode", paths=["/sbin/auditd", "/etc/audit/audit.rules"], mode_max="0755")
    assert set(one.paths(HostFacts())) == {"/sbin/auditd", "/usr/sbin/auditd", "/etc/audit/audit.rules"}

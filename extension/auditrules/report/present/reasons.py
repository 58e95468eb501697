"""Explains the reasons of verdicts: those of the tables, and those of the report itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "covered": "every permission is recorded",
        "no_rule": "no rule records it",
        "permissions_missing": "a rule is on the path, for other permissions or calls only",
        "conditional": "some calls, or some subjects, are left out",
        "suppressed": "a never rule comes first",
        "task_never": "a never rule of the task list keeps processes from being audited at all",
        "excluded": "the exclude list drops the record",
        "filesystem_never": "the filesystem list keeps the kernel from seeing the path",
        "disabled": "auditing is off",
        "symlink": "the rule watches a symbolic link, not where it leads",
        "not_recursive": "the rule watches the directory's own name, not what is below it",
        "left_out": "the directory is recorded, but not everything below it",
        "not_loaded_at_boot": "the next boot loads no rule that records it",
        "mounted_after_load": "a file system may have been mounted or unmounted after the rules were loaded",
        "replaced": "what a rule is on was made anew after the rules were loaded, or two rules disagree on a file",
        "interpreter": "it depends on what the program is run by",
        "label": "it depends on a label of a security module",
        "kernel_release": "the kernel's release does not say whether it counts the system call for a letter",
        "too_many_conditions": "the rules tell apart more cases than are tried",
        "remote_filesystem": "the path is on a file system that may hang, so it is not looked at",
        "unreadable": "rules, path or status could not be read",
        "bad_path": "the target is no absolute path of fewer than 4096 bytes",
        "not_installed": "what it is about is not installed",
        "absent": "nothing is there that it is about",
        "present": "a rule is there that must not be",
        "met": "it is as it must be",
        "wrong_value": "another value is set",
        "not_set": "nothing sets it, and the default does not do",
        "refused": "auditd refuses its configuration",
        "no_file": "the file is not there",
        "size_unknown": "a percentage is asked for, and the size of the file system is not known",
        "version_unknown": "only some versions of auditd take the value",
        "no_unit": "there is no such unit",
        "masked": "the unit is masked",
        "not_enabled": "the unit is not enabled",
        "not_started": "the next boot does not start it",
        "not_running": "it does not run",
        "mode_too_open": "a file has more rights than it may have",
        "wrong_owner": "a file belongs to another user",
        "wrong_group": "a file belongs to another group",
        "copied": "whose the files of an unpacked copy are says nothing",
        "not_separate": "the path is no file system of its own",
        "option_missing": "the mount lacks an option",
        "not_selected": "AIDE does not check it",
        "attributes_missing": "AIDE checks it for less",
        "unclear": "the files do not tell",
        "same": "kernel and files have the same rules",
        "differs": "kernel and files have different rules",
        "no_such_call": "no kernel of this machine has the call",
        "no_programs": "there is no setuid, setgid or file-capability program",
        "inventory_running": "the search for privileged programs goes on",
        "inventory_limit": "the search for privileged programs ended at one of its limits",
        "inventory_unreadable": "the search for privileged programs could not look everywhere",
        "uid_min_unknown": "login.defs does not say from which number on users log in",
        "other_system": "the benchmark is for another system",
        "system_unknown": "which system it is is not known",
        "switched_off": "the site switched the control off",
        "not_judged": "the requirement could not be judged, and evidence names the error",
        "stale": "the last result has expired",
        "missing": "the inventory names the host, and no log does",
        "query_failed": "the query failed after the last result",
        "extension_missing": "the extension is not loaded",
        "no_rows": "the query never returned a row",
        "gone": "the query runs, and no longer reports it",
        "clock_wrong": "the clock of the host is wrong",
        "too_many_targets": "the host names more targets of the control than have a verdict each",
        "unknown_status": "the row has a status that this version does not know",
    }
)

LOOK_AT: Mapping[str, str] = MappingProxyType(
    {
        "stale": "Is the host up, does osqueryd run there, and do its logs still arrive?",
        "missing": "Is osquery installed there, and does it log to where this report reads?",
        "query_failed": 'Run auditrules doctor there: "no such table" means that the extension is not loaded.',
        "extension_missing": "Run auditrules doctor there.",
        "no_rows": "Is the pack older than the control, or does its discovery query not hold there?",
        "gone": "Was the control taken out of the pack, or is the target gone?",
        "clock_wrong": "Set the host's clock.",
        "too_many_targets": "Look at the query: should each of its rows be a target?",
        "unknown_status": "The pack is newer than this program: update it.",
        "unreadable": "The evidence of each host says what could not be read, and why.",
    }
)
"""What to look at if a verdict is unknown, by its reason."""


def look_at(reason: str) -> str:
    """Say what to look at if a verdict is unknown for this reason."""
    return LOOK_AT.get(reason, "The evidence of each host says what is not known, and why.")


def reason_text(reason: str) -> str:
    """Explain a reason; empty: it is not one of ours."""
    return REASONS.get(reason, "")

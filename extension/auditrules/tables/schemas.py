"""The tables as they are declared. Columns are an interface: they are added, never renamed."""

from __future__ import annotations

from auditrules.plugin.schema import Column, Example, Option, Schema, Type

_TEXT, _BIGINT = Type.TEXT, Type.BIGINT

AUDIT_RULES = Schema(
    "audit_rules",
    "Audit rules: those loaded in the kernel, and every line of the rules files.",
    (
        Column("source", _TEXT, "Where the rule stands: kernel, rules.d or audit.rules"),
        Column("source_path", _TEXT, "The rules file; empty for the kernel"),
        Column("line", _BIGINT, "Line in the file, from 1, as auditctl counts them; empty for the kernel"),
        Column("position", _BIGINT, "Order of evaluation in its source, from 1; in the kernel the first match wins"),
        Column(
            "type",
            _TEXT,
            "watch (a path and permissions, recorded always), syscall (any other rule), control (-D, -e, -b, a "
            "deletion …), invalid (a line that auditctl refuses) or unreadable (the source itself; see error)",
        ),
        Column("action", _TEXT, "always or never"),
        Column("list", _TEXT, "exit, task, user, exclude, filesystem or io_uring"),
        Column("path", _TEXT, "Path that the rule watches, as it was given"),
        Column("path_type", _TEXT, "file (one name) or dir (all below it); empty where the source does not say"),
        Column("permissions", _TEXT, "Letters in the order rwxa; empty: no perm field, which matches more than rwxa"),
        Column("arch", _TEXT, "b64, b32 or another machine; empty: every one"),
        Column("syscalls", _TEXT, "Comma-separated names, or all"),
        Column("fields", _TEXT, "Comma-separated further comparisons, such as auid>=1000; all must hold"),
        Column("keys", _TEXT, "Comma-separated keys"),
        Column("rule", _TEXT, "Normal form: equal text for equal rules, whatever the source or spelling"),
        Column("text", _TEXT, "The line as it was found; of a kernel rule, the line of auditctl -l"),
        Column(
            "state",
            _TEXT,
            "Of a file's line: loaded, missing (not in the kernel), rejected (auditctl or the kernel refuses it), "
            "unreached (the load stops before it), deleted (a later line deletes it), overridden (a later line sets "
            "another value) or unknown; of a kernel rule: persistent (boot loads it again), runtime or unknown; empty: "
            "nothing to look for",
        ),
        Column("error", _TEXT, "Why the line is no rule or would not be loaded, or why the source can't be read"),
    ),
    (
        Example(
            "Which rules watch the Docker daemon, in the kernel and in the files?",
            "SELECT source, action, permissions, keys, rule FROM audit_rules WHERE path = '/usr/bin/dockerd'",
        ),
        Example(
            "Which lines of the rules files would auditctl refuse, and why?",
            "SELECT source_path, line, text, error FROM audit_rules WHERE error != '' AND source != 'kernel'",
        ),
        Example(
            "Which rules carry the key docker?",
            "SELECT source, rule FROM audit_rules WHERE ',' || keys || ',' LIKE '%,docker,%'",
        ),
    ),
    notes="An empty answer means that there are no rules. A source that can't be read is a row of type unreadable.",
)

AUDIT_STATUS = Schema(
    "audit_status",
    "State of auditing on this host: always one row.",
    (
        Column(
            "state",
            _TEXT,
            "ok, no_rules, disabled, no_permission, auditctl_missing, timed_out, no_kernel_audit, foreign_namespace or "
            "broken_reply; empty: the kernel was not asked",
        ),
        Column("error", _TEXT, "What went wrong, in words"),
        Column("reader", _TEXT, "How the kernel was read: netlink (exact), auditctl, listing (a saved one) or none"),
        Column("enabled", _BIGINT, "0 off, 1 on, 2 on and locked until the next boot"),
        Column("immutable", _BIGINT, "1 if the rules are locked until the next boot, else 0"),
        Column("failure", _BIGINT, "What the kernel does when it loses a record: 0 nothing, 1 logs, 2 panics"),
        Column("pid", _BIGINT, "Process that owns the audit stream; 0: none"),
        Column("consumer", _TEXT, "Name of that process: auditd, osqueryd …"),
        Column("rate_limit", _BIGINT, "Most records a second; 0: no limit"),
        Column("backlog_limit", _BIGINT, "Most records that wait; 0: no limit"),
        Column("backlog", _BIGINT, "Records that wait now"),
        Column("lost", _BIGINT, "Records lost since the counter was reset"),
        Column("backlog_wait_time", _BIGINT, "How long a process waits when the backlog is full, in jiffies"),
        Column("loginuid_immutable", _BIGINT, "1 if a login uid, once set, can't be changed, else 0"),
        Column("kernel_rules", _BIGINT, "Rules loaded in the kernel; empty where they are not known"),
        Column("task_never", _BIGINT, "1 if a never rule of the task list keeps processes from being audited, else 0"),
        Column("boot_audit", _TEXT, "Value of audit= on the kernel's command line; empty: not given"),
        Column("boot_loader", _TEXT, "What loads the rules at boot: augenrules, auditctl, none or unknown"),
        Column(
            "boot_error",
            _TEXT,
            "What keeps boot from loading the rules of the files, or why that can't be told; empty: nothing",
        ),
        Column(
            "augenrules_stale",
            _BIGINT,
            "1 if audit.rules is not what augenrules would make of rules.d now, else 0; empty: there is no rules.d, or "
            "it can't be told",
        ),
        Column("auditctl_version", _TEXT, "Version of the auditctl that is installed; empty: not known"),
    ),
    (
        Example("Is this host auditing, and does anyone listen?", "SELECT state, enabled, consumer FROM audit_status"),
        Example(
            "Did the kernel lose records?",
            "SELECT lost, backlog, backlog_limit FROM audit_status WHERE lost > 0",
        ),
    ),
)

AUDIT_COVERAGE = Schema(
    "audit_coverage",
    "What the kernel records of accesses to a path: now, and after the next boot. Two rows for each path asked for.",
    (
        Column(
            "path",
            _TEXT,
            "Absolute path, as asked for with = or IN; a directory stands for itself and all below it on its file "
            "system, a symbolic link for its target",
            Option.INDEX | Option.REQUIRED,
        ),
        Column("source", _TEXT, "kernel (now) or boot (after the next boot)", Option.INDEX),
        Column("recorded", _TEXT, "Letters of rwxa whose accesses are recorded, whoever makes them"),
        Column("conditional", _TEXT, "Letters of which some accesses, or those of some subjects, are not recorded"),
        Column("unrecorded", _TEXT, "Letters that are not recorded"),
        Column("unknown", _TEXT, "Letters of which it can't be told"),
        Column("rules", _TEXT, "The rules that decide, in normal form, one a line, in the order of evaluation"),
        Column("keys", _TEXT, "Comma-separated keys of the rules that record"),
        Column(
            "conditions",
            _TEXT,
            "Comma-separated: what is not recorded although the letter is, or is for some, such as auid>=1000 only, "
            "not: execveat, not: 32-bit calls, except /var/lib/docker/overlay2",
        ),
        Column(
            "reason", _TEXT, "Why, in a word: the most telling one of all letters that are not recorded; else covered"
        ),
        Column("resolved_path", _TEXT, "Where the path leads, links followed"),
        Column(
            "path_exists", _BIGINT, "1 if something is there, else 0, and the file is judged that would be made there"
        ),
        Column("evidence", _TEXT, "The rules that decide, or come closest, and the files that they stand in"),
        Column("evidence_lines", _TEXT, "The same with line numbers"),
    ),
    (
        Example(
            "Is every execution, write and attribute change of the Docker daemon recorded, for everybody?",
            "SELECT source, recorded LIKE '%wxa', reason FROM audit_coverage WHERE path = '/usr/bin/dockerd'",
        ),
        Example(
            "Which rules record what is done to these files now, and who escapes them?",
            "SELECT path, recorded, conditional, conditions, rules FROM audit_coverage "
            "WHERE path IN ('/usr/bin/dockerd', '/etc/docker') AND source = 'kernel'",
        ),
    ),
    notes="A path is required, with = or IN. In a join, what else is compared with it stands behind a plus: +path LIKE "
    "'/usr/%'. What can't be read or told is a letter in unknown, never an empty answer.",
)

AUDITD_SETTINGS = Schema(
    "auditd_settings",
    "Settings of the audit daemon, from /etc/audit/auditd.conf.",
    (
        Column("name", _TEXT, "Name of the setting; empty for a line that is none"),
        Column("value", _TEXT, "Its value; for a line that is no setting, the line"),
        Column("source_path", _TEXT, "The file"),
        Column("line", _BIGINT, "Line in the file, from 1"),
        Column("error", _TEXT, "Why auditd refuses the line, or why the file can't be read"),
    ),
    (
        Example(
            "What happens when the audit log or its disk is full?",
            "SELECT name, value FROM auditd_settings WHERE name IN "
            "('max_log_file_action', 'space_left_action', 'disk_full_action')",
        ),
    ),
    notes="An empty answer means that there is no such file.",
)

AUDIT_TARGETS = Schema(
    "audit_targets",
    "What the benchmarks want audited on this host: the paths of each control.",
    (
        Column("benchmark", _TEXT, "Name of the benchmark"),
        Column("version", _TEXT, "Its version, such as 1.2.0"),
        Column("control", _TEXT, "Number of the control, such as 1.2.3"),
        Column("title", _TEXT, "What the control wants, in our own words"),
        Column("level", _TEXT, "Level of the profile that the control belongs to"),
        Column(
            "path", _TEXT, "What is to be audited; empty: there is a target, and error says why it is not known where"
        ),
        Column(
            "origin",
            _TEXT,
            "How it is known: benchmark (its own path, or another usual place), process (what runs as root outside of "
            "containers), unit (the file systemd takes) or daemon.json (its data-root)",
        ),
        Column("kind", _TEXT, "executable, file, directory or socket"),
        Column("required", _TEXT, "Letters out of rwxa, each of which is to be recorded"),
        Column("applicable", _BIGINT, "1 if the control asks for this path on this host, or that is not known, else 0"),
        Column(
            "reason",
            _TEXT,
            "Why rules alone don't decide: not_installed (no Docker daemon here), absent (nothing at the path, and "
            "nothing is wanted then) or unreadable (see error); empty: they do",
        ),
        Column("error", _TEXT, "Why the target is not known"),
        Column(
            "remediation", _TEXT, "What to do where the path is not audited: the line for a rules file, and its load"
        ),
    ),
    (
        Example(
            "What is to be audited on this host by CIS Docker 1.2.0?",
            "SELECT control, path, required FROM audit_targets WHERE version = '1.2.0'",
        ),
        Example(
            "Where does what the benchmark names stand on this host?",
            "SELECT DISTINCT control, path, origin, applicable FROM audit_targets WHERE version = '1.8.0'",
        ),
    ),
    notes="Every control has at least one row: the benchmark's own path.",
)

SCHEMAS = (AUDIT_RULES, AUDIT_STATUS, AUDIT_COVERAGE, AUDITD_SETTINGS, AUDIT_TARGETS)

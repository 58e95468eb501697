"""The tables as they are declared. Columns are an interface: they are added, never renamed."""

from __future__ import annotations

from auditrules.plugin.schema import Column, ColumnOption, ColumnType, Example, Schema

_TEXT, _BIGINT = ColumnType.TEXT, ColumnType.BIGINT

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
        Column(
            "kernel_release",
            _TEXT,
            "Release of the kernel, which decides what some system calls count as; of an image, the newest that has "
            "modules there; empty: not known",
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
            ColumnOption.INDEX | ColumnOption.REQUIRED,
        ),
        Column("source", _TEXT, "kernel (now) or boot (after the next boot)", ColumnOption.INDEX),
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
            "except execveat, except 32-bit calls, except /var/lib/docker/overlay2",
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
    notes="A path is required, with = or IN. In a JOIN this table comes last, and what else is compared with the path "
    "stands behind a plus: +path LIKE '/usr/%'. What can't be read or told is a letter in unknown, never an empty "
    "answer.",
)

AUDIT_SYSCALLS = Schema(
    "audit_syscalls",
    "For whom a system call leaves a record, whatever it is called on: now, and after the next boot. Two rows for each "
    "call asked for and each arch of the machine.",
    (
        Column(
            "syscall",
            _TEXT,
            "Name of the system call, as asked for with = or IN",
            ColumnOption.INDEX | ColumnOption.REQUIRED,
        ),
        Column("arch", _TEXT, "b64 or b32: those of which the machine runs programs", ColumnOption.INDEX),
        Column("source", _TEXT, "kernel (now) or boot (after the next boot)", ColumnOption.INDEX),
        Column(
            "recorded_for",
            _TEXT,
            "Whose calls are recorded on any file that no rule names: everybody, login_users (auid is set and at least "
            "UID_MIN of login.defs, 1000 where that is not known), some, nobody, unknown; no_such_call where the "
            "machine or its kernel has no such call",
        ),
        Column(
            "conditions",
            _TEXT,
            "Comma-separated: which calls are recorded, or escape, such as auid>=1000 only, exit=-EACCES only, "
            "dir=/etc only, except dir=/srv",
        ),
        Column("rules", _TEXT, "The rules that decide, in normal form, one a line, in the order of evaluation"),
        Column("keys", _TEXT, "Comma-separated keys of the rules that record"),
        Column(
            "reason",
            _TEXT,
            "Why, in a word, as in audit_coverage; no_such_call, or unknown_call where no machine has such a call",
        ),
        Column("evidence", _TEXT, "The rules that decide, and the files that they stand in"),
        Column("evidence_lines", _TEXT, "The same with line numbers"),
    ),
    (
        Example(
            "Are changes of mode recorded, at least those by login users, by programs of both arches?",
            "SELECT syscall, arch, recorded_for, conditions FROM audit_syscalls "
            "WHERE syscall IN ('chmod', 'fchmod', 'fchmodat') AND source = 'kernel'",
        ),
        Example(
            "Which of these calls leave no record of everybody's, and why?",
            "SELECT syscall, arch, source, recorded_for, reason, evidence FROM audit_syscalls "
            "WHERE syscall IN ('execve', 'mount', 'unlink') AND recorded_for != 'everybody'",
        ),
    ),
    notes="A system call is required, with = or IN. A name that no machine knows gives rows with reason unknown_call, "
    "never an empty answer.",
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

AUDIT_CONTROLS = Schema(
    "audit_controls",
    "The catalogue of controls on auditing: one row for each control of each version of each benchmark.",
    (
        Column("benchmark", _TEXT, "Name of the benchmark", ColumnOption.INDEX),
        Column("version", _TEXT, "Its version, such as 1.2.0", ColumnOption.INDEX),
        Column("control", _TEXT, "Number of the control, such as 1.2.3", ColumnOption.INDEX),
        Column("title", _TEXT, "What the control asks for, in our own words"),
        Column("level", _TEXT, "Level of the profile that the control belongs to"),
        Column("assessment", _TEXT, "How the benchmark assesses it: scored, automated or manual"),
        Column("family", _TEXT, "What the control is about, such as docker"),
        Column("systems", _TEXT, "Comma-separated ids of os-release that the benchmark is for; empty: any Linux"),
        Column("description", _TEXT, "What is to be recorded, in our own words"),
        Column("rationale", _TEXT, "Why that matters"),
        Column("impact", _TEXT, "What it costs, and what else to set up"),
        Column("default_value", _TEXT, "What holds on a host that nobody configured"),
        Column(
            "mappings",
            _TEXT,
            "Comma-separated: controls of other frameworks, as the benchmark gives them, such as CIS Controls: 6.3",
        ),
        Column("links", _TEXT, "Pages on the subject, one a line"),
        Column("notes", _TEXT, "Where sources that retell the benchmark disagree, one a line"),
        Column("newest", _BIGINT, "1 for the newest version carried of its benchmark, else 0"),
        Column("source_path", _TEXT, "File that the control was read from; empty: it ships with the extension"),
        Column("error", _TEXT, "Why a file of benchmarks was left out"),
    ),
    (
        Example(
            "Which controls does the newest CIS Docker Benchmark have, and why?",
            "SELECT control, title, rationale FROM audit_controls "
            "WHERE benchmark = 'CIS Docker Benchmark' AND newest = 1",
        ),
        Example(
            "Where do the sources of a control disagree?",
            "SELECT version, control, notes FROM audit_controls WHERE notes != ''",
        ),
    ),
)

_NARROWS = "give it with = or IN to have only that judged"

AUDIT_VERDICTS = Schema(
    "audit_verdicts",
    "What each control says of this host: exactly one row for each control that is asked for.",
    (
        Column("benchmark", _TEXT, f"Name of the benchmark; {_NARROWS}", ColumnOption.INDEX),
        Column("version", _TEXT, f"Its version, such as 1.2.0; {_NARROWS}", ColumnOption.INDEX),
        Column("control", _TEXT, f"Number of the control, such as 1.2.3; {_NARROWS}", ColumnOption.INDEX),
        Column("title", _TEXT, "What the control asks for, in our own words"),
        Column("level", _TEXT, "Level of the profile that the control belongs to"),
        Column("applies", _BIGINT, "1 if the benchmark is for this system, else 0"),
        Column("newest", _BIGINT, "1 for the newest version carried of its benchmark, else 0"),
        Column("target", _TEXT, "What decided, such as the path that is not audited"),
        Column("status", _TEXT, "fail, unknown, pass or not_applicable"),
        Column(
            "reason",
            _TEXT,
            "Why, as a word: a reason of audit_coverage, not_installed (no Docker daemon here), absent (nothing "
            "there, so the control does not apply), other_system (the benchmark is for another one: nothing of it was "
            "looked at), system_unknown, or a word of what the control requires, such as wrong_value",
        ),
        Column("evidence", _TEXT, "What the verdict rests on: rules, and the files that they stand in"),
        Column("evidence_lines", _TEXT, "The same with line numbers"),
        Column("remediation", _TEXT, "What to do on this host; empty if there is nothing to do"),
        Column("next_boot", _TEXT, "The status after the next boot"),
        Column(
            "grep_verdict",
            _TEXT,
            "What the benchmark's own auditctl -l | grep would say: pass, fail or unknown; empty: it has no such check",
        ),
    ),
    (
        Example(
            "Which controls fail on this host, and what is to be done?",
            "SELECT control, title, status, reason, remediation FROM audit_verdicts "
            "WHERE applies = 1 AND newest = 1 AND status IN ('fail', 'unknown')",
        ),
        Example(
            "Does the host audit its Docker daemon, as CIS Docker Benchmark 1.2.0, 1.2.3 asks?",
            "SELECT status, reason, evidence, next_boot, grep_verdict FROM audit_verdicts "
            "WHERE benchmark = 'CIS Docker Benchmark' AND version = '1.2.0' AND control = '1.2.3'",
        ),
        Example(
            "What will change at the next boot?",
            "SELECT control, title, status, next_boot FROM audit_verdicts WHERE newest = 1 AND status != next_boot",
        ),
    ),
    notes="unknown is neither pass nor fail: the host could not be read, and reason and evidence say why.",
)

AUDIT_REQUIREMENTS = Schema(
    "audit_requirements",
    "What each control comes down to on this host: one row for each requirement, now and after the next boot.",
    (
        Column("benchmark", _TEXT, f"Name of the benchmark; {_NARROWS}"),
        Column("version", _TEXT, f"Its version, such as 1.2.0; {_NARROWS}"),
        Column("control", _TEXT, f"Number of the control, such as 1.2.3; {_NARROWS}"),
        Column("source", _TEXT, "kernel (now) or boot (after the next boot)"),
        Column(
            "kind",
            _TEXT,
            "What is required: path, syscall, privileged_command, setting, boot_option, service, package, rule_option, "
            "file_mode, mount, integrity, drift or absent_rule",
        ),
        Column(
            "subject",
            _TEXT,
            "What it is about: a path, system calls, an option; empty: evidence says why it is not known where",
        ),
        Column(
            "required",
            _TEXT,
            "What is wanted of it: letters out of rwxa, each of which is to be recorded, a value, a mode",
        ),
        Column(
            "who",
            _TEXT,
            "Whose accesses are to be recorded: everybody or login users; empty where it is about no access",
        ),
        Column(
            "origin",
            _TEXT,
            "How it is known: benchmark (its own path, or another usual place), process (what runs as root outside of "
            "containers), unit (the file systemd takes) or daemon.json (its data-root)",
        ),
        Column("status", _TEXT, "fail, unknown, pass or not_applicable"),
        Column("reason", _TEXT, "Why, as a word: those of audit_verdicts"),
        Column("missing", _TEXT, "What keeps it from passing: of a path, the letters that are not always recorded"),
        Column("evidence", _TEXT, "The rules that decide, or why it is not known"),
        Column("remediation", _TEXT, "What to do on this host; empty if there is nothing to do"),
    ),
    (
        Example(
            "What is missing on this host for CIS Docker 1.2.0?",
            "SELECT control, subject, missing, remediation FROM audit_requirements "
            "WHERE version = '1.2.0' AND source = 'kernel' AND status = 'fail'",
        ),
        Example(
            "Where does what the benchmark names stand on this host?",
            "SELECT DISTINCT control, subject, origin, status FROM audit_requirements WHERE version = '1.8.0'",
        ),
    ),
    notes="Every control of a benchmark that is for this system has at least two rows, one for each source; others "
    "have none, and audit_verdicts says so.",
)

SCHEMAS = (
    AUDIT_RULES,
    AUDIT_STATUS,
    AUDIT_COVERAGE,
    AUDIT_SYSCALLS,
    AUDITD_SETTINGS,
    AUDIT_CONTROLS,
    AUDIT_VERDICTS,
    AUDIT_REQUIREMENTS,
)

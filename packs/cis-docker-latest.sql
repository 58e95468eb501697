WITH
controls(control, title, level, own) AS (VALUES ('1.1.3', 'Auditing for the Docker daemon executable is configured', '1', '/usr/bin/dockerd'), ('1.1.4', 'Auditing for /run/containerd is configured', '1', '/run/containerd'), ('1.1.5', 'Auditing for /var/lib/docker is configured', '1', '/var/lib/docker'), ('1.1.6', 'Auditing for /etc/docker is configured', '1', '/etc/docker'), ('1.1.7', 'Auditing for the unit file docker.service is configured', '2', '/usr/lib/systemd/system/docker.service'), ('1.1.8', 'Auditing for /run/containerd/containerd.sock is configured', '2', '/run/containerd/containerd.sock'), ('1.1.9', 'Auditing for /var/run/docker.sock is configured', '2', '/var/run/docker.sock'), ('1.1.10', 'Auditing for /etc/default/docker is configured', '2', '/etc/default/docker'), ('1.1.11', 'Auditing for /etc/docker/daemon.json is configured', '2', '/etc/docker/daemon.json'), ('1.1.12', 'Auditing for /etc/containerd/config.toml is configured', '2', '/etc/containerd/config.toml'), ('1.1.13', 'Auditing for /etc/sysconfig/docker is configured', '2', '/etc/sysconfig/docker'), ('1.1.14', 'Auditing for the containerd executable is configured', '2', '/usr/bin/containerd'), ('1.1.15', 'Auditing for the containerd-shim executable is configured', '2', '/usr/bin/containerd-shim'), ('1.1.16', 'Auditing for the containerd-shim-runc-v1 executable is configured', '2', '/usr/bin/containerd-shim-runc-v1'), ('1.1.17', 'Auditing for the containerd-shim-runc-v2 executable is configured', '2', '/usr/bin/containerd-shim-runc-v2'), ('1.1.18', 'Auditing for the runc executable is configured', '2', '/usr/bin/runc')),
status AS MATERIALIZED (
  SELECT state, error FROM audit_status
),
targets AS MATERIALIZED (
  SELECT control, controls.title, controls.level, controls.own, path, required, applicable, reason, error, remediation FROM audit_targets CROSS JOIN controls USING (control)
  WHERE benchmark = 'CIS Docker Benchmark' AND version = '1.8.0'
),
coverage AS MATERIALIZED (
  SELECT path, source, recorded, conditional, unrecorded, unknown, conditions, reason, evidence AS rules
  FROM audit_coverage WHERE path IN (SELECT path FROM targets WHERE path != '')
),
sources(source) AS (VALUES ('kernel'), ('boot')),
letters(letter) AS (VALUES ('r'), ('w'), ('x'), ('a')),
judged AS MATERIALIZED (
  SELECT
    sources.source, targets.control, targets.title, targets.level, targets.own, targets.path, targets.required, targets.remediation, targets.error,
    coverage.recorded, coverage.conditional, coverage.unrecorded, coverage.unknown, coverage.conditions,
    coverage.rules,
    CASE
      WHEN targets.reason != '' THEN targets.reason
      WHEN coverage.path IS NULL THEN 'unreadable'
      ELSE coverage.reason
    END AS reason,
    CASE
      WHEN targets.applicable = 0 THEN 'not_applicable'
      WHEN targets.reason != '' OR coverage.path IS NULL THEN 'unknown'
      WHEN rtrim(targets.required, coverage.recorded || coverage.unknown) != '' THEN 'fail'
      WHEN rtrim(targets.required, coverage.recorded) = '' THEN 'pass'
      ELSE 'unknown'
    END AS status
  FROM targets CROSS JOIN sources
  LEFT JOIN coverage ON coverage.path = targets.path AND coverage.source = sources.source
),
ranked AS MATERIALIZED (
  SELECT
    *,
    row_number() OVER (
      PARTITION BY control, source
      ORDER BY instr('fail unknown pass not_applicable', status), path != own, path
    ) AS place
  FROM judged
),
now AS MATERIALIZED (
  SELECT
    *,
    (
      SELECT group_concat(letter, '') FROM letters WHERE instr(required, letter) AND instr(unrecorded, letter)
    ) AS missed,
    (
      SELECT group_concat(letter, '') FROM letters WHERE instr(required, letter) AND instr(conditional, letter)
    ) AS partly,
    (
      SELECT group_concat(letter, '') FROM letters WHERE instr(required, letter) AND instr(unknown, letter)
    ) AS unseen
  FROM ranked WHERE source = 'kernel' AND place = 1
),
boot AS MATERIALIZED (SELECT control, status, reason FROM ranked WHERE source = 'boot' AND place = 1)
SELECT
  'CIS Docker Benchmark' AS benchmark,
  '1.8.0' AS version,
  now.control AS control,
  now.title AS title,
  now.level AS level,
  coalesce(nullif(now.path, ''), now.own) AS target,
  now.status,
  CASE
    WHEN now.status = 'pass' THEN 'covered'
    WHEN now.reason = 'conditional' AND now.status = 'fail' AND now.partly IS NULL THEN
      CASE WHEN now.missed = now.required THEN 'no_rule' ELSE 'permissions_missing' END
    ELSE now.reason
  END AS reason,
  CASE now.reason
    WHEN 'not_installed' THEN 'no Docker daemon at /usr/bin/dockerd, /usr/local/bin/dockerd, /usr/sbin/dockerd, /snap/docker/current/bin/dockerd, /opt/bin/dockerd, and none runs'
    WHEN 'absent' THEN 'nothing at ' || now.own || ', and nothing is wanted then'
    WHEN 'unreadable' THEN
      CASE
        WHEN now.error != '' THEN now.error
        WHEN status.state IN ('ok', 'no_rules', 'disabled') AND now.rules != '' THEN now.rules
        ELSE 'the rules of the kernel are not known' || coalesce(': ' || nullif(status.error, ''), '')
      END
    ELSE
      coalesce(nullif(replace(now.rules, char(10), '; '), ''), 'no rule of the kernel records ' || now.path)
      || coalesce('; not recorded: ' || now.missed, '')
      || coalesce('; not always recorded: ' || now.partly, '')
      || coalesce('; not known: ' || now.unseen, '')
      || CASE WHEN now.conditions = '' THEN '' ELSE '; ' || replace(now.conditions, ',', ', ') END
  END
  || coalesce((
       SELECT '; also ' || group_concat(path || ': ' || status || ' (' || reason || ')', ', ')
       FROM (
         SELECT path, status, reason FROM ranked
         WHERE ranked.control = now.control AND source = 'kernel' AND place > 1 AND status IN ('fail', 'unknown') AND path != '' ORDER BY place
       )
     ), '')
  || CASE
       WHEN boot.status = now.status THEN ''
       ELSE '; after the next boot: ' || boot.status || ' (' || boot.reason || ')'
     END AS evidence,
  CASE
    WHEN now.status NOT IN ('fail', 'unknown') THEN ''
    ELSE
      CASE now.reason
        WHEN 'disabled' THEN 'Turn auditing on: run auditctl -e 1 for now, and see that auditd starts at boot or the kernel is booted with audit=1.'
        WHEN 'suppressed' THEN 'A never rule comes first: take it out of the rules files, or move it behind the line for this path.' || ' ' || now.remediation
        WHEN 'task_never' THEN 'Take the never rule of the task list out of /etc/audit/rules.d, run augenrules --load, and restart what was started meanwhile: those processes stay unrecorded.' || ' ' || now.remediation
        WHEN 'excluded' THEN 'Take the rule of the exclude list that the evidence names out of the rules files.' || ' ' || now.remediation
        WHEN 'filesystem_never' THEN 'Take the rule of the filesystem list that the evidence names out of the rules files.' || ' ' || now.remediation
        WHEN 'mounted_after_load' THEN 'Mount the file system from /etc/fstab, before the rules are loaded, or run augenrules --load after it is mounted.' || ' ' || now.remediation
        WHEN 'remote_filesystem' THEN 'The path is on a network file system, and is not looked at: audit it on its server.'
        WHEN 'unreadable' THEN 'Read the kernel''s rules as root with CAP_AUDIT_CONTROL in the host''s own namespaces; audit_status.error says what was missing.'
        ELSE now.remediation
      END
  END AS remediation,
  boot.status AS next_boot,
  CASE
    WHEN now.control != '1.1.3' THEN NULL
    WHEN status.state NOT IN ('ok', 'no_rules', 'disabled') THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM audit_rules WHERE source = 'kernel' AND instr(text, '/usr/bin/dockerd')) THEN 'pass'
    ELSE 'fail'
  END AS grep_verdict
FROM now CROSS JOIN boot USING (control) CROSS JOIN status;

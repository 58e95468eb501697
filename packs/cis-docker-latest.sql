SELECT benchmark, version, control, title, level, target,
  status, reason, evidence_lines AS evidence, remediation, next_boot, grep_verdict
FROM audit_verdicts
WHERE benchmark = 'CIS Docker Benchmark' AND version = '1.8.0';

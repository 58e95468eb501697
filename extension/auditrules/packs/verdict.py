"""The SQL that judges a host by a control: what `audit_coverage` says of the control's `audit_targets`, as one row.

A target fails where a required letter is not recorded, or not always; else it is unknown where one is not known, else
it passes. The worst of a control's targets is the control's. What is outside that (who reads the records, what was
lost, 32-bit calls) is told in the evidence, or is the business of other queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditrules.benchmarks.control import Control
from auditrules.benchmarks.remediation import ADVICE
from auditrules.benchmarks.subjects import DAEMON

# `worst` is the order in which statuses win over one another.
_SQL = """\
WITH{controls}
status AS MATERIALIZED (
  SELECT state, error FROM audit_status
),
targets AS MATERIALIZED (
  SELECT {its}path, required, applicable, reason, error, remediation FROM audit_targets{those}
  WHERE benchmark = '{benchmark}' AND version = '{version}'{only}
),
coverage AS MATERIALIZED (
  SELECT path, source, recorded, conditional, unrecorded, unknown, conditions, reason, {evidence} AS rules
  FROM audit_coverage WHERE path IN (SELECT path FROM targets WHERE path != '')
),
sources(source) AS (VALUES ('kernel'), ('boot')),
letters(letter) AS (VALUES ('r'), ('w'), ('x'), ('a')),
judged AS MATERIALIZED (
  SELECT
    sources.source, {targets}targets.path, targets.required, targets.remediation, targets.error,
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
      PARTITION BY {each}source
      ORDER BY instr('fail unknown pass not_applicable', status), path != {path}, path
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
boot AS MATERIALIZED (SELECT {each}status, reason FROM ranked WHERE source = 'boot' AND place = 1)
SELECT
  '{benchmark}' AS benchmark,
  '{version}' AS version,
  {id} AS control,
  {title} AS title,
  {level} AS level,
  coalesce(nullif(now.path, ''), {own}) AS target,
  now.status,
  CASE
    WHEN now.status = 'pass' THEN 'covered'
    WHEN now.reason = 'conditional' AND now.status = 'fail' AND now.partly IS NULL THEN
      CASE WHEN now.missed = now.required THEN 'no_rule' ELSE 'permissions_missing' END
    ELSE now.reason
  END AS reason,
  CASE now.reason
    WHEN 'not_installed' THEN 'no Docker daemon at {places}, and none runs'
    WHEN 'absent' THEN 'nothing at {absent}, and nothing is wanted then'
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
         WHERE {same}source = 'kernel' AND place > 1 AND status IN ('fail', 'unknown') AND path != '' ORDER BY place
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
        {advice}
        ELSE now.remediation
      END
  END AS remediation,
  boot.status AS next_boot{more}
FROM now CROSS JOIN boot{paired} CROSS JOIN status;
"""

# What the benchmark's own `auditctl -l | grep /usr/bin/dockerd` says of the same rules.
_GREP = """,
  CASE
    {unless}WHEN status.state NOT IN ('ok', 'no_rules', 'disabled') THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM audit_rules WHERE source = 'kernel' AND instr(text, '{path}')) THEN 'pass'
    ELSE 'fail'
  END AS grep_verdict"""

# What stands in the query of all controls where that of one has its own words.
_OF_ALL = {
    "its": "control, controls.title, controls.level, controls.own, ",
    "those": " CROSS JOIN controls USING (control)",
    "only": "",
    "targets": "targets.control, targets.title, targets.level, targets.own, ",
    "each": "control, ",
    "path": "own",
    "id": "now.control",
    "title": "now.title",
    "level": "now.level",
    "own": "now.own",
    "absent": "' || now.own || '",
    "same": "ranked.control = now.control AND ",
    "paired": " USING (control)",
}

AND_LINE = " || ' ' || now.remediation"


def quoted(text: str) -> str:
    """A text as a SQL string."""
    return f"'{_inside(text)}'"


def _inside(text: str) -> str:
    """A text as it stands between the quotes of a SQL string."""
    return text.replace("'", "''")


def _advice() -> str:
    lines = [
        f"WHEN '{reason}' THEN '{_inside(advice.text)}'{AND_LINE if advice.and_line else ''}"
        for reason, advice in ADVICE.items()
    ]
    return "\n        ".join(lines)


def _query(control: Control, evidence: str) -> str:
    path = _inside(control.subject.path)
    words = {
        **dict.fromkeys(("controls", "its", "those", "targets", "each", "same", "paired"), ""),
        "only": f" AND control = {quoted(control.id)}",
        **dict.fromkeys(("path", "own"), quoted(control.subject.path)),
        "id": quoted(control.id),
        "title": quoted(control.title),
        "level": quoted(control.level),
        "absent": path,
    }
    more = _GREP.format(path=path, unless="") if control.subject is DAEMON else ""
    return _written(control, evidence, more, words)


def whole(controls: Sequence[Control]) -> str:
    """The SQL that judges a host by all controls of a benchmark at once: the rows that their own queries give.

    `grep_verdict` is empty but for the control that has it.
    """
    values = ", ".join(
        f"({quoted(each.id)}, {quoted(each.title)}, {quoted(each.level)}, {quoted(each.subject.path)})"
        for each in controls
    )
    daemon = next(each for each in controls if each.subject is DAEMON)
    more = _GREP.format(
        path=_inside(daemon.subject.path), unless=f"WHEN now.control != {quoted(daemon.id)} THEN NULL\n    "
    )
    words = {**_OF_ALL, "controls": f"\ncontrols(control, title, level, own) AS (VALUES {values}),"}
    return _written(controls[0], "evidence", more, words)


def _written(control: Control, evidence: str, more: str, words: Mapping[str, str]) -> str:
    return _SQL.format(
        **words,
        benchmark=_inside(control.benchmark),
        version=_inside(control.version),
        places=_inside(", ".join((DAEMON.path, *DAEMON.places))),
        evidence=evidence,
        advice=_advice(),
        more=more,
    )


@dataclass(frozen=True, slots=True)
class Check:
    """A control with the SQL that judges a host by it: one row, whatever the host."""

    control: Control

    @property
    def benchmark(self) -> str:
        """Name of the benchmark."""
        return self.control.benchmark

    @property
    def version(self) -> str:
        """Version of the benchmark."""
        return self.control.version

    @property
    def id(self) -> str:
        """Number of the control in its benchmark."""
        return self.control.id

    @property
    def name(self) -> str:
        """Name of the query in a pack."""
        return self.control.name

    @property
    def query(self) -> str:
        """The SQL whose answer changes only with the host's rules and targets: its evidence names files, no lines."""
        return _query(self.control, "evidence")

    @property
    def snapshot_query(self) -> str:
        """The same, with line numbers in its evidence."""
        return _query(self.control, "evidence_lines")

"""CIS Docker Benchmark 1.2.0, control 1.2.3: every use of the Docker daemon's executable is to be recorded.

The judgement here stands on `audit_rules` and `audit_status` alone and claims no more than they can show. A rule of the
exit list counts where it is always, watches exactly the target, has all system calls and no field that narrows it. What
can't be weighed that way (a never rule, the task, exclude and filesystem lists, a rule without a path or on another
name of the file, a narrowing field) makes the answer unknown wherever it could change it.
"""

from __future__ import annotations

from dataclasses import dataclass

TARGET = "/usr/bin/dockerd"

# Where else a package, a static build or a snap puts the daemon; there this control can't speak of the target.
ELSEWHERE = ("/usr/local/bin/dockerd", "/usr/sbin/dockerd", "/snap/docker/current/bin/dockerd", "/opt/bin/dockerd")

# The letters of an executable, each with a system call that no rule can do without to record the letter.
NEEDED = (("w", "openat"), ("x", "execve"), ("a", "fchmodat"))

REMEDIATION = (
    f"Put the line -w {TARGET} -p rwxa -k docker into /etc/audit/rules.d/docker.rules, then run augenrules --load."
)
ENABLE = (
    "Turn auditing on: run auditctl -e 1 for now, and see that auditd starts at boot or the kernel is booted with "
    "audit=1."
)
READ = (
    "Read the kernel's rules as root with CAP_AUDIT_CONTROL in the host's own namespaces; audit_status.error says what "
    "was missing."
)
WEIGH = "Look at the rules that the evidence names: they decide, and this check does not weigh them."

LIES = "which shows a never rule on a path as a watch, and every arch by its width only"


@dataclass(frozen=True, slots=True)
class Daemon:
    """The control with its SQL. `query` gives one row; `snapshot_query` the same, with lines in its evidence."""

    benchmark: str
    version: str
    id: str
    title: str
    level: str
    description: str
    value: str
    query: str
    snapshot_query: str

    @property
    def name(self) -> str:
        """The name of its query in a pack."""
        return "_".join(["cis", "docker", *self.id.split(".")])


_SQL = """\
WITH
status AS MATERIALIZED (
  SELECT state, error, reader, enabled FROM audit_status
),
kernel AS MATERIALIZED (
  SELECT action, list, path, path_type, permissions, arch, ',' || syscalls || ',' AS calls, fields, rule, text,
    action = 'never' AND (text LIKE '-a never,%' OR (SELECT reader FROM status) = 'netlink') AS told_never
  FROM audit_rules WHERE source = 'kernel' AND rule != ''
),
files AS MATERIALIZED (
  SELECT DISTINCT {place} AS place, rule FROM audit_rules WHERE source != 'kernel' AND rule != '' AND error = ''
),
docker AS MATERIALIZED (
  SELECT path, inode, symlink = 0 AND type = 'regular' AS plain FROM file WHERE path IN ({paths})
),
way AS MATERIALIZED (
  SELECT path, inode FROM file WHERE path IN ({way})
),
needed(letter, call) AS (VALUES {needed}),
watches AS MATERIALIZED (
  SELECT permissions, rule, text FROM kernel
  WHERE list = 'exit' AND action = 'always' AND path = '{target}' AND path_type != 'dir'
    AND calls = ',all,' AND fields = '' AND arch IN ('', 'b64')
),
missing AS MATERIALIZED (
  SELECT letter, call FROM needed
  WHERE NOT EXISTS (SELECT 1 FROM watches WHERE permissions = '' OR instr(permissions, letter))
),
maybe AS MATERIALIZED (
  SELECT permissions, calls, rule FROM kernel
  WHERE list = 'exit' AND NOT told_never AND (
    path IN ('', '{target}')
    OR EXISTS (SELECT 1 FROM file JOIN way USING (inode) WHERE file.path = kernel.path)
  )
  UNION ALL
  SELECT '', ',all,', rule FROM kernel WHERE list = 'task' AND action = 'always'
),
hopeless AS MATERIALIZED (
  SELECT letter FROM missing
  WHERE NOT EXISTS (
    SELECT 1 FROM maybe
    WHERE (permissions = '' OR instr(permissions, letter))
      AND (calls = ',all,' OR instr(calls, ',' || call || ',') OR calls GLOB '*,[0-9]*')
  )
),
unweighed AS MATERIALIZED (
  SELECT rule FROM kernel WHERE action = 'never' OR list IN ('task', 'exclude', 'filesystem')
  UNION
  SELECT rule FROM maybe WHERE EXISTS (SELECT 1 FROM missing) AND rule NOT IN (SELECT rule FROM watches)
),
judged AS (
  SELECT
    CASE
      WHEN NOT EXISTS (SELECT 1 FROM docker) THEN 'not_installed'
      WHEN state NOT IN ('ok', 'no_rules', 'disabled') THEN 'unreadable'
      WHEN enabled = 0 THEN 'disabled'
      WHEN enabled IS NULL AND reader != 'listing' THEN 'unreadable'
      WHEN state = 'no_rules' THEN 'no_rule'
      WHEN NOT EXISTS (SELECT 1 FROM docker WHERE path = '{target}' AND plain) THEN 'not_judged'
      WHEN EXISTS (SELECT 1 FROM hopeless) AND EXISTS (SELECT 1 FROM watches) THEN 'permissions_missing'
      WHEN EXISTS (SELECT 1 FROM hopeless) THEN 'no_rule'
      WHEN EXISTS (SELECT 1 FROM unweighed) THEN 'not_judged'
      ELSE 'covered'
    END AS reason,
    error, reader, enabled
  FROM status
)
SELECT
  '{benchmark}' AS benchmark,
  '{version}' AS version,
  '{id}' AS control,
  '{title}' AS title,
  '{level}' AS level,
  '{target}' AS target,
  CASE
    WHEN reason = 'covered' THEN 'pass'
    WHEN reason = 'not_installed' THEN 'not_applicable'
    WHEN reason IN ('unreadable', 'not_judged') THEN 'unknown'
    ELSE 'fail'
  END AS status,
  reason,
  CASE reason
    WHEN 'not_installed' THEN 'no dockerd at {told_paths}'
    WHEN 'unreadable' THEN 'the rules of the kernel are not known: ' || coalesce(nullif(error, ''), 'no status')
    WHEN 'disabled' THEN 'auditing is off (enabled 0), so no rule counts'
    WHEN 'not_judged' THEN
      CASE
        WHEN EXISTS (SELECT 1 FROM docker WHERE path = '{target}' AND plain)
        THEN 'not weighed: ' || (SELECT group_concat(rule, '; ') FROM unweighed)
        ELSE 'the daemon is at ' || (SELECT group_concat(path, ', ') FROM docker)
          || ', and {target} is no file of its own'
      END
    WHEN 'no_rule' THEN 'no rule of the kernel records every use of {target}'
    ELSE (SELECT group_concat(rule || ' (listed as ' || text || ')', '; ') FROM watches)
      || coalesce('; in ' || (SELECT group_concat(place, ', ') FROM files WHERE rule IN (SELECT rule FROM watches)), '')
      || CASE reason
           WHEN 'permissions_missing'
           THEN '; not recorded: ' || (SELECT group_concat(letter, '') FROM hopeless)
           ELSE ''
         END
  END
  || CASE
       WHEN reason IN ('covered', 'permissions_missing', 'no_rule', 'not_judged') THEN
         CASE WHEN enabled IS NULL THEN '; enabled: assumed' ELSE '' END
         || CASE reader
              WHEN 'auditctl' THEN '; read from auditctl -l, {lies}'
              WHEN 'listing' THEN '; read from a saved listing, {lies}'
              ELSE ''
            END
       ELSE ''
     END AS evidence,
  CASE reason
    WHEN 'disabled' THEN '{enable}'
    WHEN 'unreadable' THEN '{read}'
    WHEN 'not_judged' THEN '{weigh}'
    WHEN 'no_rule' THEN '{remediation}'
    WHEN 'permissions_missing' THEN '{remediation}'
    ELSE ''
  END AS remediation,
  CASE reason WHEN 'not_installed' THEN 'not_applicable' ELSE 'unknown' END AS next_boot
FROM judged;
"""

_BENCHMARK = "CIS Docker Benchmark"
_VERSION = "1.2.0"
_ID = "1.2.3"
_TITLE = "Auditing for the Docker daemon executable is configured"
_LEVEL = "1"


def _quoted(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{_inside(word)}'" for word in words)


def _inside(text: str) -> str:
    """A text as it stands between the quotes of a SQL string."""
    return text.replace("'", "''")


def _query(place: str) -> str:
    """The SQL, with what names the place of a rule in a file."""
    steps = [TARGET]
    while steps[-1] != "/":
        steps.append(steps[-1].rpartition("/")[0] or "/")
    return _SQL.format(
        place=place,
        target=TARGET,
        paths=_quoted((TARGET, *ELSEWHERE)),
        told_paths=", ".join((TARGET, *ELSEWHERE)),
        way=_quoted(tuple(steps)),
        needed=", ".join(f"('{letter}', '{call}')" for letter, call in NEEDED),
        benchmark=_BENCHMARK,
        version=_VERSION,
        id=_ID,
        title=_TITLE,
        level=_LEVEL,
        remediation=_inside(REMEDIATION),
        enable=_inside(ENABLE),
        read=_inside(READ),
        lies=_inside(LIES),
        weigh=_inside(WEIGH),
    )


DAEMON = Daemon(
    benchmark=_BENCHMARK,
    version=_VERSION,
    id=_ID,
    title=_TITLE,
    level=_LEVEL,
    description=(
        "One row: is every execution of the Docker daemon's executable, and every change of it, recorded by the kernel "
        "now (pass, fail, unknown or not_applicable)?"
    ),
    value="Shows hosts where the Docker daemon could be replaced or run without a trace, and hosts nobody can tell of.",
    query=_query("source_path"),
    snapshot_query=_query("source_path || ':' || line"),
)

CONTROLS = (DAEMON,)

"""The expressions that several SQL files of a report share. Each is defined once here, and expanded where it is called.

An **order key** is one number for an event of a slot: when it happened, what comes first within a second, and the state
that it leaves. Comparing and sorting one number is much faster than three columns of millions of rows.

    order_key(TIME, RANK, STATE)    (TIME * 8 + RANK) * 8 + STATE
    TIME     Unix seconds
    RANK     0 removal, 1 interruption of a query, 2 of the host, 3 left out by a snapshot, 4 snapshot, 5 change
    STATE    the place in `STATES`: of two observations at once the worse is the last

    observation_key(TIME, ACTION, STATUS)    of an observation; none if its time is impossible, or later than the report

Within a second a removal comes before what was added, and a snapshot before a change: a change is logged at once, a
snapshot may be a moment older.

The files stay within SQL that DuckDB, Spark, Trino and Athena all take: none of them has to define a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from auditrules.status import Status

STATES = ("not_applicable", "pass", "unknown", "fail", "gone", "query_failed", "extension_missing")
"""The states of a slot: the four statuses, the best one first, and the interruptions."""

PARAMETERS = "parameters"
"""The table of one row that every query may join, as `CROSS JOIN parameters`."""

MOST_TARGETS = 1000
"""The most targets of a control on a host with a verdict each. All others share one verdict."""
MOST_QUERIES = 16
"""The most queries that are remembered for a target, the last ones. A snapshot of one without the target removes it."""
MOST_OWNERS = 100
"""The most hosts of one name that a failure counts for, if a status log has only the name."""

_CODES = {state: code for code, state in enumerate(STATES)}
_RANKS = {status.value: rank for rank, status in enumerate(Status)}  # 0 is the worst
_UNKNOWN = Status.UNKNOWN.value
_DATED = (">= parameters.earliest", "<= parameters.horizon", "<= parameters.latest")
_LITERAL = re.compile(r"'(?P<text>\w+)'\Z")


def _lookup(codes: Mapping[str, int]) -> Callable[[str], str]:
    """Make an expression for the number of a word. Words that are not known have the number of unknown."""

    def expand(word: str) -> str:
        literal = _LITERAL.match(word)
        if literal:
            return str(codes[literal["text"]])
        cases = " ".join(f"WHEN '{each}' THEN {code}" for each, code in codes.items() if each != _UNKNOWN)
        return f"CASE {word} {cases} ELSE {codes[_UNKNOWN]} END"

    return expand


def _state_name(code: str) -> str:
    cases = " ".join(f"WHEN {number} THEN '{state}'" for state, number in _CODES.items())
    return f"CASE {code} {cases} END"


def _observation_key(time: str, action: str, status: str) -> str:
    rank = f"CASE {action} WHEN 'removed' THEN 0 WHEN 'snapshot' THEN 4 ELSE 5 END"
    state = f"CASE WHEN {action} = 'removed' THEN state_code('gone') ELSE state_code({status}) END"
    dated = " AND ".join(f"{time} {each}" for each in _DATED)
    return f"CASE WHEN {dated} THEN order_key(least({time}, parameters.until), {rank}, {state}) END"


_EXPRESSIONS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "order_key": lambda time, rank, state: f"(({time}) * 64 + ({rank}) * 8 + ({state}))",
        "observation_key": _observation_key,
        "order_key_time": lambda key: f"({key} // 64)",
        "order_key_state": lambda key: f"({key} % 8)",
        "state_code": _lookup(_CODES),
        "state_name": _state_name,
        "status_rank": _lookup(_RANKS),
        "within_target_limit": lambda place: f"({place} <= {MOST_TARGETS})",
        "within_owner_limit": lambda count: f"({count} <= {MOST_OWNERS})",
        "within_query_limit": lambda place: f"({place} <= {MOST_QUERIES})",
        # What a query shares with the twin of the packs that takes its snapshots.
        "query_base": lambda query: f"replace(replace({query}, ' - snapshot', ''), '_snapshot', '')",
    }
)
_JOINED, _PARAMETER = re.compile(rf"\bCROSS JOIN {PARAMETERS}\b"), re.compile(rf"\b{PARAMETERS}\.(?P<name>[a-z_]+)")
_CALL = re.compile(rf"\b({'|'.join(_EXPRESSIONS)})\(")


def expanded(sql: str) -> str:
    """Expand each call of a shared expression in SQL.

    >>> expanded("SELECT order_key_time(max(order_key)) FROM events")
    'SELECT (max(order_key) // 64) FROM events'
    """
    while call := _last(sql):
        arguments, end = _arguments(sql, call.end())
        sql = f"{sql[: call.start()]}{_EXPRESSIONS[call[1]](*arguments)}{sql[end:]}"
    return sql


def with_parameters(sql: str, values: Mapping[str, str | int]) -> str:
    """Replace the table `parameters` in SQL by its values. Without values the SQL stays as it is.

    >>> with_parameters("SELECT name FROM hosts CROSS JOIN parameters WHERE time > parameters.since", {"since": 7})
    'SELECT name FROM hosts  WHERE time > CAST(7 AS BIGINT)'
    """
    if not values:
        return sql
    return _PARAMETER.sub(lambda found: _written(values[found["name"]]), _JOINED.sub("", sql))


def _written(value: str | int) -> str:
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"  # a number alone is the place of a column in GROUP BY
    text = value.replace("'", "''")
    return f"CAST('{text}' AS VARCHAR)"


def _last(sql: str) -> re.Match[str] | None:
    """Find the last call: its arguments contain no other call."""
    found = None
    for found in _CALL.finditer(sql):  # noqa: B007 - the last one is wanted
        pass
    return found


def _arguments(sql: str, start: int) -> tuple[list[str], int]:
    """Parse the arguments of a call. Returns them and the end of the call."""
    arguments: list[str] = []
    depth, begin = 0, start
    for place in range(start, len(sql)):
        match sql[place]:
            case "(":
                depth += 1
            case ")" if not depth:
                return [*arguments, sql[begin:place].strip()], place + 1
            case ")":
                depth -= 1
            case "," if not depth:
                arguments.append(sql[begin:place].strip())
                begin = place + 1
    raise ValueError(f"expected a closing parenthesis in {sql[start:]}")

"""What questions that come at the same time share."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest

from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.serve import handler
from auditrules.serve.handler import Handler

GRACE = 0.2  # seconds that a second question has to begin the same work, if it would


class Made:
    """Rows that are kept once they are made, which goes on until somebody else makes them too, or had time to."""

    def __init__(self) -> None:
        self.begun = Event()
        self.times = 0
        self._again = Event()
        self._kept: list[Row] | None = None

    def __call__(self, _context: Context) -> list[Row]:
        if self._kept is None:
            self.times += 1
            (self._again if self.begun.is_set() else self.begun).set()
            self._again.wait(GRACE)
            self._kept = [{"name": "x", "rowid": "1"}]
        return self._kept


def question(served: Handler) -> Callable[[], Any]:
    return lambda: served.call("table", "sample", {"action": "generate"})


@pytest.mark.parametrize("first", ["the look at the start", "a question"])
def test_what_is_kept_is_made_once_however_many_ask(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "LOOK_PATIENCE", 0.0)  # as on a machine so busy that the look goes on for longer
    made = Made()
    served = Handler([Table(Schema("sample", "Rows.", (Column("name", ColumnType.TEXT, ""),), ()), made)], 1)
    threads = [Thread(target=served.look if first == "the look at the start" else question(served))]
    threads[0].start()
    made.begun.wait()
    threads.append(Thread(target=question(served)))
    threads[1].start()
    for thread in threads:
        thread.join()
    assert made.times == 1


def test_once_a_table_has_answered_a_slow_question_keeps_no_other_waiting() -> None:
    begun, go_on = Event(), Event()

    def rows(context: Context) -> list[Row]:
        if context.equals("name"):
            begun.set()
            go_on.wait(30.0)
        return [{"name": "x", "rowid": "1"}]

    table = Table(Schema("sample", "Rows.", (Column("name", ColumnType.TEXT, ""),), ()), rows)
    served = Handler([table], 1)
    served.look()
    term = {"name": "name", "affinity": "TEXT", "list": [{"op": 2, "expr": "x"}]}
    slow = {"action": "generate", "context": json.dumps({"constraints": [term]})}
    thread = Thread(target=served.call, args=("table", "sample", slow))
    thread.start()
    begun.wait()
    question(served)()
    assert thread.is_alive()
    go_on.set()
    thread.join()

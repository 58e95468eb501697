"""Answers the calls of osquery's thrift service Extension: ping, call (a query of a table) and shutdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from threading import Event, Lock

from osquery.extensions.ttypes import ExtensionResponse, ExtensionStatus
from thrift.Thrift import TType

from auditrules.plugin.table import Selection, Table, select
from auditrules.serve.splice import Splicer

TYPE_CHECKING = False  # typing's own takes importing it, which osquery would wait for
if TYPE_CHECKING:
    from typing import Any

# Seconds for which a call waits for the look at the start: as long as that may wait for auditctl.
LOOK_PATIENCE = 5.0


class Handler:
    """The three calls of osquery's Extension service."""

    def __init__(self, tables: Sequence[Table], uuid: int) -> None:
        self._tables = {table.schema.name: (table, Splicer(table.schema)) for table in tables}
        self._ready = {name: Event() for name in self._tables}
        for ready in self._ready.values():
            ready.set()
        self._making = Lock()
        self._made: set[str] = set()  # tables that have answered, and keep what they made
        self._uuid = uuid
        self.stopping = False

    def ping(self) -> Any:
        """Say that we are there."""
        return ExtensionStatus(0, "pong", self._uuid)

    def call(self, registry: str | None, item: str | None, request: Mapping[str, str] | None) -> Any:
        """Answer for a table. Asks osquery nothing: it may be waiting for this very answer."""
        known = self._tables.get(item or "") if registry == "table" else None
        if known is None:
            message = f"expected a table of {', '.join(self._tables)}, found {registry!r} {item!r}"
            return ExtensionResponse(ExtensionStatus(1, message, self._uuid), [])
        table, splicer = known
        self._ready[table.schema.name].wait(LOOK_PATIENCE)
        found = self._select(table, request or {})
        return _Reply(ExtensionStatus(found.code, found.message, self._uuid), found, splicer)

    def look(self) -> None:
        """Ask every eager table once, so that osquery's first query finds the rules read and its rows made.

        One that comes before waits, as it would only do the same work at the same time.
        """
        for ready in self._ready.values():
            ready.clear()
        try:
            for name, (table, _) in self._tables.items():
                if table.eager:
                    self._select(table, {"action": "generate"})
                self._ready[name].set()
        finally:
            for ready in self._ready.values():
                ready.set()

    def _select(self, table: Table, request: Mapping[str, str]) -> Selection:
        """Ask a table; the eager ones one after the other until each has answered, as they keep what they made.

        Made twice at the same time, ten thousand rules and their rows would be in memory twice. From then on a slow
        answer keeps no other waiting.
        """
        name = table.schema.name
        with self._making if table.eager and name not in self._made else nullcontext():
            found = select(table, request)
            if found.code == 0:
                self._made.add(name)
            return found

    def shutdown(self) -> None:
        """Note that osquery asks us to stop. The main thread is woken once osquery has our reply."""
        self.stopping = True


class _Reply:
    """What the stubs write as an ExtensionResponse, with rows that are bytes already.

    The fields are numbered as in osquery.thrift: 1 is the status, 2 the list of rows.
    """

    def __init__(self, status: Any, found: Selection, splicer: Splicer) -> None:
        self._status = status
        self._found = found
        self._splicer = splicer

    def write(self, protocol: Any) -> None:
        """Write the whole struct, rows as they are encoded."""
        protocol.writeFieldBegin("status", TType.STRUCT, 1)
        self._status.write(protocol)
        protocol.writeFieldBegin("response", TType.LIST, 2)
        protocol.writeListBegin(TType.MAP, len(self._found.rows))
        for number, chunk in enumerate(self._splicer.chunks(self._found.rows, self._found.columns)):
            if number:  # what came before leaves while this one is joined; the last goes with the end of the message
                protocol.trans.flush()
            protocol.trans.write(chunk)
        protocol.writeFieldStop()

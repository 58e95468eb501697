"""Answers the three calls of osquery's thrift service Extension: ping, call (which queries a table) and shutdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from threading import Event, Lock

from osquery.extensions.ttypes import ExtensionResponse, ExtensionStatus
from thrift.Thrift import TType

from auditrules.plugin.table import Selection, Table, select
from auditrules.serve.splice import Splicer

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from typing import Any

# Seconds for which a call waits for the first look at the tables: as long as that may wait for auditctl.
LOOK_PATIENCE = 5.0


class Handler:
    """The three calls of osquery's Extension service."""

    def __init__(self, tables: Sequence[Table], uuid: int) -> None:
        self._tables = {table.schema.name: (table, Splicer(table.schema)) for table in tables}
        self._ready = {name: Event() for name in self._tables}
        for ready in self._ready.values():
            ready.set()
        self._making = Lock()
        self._made: set[str] = set()  # tables that have answered once, and keep their rows
        self._uuid = uuid
        self.stopping = False

    def ping(self) -> Any:
        """Answer that we are alive."""
        return ExtensionStatus(0, "pong", self._uuid)

    def call(self, registry: str | None, item: str | None, request: Mapping[str, str] | None) -> Any:
        """Answer a query of a table. It must not call osquery, which may be waiting for this very answer."""
        known = self._tables.get(item or "") if registry == "table" else None
        if known is None:
            message = f"expected a table of {', '.join(self._tables)}, found {registry!r} {item!r}"
            return ExtensionResponse(ExtensionStatus(1, message, self._uuid), [])
        table, splicer = known
        self._ready[table.schema.name].wait(LOOK_PATIENCE)
        found = self._select(table, request or {})
        return _Reply(ExtensionStatus(found.code, found.message, self._uuid), found, splicer)

    def look(self) -> None:
        """Query every eager table once, so that its rows exist when osquery's first query comes.

        A query that comes earlier waits: it would only do the same work at the same time.
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
        """Query a table. Until an eager table has answered once, only one of them is queried at a time.

        Two first queries at the same time would hold ten thousand rules and their rows in memory twice. Later queries
        do not wait for each other.
        """
        name = table.schema.name
        with self._making if table.eager and name not in self._made else nullcontext():
            found = select(table, request)
            if found.code == 0:
                self._made.add(name)
            return found

    def shutdown(self) -> None:
        """Note that osquery asks us to stop. The main thread stops once osquery has our reply."""
        self.stopping = True


class _Reply:
    """An ExtensionResponse whose rows are encoded already. The stubs call its `write`.

    Field 1 is the status, field 2 the list of rows, as in osquery.thrift.
    """

    def __init__(self, status: Any, found: Selection, splicer: Splicer) -> None:
        self._status = status
        self._found = found
        self._splicer = splicer

    def write(self, protocol: Any) -> None:
        """Write the whole struct, with the encoded rows."""
        protocol.writeFieldBegin("status", TType.STRUCT, 1)
        self._status.write(protocol)
        protocol.writeFieldBegin("response", TType.LIST, 2)
        protocol.writeListBegin(TType.MAP, len(self._found.rows))
        for number, chunk in enumerate(self._splicer.chunks(self._found.rows, self._found.columns)):
            if number:  # send the previous chunk; the last one goes with the end of the message
                protocol.trans.flush()
            protocol.trans.write(chunk)
        protocol.writeFieldStop()

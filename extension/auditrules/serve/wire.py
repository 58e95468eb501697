"""Speaks thrift with osquery, as client and as server, with the generated stubs of osquery-python.

We do not use that package's TablePlugin and server: they serve one connection at a time, lose the error messages of a
table, and do not notice when osquery has dropped them.
"""

from __future__ import annotations

import logging
import socket
import struct
import time
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager

from osquery.extensions.Extension import Processor
from osquery.extensions.ExtensionManager import Client
from osquery.extensions.ttypes import InternalExtensionInfo
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TBufferedTransport, TTransportBase

from auditrules import __version__
from auditrules.serve.exchange_limits import ExchangeLimits, ServerLimits, ThreadLoad
from auditrules.serve.lifecycle import RETRY_PAUSE, ConnectionFailed, Registration, ShutdownEvent

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from typing import Any

    from auditrules.plugin.schema import Schema
    from auditrules.serve.handler import Handler

NAME = "auditrules"

# osquery only checks that it is at least 1.7.7. 1.8.0 is the oldest version that osquery-python's stubs name.
SDK_VERSION = "1.8.0"

# Seconds for a peer to send a message, and to take a reply. osquery opens a connection for each message, sends at once,
# and waits 10 s for a ping: so its ping is answered even with an idle peer on every thread.
PEER_TIMEOUT = 5.0

# Seconds for one answer of osquery. Its watchdog kills us 4 s after SIGTERM, which finds us in one such wait at most.
CORE_TIMEOUT = 3.0

# To attach the tables of a registration, osquery waits until its running query is done.
REGISTRATION_TIMEOUT = 30.0

# Bytes of one string in a message. The longest is a query's context, with every operand of an IN list.
STRING_LIMIT = 16 << 20

# Bytes of a whole message, and of osquery's answer: its flags are some 100 KiB.
MESSAGE_LIMIT = 2 * STRING_LIMIT
ANSWER_LIMIT = 4 << 20

_UCRED = struct.Struct("=iII")  # process, user and group of a peer (unix(7))

_log = logging.getLogger("auditrules")


def accept(listener: socket.socket, handler: Handler, stop: ShutdownEvent, load: ThreadLoad) -> None:
    """Serve one peer after the other until we are asked to stop. Each serving thread runs it."""
    processor = Processor(handler)
    while not handler.stopping:
        try:
            connection, _ = listener.accept()
        except OSError as error:
            if listener.fileno() < 0:  # closed: we are about to end
                return
            # No descriptor is left, or the peer was gone at once.
            _log.warning("a connection was not accepted: %s", error)
            time.sleep(RETRY_PAUSE)
            continue
        with connection, load:
            limits = ServerLimits(PEER_TIMEOUT, MESSAGE_LIMIT, load)
            _converse(processor, _Protocol(connection, limits), handler, load)
    stop.set()


def _converse(processor: Any, protocol: _Protocol, handler: Handler, load: ThreadLoad) -> None:
    """Answer a peer's messages until it hangs up, takes too long, or sends something that is no message.

    If other peers wait, only one message is answered.
    """
    try:
        while not handler.stopping:
            processor.process(protocol, protocol)
            if load.others_wait():
                return
    except EOFError:
        return  # it hung up, as osquery does after each message
    except Exception as error:  # noqa: BLE001 - random bytes fail wherever thrift happens to read them
        _log.debug("a peer was dropped: %r", error)


class _Stream(TTransportBase):  # type: ignore[misc] # thrift has no types
    """A socket as thrift's transport. thrift's own class copies the rest of a reply for each piece that it sends."""

    def __init__(self, connection: socket.socket, limits: ExchangeLimits) -> None:
        self._connection = connection
        self._limits = limits

    def read(self, size: int) -> bytes:
        self._limits.turn(reading=True)
        while True:
            self._connection.settimeout(self._limits.left())
            try:
                data = self._connection.recv(size)
            except TimeoutError:
                continue
            self._limits.moved(len(data), reading=True)
            return data

    def write(self, data: bytes) -> None:
        self._limits.turn(reading=False)
        rest = memoryview(data)
        while rest:
            self._connection.settimeout(self._limits.left())
            try:
                count = self._connection.send(rest)
            except TimeoutError:
                continue
            self._limits.moved(count, reading=False)
            rest = rest[count:]


class _Protocol(TBinaryProtocol):  # type: ignore[misc] # thrift has no types
    """thrift's binary protocol, but no text fails to encode or decode.

    It is not the accelerated one: osquery-python's stubs, made by an old compiler, do not work with that.
    """

    def __init__(self, connection: socket.socket, limits: ExchangeLimits) -> None:
        super().__init__(TBufferedTransport(_Stream(connection, limits)), string_length_limit=STRING_LIMIT)

    def readString(self) -> str:  # noqa: N802 - thrift's name
        return bytes(self.readBinary()).decode("utf-8", "surrogateescape")

    def writeString(self, text: str) -> None:  # noqa: N802 - thrift's name
        self.writeBinary(text.encode("utf-8", "backslashreplace"))


class CoreClient:
    """A client of osquery's extension manager. Each call opens its own connection, so a broken one does no harm."""

    def __init__(self, path: str, schemas: Sequence[Schema], owners: Collection[int] | None = None) -> None:
        """Connect at a path. `owners`: the uids of users whose processes may listen there; None: anybody's."""
        self._path = path
        self._owners = owners
        self._registry = {"table": {schema.name: schema.routes() for schema in schemas}}

    def ping(self) -> None:
        """Raise `ConnectionFailed` unless osquery answers."""
        with self._client(CORE_TIMEOUT) as client:
            client.ping()

    def register(self) -> Registration:
        """Give osquery our name and tables; raise `ConnectionFailed` if it does not answer."""
        info = InternalExtensionInfo(NAME, __version__, SDK_VERSION, SDK_VERSION)
        with self._client(REGISTRATION_TIMEOUT) as client:
            status = client.registerExtension(info, self._registry)
            return Registration(status.uuid if status.code == 0 else None, status.message or "")

    def extensions(self) -> Container[int]:
        """Give the ids of all extensions that osquery knows."""
        with self._client(CORE_TIMEOUT) as client:
            return frozenset(client.extensions())

    def versions(self) -> Mapping[str, str]:
        """Give the versions of all extensions that osquery knows, by their names."""
        with self._client(CORE_TIMEOUT) as client:
            return {info.name or "": info.version or "" for info in client.extensions().values()}

    def options(self) -> Mapping[str, str]:
        """Give the values of osquery's flags, by their names."""
        with self._client(CORE_TIMEOUT) as client:
            return {name: option.value or "" for name, option in client.options().items()}

    @contextmanager
    def _client(self, timeout: float) -> Iterator[Any]:
        limits = ExchangeLimits(timeout, ANSWER_LIMIT)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(limits.left())
                connection.connect(self._path)
                self._check_owner(connection)
                yield Client(_Protocol(connection, limits))
        except ConnectionFailed:
            raise
        except EOFError as error:
            raise ConnectionFailed("it hung up") from error
        except OSError as error:
            raise ConnectionFailed(error.strerror or str(error)) from error
        except Exception as error:  # random bytes fail wherever thrift happens to read them
            raise ConnectionFailed(repr(error)) from error

    def _check_owner(self, connection: socket.socket) -> None:
        if self._owners is None:
            return
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        _, user, _ = _UCRED.unpack(credentials)
        if user not in self._owners:
            raise ConnectionFailed(f"a process of user {user} listens there")

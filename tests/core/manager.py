"""osquery's extension manager on a socket, after osquery/extensions/interface.cpp and extensions.cpp."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, final

from osquery.extensions.Extension import Client
from osquery.extensions.ExtensionManager import Processor
from osquery.extensions.ttypes import ExtensionStatus, InternalExtensionInfo, InternalOptionInfo
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException, TException
from thrift.transport.TSocket import TSocket
from thrift.transport.TTransport import TBufferedTransport

from tests.core.tables import Reply

OLDEST_SDK = (1, 7, 7)

SOCKET_PATIENCE = 3.0  # seconds for which the watcher waits for a new extension's socket (--extensions_timeout)
PATIENCE = 60.0  # seconds that no test waits unless something is broken; wide, for a slow and busy machine

_SO_ACCEPTCON = 0x10000  # the flag of a listening socket in /proc/net/unix (linux/net.h)


_T = TypeVar("_T")


@dataclass(frozen=True)
class Extension:
    """A registered extension, as the manager knows it."""

    uuid: int
    name: str
    version: str
    sdk_version: str
    registry: Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]


@dataclass
class Process:
    """An extension process that the core has started."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def stderr(self) -> str:
        """What it has written so far."""
        return self.log.read_text(errors="backslashreplace")

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self.popen.poll() is None

    def ended(self) -> int:
        """Wait for the end, and return the exit code."""
        return self.popen.wait(PATIENCE)


@final
@dataclass
class Core:
    """osqueryd, as an extension meets it. Times are in seconds, the defaults osquery's own where they cost no time.

    Use it as a context: at the end no process, thread or socket of it is left.
    """

    folder: Path
    interval: float = 0.2  # between the watcher's pings (osquery: 3)
    query_time: float = 0.0  # that a query keeps the database besides our answer, for osquery's own tables
    ping_timeout: float = 10.0
    call_timeout: float = 300.0
    extensions: dict[int, Extension] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.socket = str(self.folder / "em")
        self.processes: list[Process] = []
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._pidfile: int | None = None
        self._occupied: dict[str, float] = {}
        self._database = threading.Lock()  # the scheduler's own; a query that finds it taken makes another
        self.pinged: set[int] = set()  # which the watcher has found alive
        self.leaving: set[int] = set()  # whose tables are being dropped
        self.hung = threading.Event()  # for good, as two threads wait for each other
        self.deaf = False  # answer nothing, as a stopped process does
        self._to_break_off = 0
        self.broken_off = 0

    def __enter__(self) -> Core:
        self.listen()
        self._start(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for extension in list(self.extensions.values()):
            with suppress(*_FAILURES):
                self._client(extension.uuid, 1.0, lambda client: client.shutdown())
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.popen.wait(1.0)
            process.popen.kill()
            process.popen.wait()
        self.kill()
        for thread in self._threads:
            thread.join(PATIENCE)

    # The daemon's life

    def lock(self) -> None:
        """Lock the pidfile; raises `BlockingIOError` where a process has one of its locked descriptors."""
        pidfile = os.open(self.folder / "pidfile", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(pidfile, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(pidfile)
            raise
        self._pidfile = pidfile

    def listen(self) -> None:
        """Lock the pidfile and open the manager's socket; after `kill` once more, as a restarted osqueryd does."""
        self.lock()
        for stale in self.folder.glob("em*"):
            if stale.is_socket():
                stale.unlink()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.socket)
        listener.listen(64)
        self._listener = listener
        self._start(self._accept, listener)

    def kill(self) -> None:
        """End as from SIGKILL: no goodbye, and the socket's file stays."""
        listener, self._listener = self._listener, None
        pidfile, self._pidfile = self._pidfile, None
        if pidfile is not None:
            os.close(pidfile)
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self._lock:
            connections = list(self._connections)
            self.extensions.clear()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def spawn(
        self,
        command: Sequence[str],
        *,
        timeout: str = "3",
        interval: str = "3",
        flags: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Start an extension with osquery's arguments and descriptors; `flags` come before them."""
        log = self.folder / f"stderr.{len(self.processes)}"
        arguments = [*command, *flags, "--socket", self.socket, "--timeout", timeout, "--interval", interval]
        whole = {**os.environ, **(environment or {}), "OSQUERY_EXTENSION": str(os.getpid())}
        with log.open("wb") as stderr:
            inherited = () if self._pidfile is None else (self._pidfile,)
            popen = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stderr=stderr, env=whole, pass_fds=inherited)
        process = Process(popen, log)
        self.processes.append(process)
        return process

    def run(self, module: str, **options: Any) -> Process:
        """Start a module of the tests as an extension; it finds what the tests find."""
        path = os.pathsep.join(entry or "." for entry in sys.path)
        environment = {"PYTHONPATH": path, **options.pop("environment", {})}
        return self.spawn([sys.executable, "-m", module], environment=environment, **options)

    # What the daemon does with its extensions

    def registered(self, name: str = "auditrules") -> Extension:
        """Wait until an extension of that name has registered and its socket is there."""
        extension = self.awaited(
            lambda: next((one for one in self.extensions.values() if one.name == name), None), f"{name} to register"
        )
        self.awaited(lambda: Path(self.path(extension.uuid)).exists() or None, f"the socket of {name}")
        return extension

    def listening(self, uuid: int) -> bool:
        """Whether an extension's socket takes connections. The kernel is asked, as a connection would be a peer."""
        found = (line.split() for line in Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:])
        return any(fields[-1] == self.path(uuid) and int(fields[3], 16) & _SO_ACCEPTCON for fields in found)

    @property
    def querying(self) -> bool:
        """Whether a query keeps the database, without which no table can be dropped."""
        return self._database.locked()

    def gone(self, uuid: int) -> None:
        """Wait until an extension is no longer registered."""
        self.awaited(lambda: uuid not in self.extensions or None, f"extension {uuid} to be removed")

    def path(self, uuid: int) -> str:
        """Return the path of an extension's socket."""
        return f"{self.socket}.{uuid}"

    def break_off(self, times: int) -> None:
        """Close the next connections without an answer, as happens while osquery changes its privileges."""
        self._to_break_off += times

    def occupy(self, name: str, seconds: float) -> None:
        """Keep a name taken, as by an extension that has died and is not noticed yet."""
        self._occupied[name] = time.monotonic() + seconds

    def remove(self, uuid: int) -> None:
        """Drop an extension, without a word to it."""
        with self._lock:
            if self.extensions.pop(uuid, None) is not None:
                self.removed.append(uuid)

    def remove_broadcast(self, uuid: int) -> None:
        """Drop an extension as the watcher and a deregistration do, once the running query lets go of the database.

        Two of them at once hang osqueryd: the second drops a table whose module the first one takes away, and each
        holds the lock that the other one waits for (osquery/registry/registry_factory.cpp; osquery issue 8096).
        """
        with self._lock:
            if uuid not in self.extensions:
                return
            if uuid in self.leaving:
                self.hung.set()
            self.leaving.add(uuid)
        with self._database:
            if self.hung.is_set():
                self._stopping.wait()
            self.remove(uuid)
            self.leaving.discard(uuid)

    def call(self, table: str, request: Mapping[str, str]) -> Reply:
        """Call a table as a query does: a ping and the call, each on a connection of its own."""
        if not self._database.acquire(blocking=False):
            return self._call(table, request)
        try:
            reply = self._call(table, request)
            self._stopping.wait(self.query_time)
            return reply
        finally:
            self._database.release()

    def _call(self, table: str, request: Mapping[str, str]) -> Reply:
        if self.hung.is_set():
            raise AssertionError(f"the core hangs, and asks {table} no more")
        extension = next((one for one in self.extensions.values() if table in one.registry.get("table", {})), None)
        if extension is None:
            return Reply(1, f"no such table: {table}", [])
        return self.call_item(extension.uuid, "table", table, request)

    def call_item(self, uuid: int, registry: str, item: str, request: Mapping[str, str]) -> Reply:
        """Call any item of an extension."""
        try:
            self._client(uuid, self.ping_timeout, lambda client: client.ping())
        except _FAILURES:
            return Reply(1, "Extension socket not available", [])
        try:
            response = self._client(uuid, self.call_timeout, lambda client: client.call(registry, item, dict(request)))
        except TimeoutError:
            self.remove(uuid)
            return Reply(1, "Extension call failed: THRIFT_EAGAIN (timed out)", [])
        except (EOFError, OSError):
            return Reply(1, "Extension call failed: No more data to read.", [])
        except TApplicationException as error:
            return Reply(1, f"Extension call failed: {error.message}", [])
        return Reply(response.status.code, response.status.message, response.response)

    def ping(self, uuid: int) -> int:
        """Ping an extension as the watcher does, and return the code."""
        return int(self._client(uuid, self.ping_timeout, lambda client: client.ping()).code)

    def shutdown(self, uuid: int) -> None:
        """Ask an extension to end."""
        self._client(uuid, self.ping_timeout, lambda client: client.shutdown())

    def connect(self, uuid: int) -> socket.socket:
        """Return a bare connection to an extension, for a peer that misbehaves."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self.path(uuid))
        except OSError:
            connection.close()
            raise
        connection.settimeout(PATIENCE)
        return connection

    def _client(self, uuid: int, timeout: float, ask: Callable[[Any], Any]) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self.path(uuid))  # without a time limit, as osquery does
            connection.settimeout(timeout)
            return ask(Client(protocol(connection)))

    def awaited(self, found: Callable[[], _T | None], what: str) -> _T:
        """Wait until `found` gives something other than None, and return it."""
        deadline = time.monotonic() + PATIENCE
        while (value := found()) is None:
            if self.hung.is_set() or time.monotonic() > deadline:
                why = "the core hangs and never sees" if self.hung.is_set() else f"waited {PATIENCE:g} s for"
                raise AssertionError(f"{why} {what}\n" + "\n".join(p.stderr for p in self.processes))
            time.sleep(0.01)
        return value

    def _watch(self) -> None:
        first: dict[int, float] = {}  # until when a socket that was never there yet is waited for
        while not self._stopping.wait(self.interval):
            for uuid in list(self.extensions):
                until = first.setdefault(uuid, time.monotonic() + SOCKET_PATIENCE)
                if Path(self.path(uuid)).exists():
                    first[uuid] = 0.0
                elif time.monotonic() < until:
                    continue
                try:
                    code = self.ping(uuid)
                except _FAILURES:
                    code = 1
                if code == 1:
                    self.remove_broadcast(uuid)
                else:
                    self.pinged.add(uuid)

    # The manager's side of the wire

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self._to_break_off:
                self._to_break_off -= 1
                self.broken_off += 1
                connection.close()
                continue
            with self._lock:
                self._connections.add(connection)
            self._start(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        processor, wire = Processor(_Handler(self)), protocol(connection)
        with connection:
            try:
                while not self.deaf and not self.hung.is_set():
                    processor.process(wire, wire)
                while not self._stopping.wait(0.05):
                    pass
            except _FAILURES:
                pass
            finally:
                with self._lock:
                    self._connections.discard(connection)

    def admit(self, info: InternalExtensionInfo, registry: Mapping[str, Any]) -> ExtensionStatus:
        """Decide on a registration, in osquery's words."""
        with self._lock:
            taken = {extension.name for extension in self.extensions.values()}
            taken |= {name for name, until in self._occupied.items() if time.monotonic() < until}
            if info.name in taken:
                return ExtensionStatus(1, "Duplicate extension registered", None)
            sdk = tuple(int(part) for part in info.sdk_version.split("."))
            if sdk < OLDEST_SDK and info.sdk_version != "0.0.0":
                return ExtensionStatus(1, "Incompatible extension SDK version", None)
            tables = {table for extension in self.extensions.values() for table in extension.registry.get("table", {})}
            for name, routes in registry.get("table", {}).items():
                if name in tables or not routes or any("id" not in route for route in routes):
                    return ExtensionStatus(1, "Failed adding registry broadcast", None)
            uuid = random.choice([number for number in range(1, 2**16) if number not in self.extensions])  # noqa: S311 - as osquery's rand()
            self.extensions[uuid] = Extension(uuid, info.name, info.version, info.sdk_version, registry)
            return ExtensionStatus(0, "OK", uuid)


class _Handler:
    """The calls of osquery's ExtensionManager service that extensions make."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def ping(self) -> ExtensionStatus:
        return ExtensionStatus(0, "pong", 0)

    def extensions(self) -> dict[int, InternalExtensionInfo]:
        return {
            one.uuid: InternalExtensionInfo(one.name, one.version, one.sdk_version, one.sdk_version)
            for one in list(self._core.extensions.values())
        }

    def options(self) -> dict[str, InternalOptionInfo]:
        return {name: InternalOptionInfo(value, "", "string") for name, value in self._core.options.items()}

    def registerExtension(  # noqa: N802 - the protocol's name
        self, info: InternalExtensionInfo, registry: Mapping[str, Any]
    ) -> ExtensionStatus:
        return self._core.admit(info, registry)

    def deregisterExtension(self, uuid: int) -> ExtensionStatus:  # noqa: N802 - the protocol's name
        if uuid not in self._core.extensions:
            return ExtensionStatus(1, "No extension UUID registered", 0)
        self._core.remove_broadcast(uuid)
        return ExtensionStatus(0, "", uuid)


_FAILURES = (OSError, EOFError, TException, ValueError)


class _Stream(TSocket):  # type: ignore[misc] # thrift has no types
    """thrift's socket, with Python's own errors for a peer that hangs or is gone."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self.setHandle(connection)

    def read(self, size: int) -> bytes:
        return bytes(self.handle.recv(size))

    def write(self, data: bytes) -> None:
        self.handle.sendall(data)


def protocol(connection: socket.socket) -> TBinaryProtocol:
    return TBinaryProtocol(TBufferedTransport(_Stream(connection)))

"""Our program, but for a farewell once it has closed its socket: as osquery's SDKs for other languages leave."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from osquery.extensions.ExtensionManager import Client

from auditrules.serve import backing, extension, sockets
from tests.core.manager import PATIENCE, protocol
from tests.core.replaced import replaced
from tests.core.sample import TABLE


@contextmanager
def listening(path: str) -> Iterator[socket.socket]:
    """Listen as ever, and deregister at the end."""
    with sockets.listening(path) as listener:
        yield listener
    manager, _, uuid = path.rpartition(".")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(manager)
        Client(protocol(connection)).deregisterExtension(int(uuid))


if __name__ == "__main__":
    replaced(extension, SCHEMAS=(TABLE.schema,), listening=listening)
    replaced(backing, build=lambda _host: (TABLE,))
    sys.exit(extension.main())

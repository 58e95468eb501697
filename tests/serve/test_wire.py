"""What we ask of osquery, where something else answers: it stalls, drips, never ends, or talks nonsense."""

from __future__ import annotations

import random
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from auditrules.cli.environment import ask_osquery
from auditrules.doctor import OsqueryAnswer
from auditrules.serve import wire
from auditrules.serve.lifecycle import ConnectionFailed
from tests.core.manager import PATIENCE
from tests.rights import NOBODY
from tests.serve.thrift_bytes import text

Answering = Callable[[socket.socket, bytes], None]

MOST = 64 << 20  # bytes that are sent at most by what never ends


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "CORE_TIMEOUT", 0.5)


@contextmanager
def answering(folder: Path, answer: Answering) -> Iterator[str]:
    """Answer every connection in this way, after its first bytes, for as long as the test asks."""
    path = str(folder / "em")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with closing(connection), suppress(OSError):
                        answer(connection, connection.recv(65536))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield path
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def reply(name: bytes, result: bytes) -> bytes:
    """A reply to a call by its name; `result` is the type and the value of what it returns."""
    return b"\x80\x01\0\x02" + text(name) + b"\0\0\0\0" + result[:1] + b"\0\0" + result[1:] + b"\0"


EXTENSION = b"\x0b\0\x01" + text(b"auditrules") + b"\x0b\0\x02" + text(b"1.2.3") + b"\0"
EXTENSIONS = reply(b"extensions", b"\x0d\x0a\x0c" + struct.pack("!iq", 1, 7) + EXTENSION)
OPTION = b"\x0b\0\x01" + text(b"10") + b"\0"
OPTIONS = reply(b"options", b"\x0d\x0b\x0c" + struct.pack("!i", 1) + text(b"extensions_timeout") + OPTION)


def drip(connection: socket.socket, _request: bytes) -> None:
    pause = threading.Event()
    for byte in EXTENSIONS[:8] + struct.pack("!i", 100) + 100 * b"x":
        pause.wait(0.1)
        connection.send(bytes([byte]))


def never_end(connection: socket.socket, _request: bytes) -> None:
    """Tell of many extensions with long names."""
    one = b"\x0b\0\x01" + text(1_000_000 * b"x") + b"\0"
    connection.sendall(EXTENSIONS[: EXTENSIONS.index(EXTENSION) - 12] + struct.pack("!i", 2**31 - 1))
    for number in range(MOST // len(one)):
        connection.sendall(struct.pack("!q", number) + one)


def say_nothing(connection: socket.socket, _request: bytes) -> None:
    connection.recv(1)


def nest(connection: socket.socket, _request: bytes) -> None:
    """Send a struct in a struct in a struct, where nobody expects one."""
    connection.sendall(EXTENSIONS[: EXTENSIONS.index(b"\x0d\0\0\x0a")] + 100_000 * b"\x0c\0\x09")


WRONG: tuple[tuple[Answering, str], ...] = (
    (drip, "it took longer than 0.5 s"),
    (say_nothing, "it took longer than 0.5 s"),
    (never_end, "expected a message of at most 4194304 bytes"),
    (nest, "Maximum skip depth exceeded"),
)


@pytest.mark.parametrize(("answer", "error"), WRONG, ids=[each[0].__name__ for each in WRONG])
def test_an_answer_has_its_time_and_its_size(folder: Path, answer: Answering, error: str) -> None:
    with answering(folder, answer) as path, pytest.raises(ConnectionFailed, match=re.escape(error)):
        wire.CoreClient(path, ()).versions()


def test_a_socket_whose_queue_is_full_is_not_waited_for(folder: Path) -> None:
    path = str(folder / "em")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(path)
        listener.listen(0)
        first.connect(path)
        with pytest.raises(ConnectionFailed):
            wire.CoreClient(path, ()).ping()


def speak(connection: socket.socket, request: bytes) -> None:
    connection.sendall(EXTENSIONS if b"extensions" in request else OPTIONS)
    connection.recv(65536)


def test_the_answers_here_are_good_as_they_stand(folder: Path) -> None:
    with answering(folder, speak) as path:
        assert wire.CoreClient(path, ()).versions() == {"auditrules": "1.2.3"}


def test_no_answer_is_an_exception_whatever_its_bytes_are(folder: Path) -> None:
    rng = random.Random(5)  # noqa: S311 - noise

    def mutated(connection: socket.socket, _request: bytes) -> None:
        whole = bytearray(rng.choice((EXTENSIONS, OPTIONS)))
        for _ in range(rng.randrange(1, 4)):
            whole[rng.randrange(len(whole))] = rng.randrange(256)
        connection.sendall(whole)

    with answering(folder, mutated) as path:
        assert {type(ask_osquery(path)) for _ in range(300)} == {OsqueryAnswer}


NOBODYS = f"""
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
listener.listen()
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.root("give_away")
def test_doctor_asks_no_stranger(folder: Path) -> None:
    path = str(folder / "em")
    command = [sys.executable, "-c", NOBODYS, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ask_osquery(path).error == f"a process of user {NOBODY} listens there"
        process.communicate(timeout=PATIENCE)


def test_doctor_asks_a_process_of_its_own_user(folder: Path) -> None:
    with answering(folder, speak) as path:
        assert ask_osquery(path) == OsqueryAnswer(
            extensions={"auditrules": "1.2.3"}, options={"extensions_timeout": "10"}
        )

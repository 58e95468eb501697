"""The extension as a process of its own, on a real socket, against the stand-in core.

`OURS` serves the sample table through the real program; `NAIVE` serves it through osquery-python's TablePlugin and
start_extension, and shows that the core would tell.
"""

from __future__ import annotations

import random
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from osquery.extensions.ttypes import InternalExtensionInfo

from auditrules import __version__
from auditrules.serve import extension, sockets, wire
from auditrules.serve.extension import THREADS
from auditrules.serve.lifecycle import Exit
from tests.core import Core, Database, Extension, Process, Reply, TableError
from tests.core.manager import PATIENCE
from tests.core.sample import NAMES, SCHEMA

OURS = "tests.core.extension"
IMPATIENT = "tests.core.impatient"  # ours, with short times
FAREWELL = "tests.core.farewell"  # ours, which takes its leave
NAIVE = "tests.core.naive"

GENERATE = {"action": "generate", "context": '{"constraints": []}'}


def started(core: Core, module: str = OURS, **options: object) -> tuple[Process, Extension]:
    # osquery-python takes whole seconds alone
    process = core.run(module, **{"interval": "1" if module == NAIVE else "0.2", **options})
    extension = core.registered("naive" if module == NAIVE else "auditrules")
    if module == NAIVE:  # whose socket is there a moment before it listens
        core.awaited(lambda: core.listening(extension.uuid) or None, "the naive extension to listen")
    return process, extension


@dataclass(frozen=True)
class Served:
    """An extension that serves; `process` and `extension` are its process, and what the core knows of it."""

    core: Core
    process: Process
    extension: Extension


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """Give one for all tests that leave it as it was: each start takes half a second of work."""
    with tempfile.TemporaryDirectory(prefix="em", dir="/tmp") as path, Core(Path(path)) as core:
        yield Served(core, *started(core))


shared = pytest.mark.xdist_group("served")


def asleep(core: Core, process: Process) -> None:
    """Wait until the table is in the middle of an answer."""
    core.awaited(lambda: "asleep" in process.stderr or None, "the table to fall asleep")


def attached(core: Core) -> Database:
    database = Database()
    database.attach("sample", core.call)
    return database


def behaving(behaviour: str) -> dict[str, str]:
    term = '{"op": 2, "expr": "' + behaviour + '"}'
    return {"action": "generate", "context": '{"constraints": [{"name": "behave", "list": [' + term + "]}]}"}


# Registration


@shared
def test_it_registers_its_name_version_and_routes(served: Served) -> None:
    assert (served.extension.name, served.extension.version, served.extension.registry) == (
        "auditrules",
        __version__,
        {"table": {"sample": SCHEMA.routes()}},
    )


def test_it_registers_as_osquery_starts_it(core: Core) -> None:
    core.run(OURS, timeout="3", interval="3", flags=["--verbose"])
    assert core.registered().name == "auditrules"


@pytest.mark.parametrize("flags", [["--new_flag"], ["--new_flag=1"], ["--new_flag", "1"], ["-z"], ["--sock", "x"]])
def test_flags_of_another_osquery_are_ignored_and_told(core: Core, flags: list[str]) -> None:
    process, _ = started(core, flags=flags)
    assert process.stderr.splitlines()[0] == f"auditrules: flags without a meaning here: {' '.join(flags)}"


def test_a_naive_extension_dies_of_an_unknown_flag(core: Core) -> None:
    assert core.run(NAIVE, interval="1", flags=["--new_flag"]).ended() == 2


def test_flags_with_an_equals_sign_are_read(core: Core) -> None:
    core.run(OURS, flags=[f"--socket={core.socket}", "--timeout=3", "--interval=3"])
    assert core.registered().name == "auditrules"


@shared
def test_its_socket_is_for_its_owner_only(served: Served) -> None:
    assert stat.filemode(Path(served.core.path(served.extension.uuid)).stat().st_mode) == "srwx------"


def test_one_line_on_stderr_says_that_it_serves(core: Core) -> None:
    process, extension = started(core)
    core.call("sample", GENERATE)
    assert process.stderr == f"auditrules: version {__version__} serves sample at {core.path(extension.uuid)}\n"


def test_it_waits_for_a_socket_that_is_not_there_yet(folder: Path) -> None:
    core = Core(folder)
    process = core.run(OURS, timeout="60")
    time.sleep(0.5)
    with core:
        assert core.registered().name == "auditrules"
        assert process.running


def test_without_a_socket_it_says_so_and_fails(folder: Path) -> None:
    core = Core(folder)
    process = core.run(OURS, timeout="0.3")
    assert (process.ended(), process.stderr) == (
        Exit.NO_SOCKET,
        f"auditrules: osquery did not answer within 0.3 s: No such file or directory ({core.socket})\n",
    )


def test_a_naive_extension_without_a_socket_ends_as_if_all_were_well(folder: Path) -> None:
    process = Core(folder).run(NAIVE, timeout="1", interval="1")
    assert (process.ended(), process.stderr) == (0, "")


def test_a_name_still_taken_by_a_dead_predecessor_is_waited_for(core: Core) -> None:
    core.occupy("auditrules", 1.0)
    process, _ = started(core)
    assert process.running


def test_a_naive_extension_gives_up_on_a_taken_name(core: Core) -> None:
    core.occupy("naive", 60.0)
    process = core.run(NAIVE, interval="1")
    assert (process.ended(), "Duplicate extension registered" in process.stderr) == (1, True)


def test_a_second_extension_of_the_same_name_is_refused(core: Core) -> None:
    _, first = started(core)
    process = core.run(IMPATIENT, interval="0.2")
    assert (process.ended(), process.stderr) == (
        Exit.REFUSED,
        f"auditrules: osquery refused the registration: Duplicate extension registered ({core.socket})\n",
    )
    assert list(core.extensions) == [first.uuid]


def test_a_table_of_another_extension_is_a_refusal_in_osquerys_words(core: Core) -> None:
    started(core, NAIVE)
    process = core.run(OURS)
    assert (process.ended(), process.stderr) == (
        Exit.REFUSED,
        f"auditrules: osquery refused the registration: Failed adding registry broadcast ({core.socket})\n",
    )


def test_with_a_prefix_it_registers_and_answers_beside_a_table_of_the_same_name(core: Core) -> None:
    started(core, NAIVE)
    _, ours = started(core, flags=["--table-prefix", "our_"])
    assert list(ours.registry["table"]) == ["our_sample"]
    assert core.call("our_sample", GENERATE).code == 0


@pytest.mark.parametrize(
    ("sdk", "message"),
    [("1.7.6", "Incompatible extension SDK version"), ("1.7.7", "OK"), ("0.0.0", "OK"), (wire.SDK_VERSION, "OK")],
)
def test_the_core_compares_the_sdk_version(folder: Path, sdk: str, message: str) -> None:
    info = InternalExtensionInfo("other", "1", sdk, sdk)
    assert Core(folder).admit(info, {"table": {"t": SCHEMA.routes()}}).message == message


@pytest.mark.parametrize("routes", [[], [{"name": "path", "type": "TEXT"}]])
def test_the_core_refuses_a_table_without_routes(folder: Path, routes: list[dict[str, str]]) -> None:
    info = InternalExtensionInfo("other", "1", "0.0.0", "0.0.0")
    assert Core(folder).admit(info, {"table": {"t": routes}}).message == "Failed adding registry broadcast"


@pytest.mark.parametrize("suffix", ["", "~"])
def test_a_stale_socket_in_its_place_is_removed(folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setattr(random, "choice", lambda _numbers: 4711)
    with Core(folder, interval=60) as core:  # no ping of the watcher finds the stale one
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(core.path(4711) + suffix)
        process, _ = started(core)
        core.awaited(lambda: core.call("sample", GENERATE).rows or None, "an answer")
        assert process.running


def killed(core: Core) -> Path:
    """Kill an extension, and give the path of the socket that it leaves."""
    process, extension = started(core)
    core.awaited(lambda: marked(core.path(extension.uuid)).exists() or None, "its mark")
    process.popen.kill()
    process.ended()
    core.gone(extension.uuid)
    return Path(core.path(extension.uuid))


def marked(path: str | Path) -> Path:
    return Path(f"{path}.auditrules")


def test_the_socket_of_a_killed_predecessor_is_removed(core: Core) -> None:
    left = killed(core)
    assert left.is_socket()
    started(core)
    core.awaited(lambda: not (left.exists() or marked(left).exists()) or None, "both names to go")


def test_a_dead_socket_of_another_extension_is_left(core: Core) -> None:
    other = Path(core.path(77777))
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(other))
    left = killed(core)
    started(core)
    core.awaited(lambda: not left.exists() or None, "ours to go")
    assert other.is_socket()


def test_a_socket_of_ours_that_listens_is_left(core: Core) -> None:
    alive = Path(core.path(77777))
    with sockets.listening(str(alive)):
        left = killed(core)
        started(core)
        core.awaited(lambda: not left.exists() or None, "the dead one to go")
        assert (alive.is_socket(), marked(alive).is_socket()) == (True, True)


def test_another_socket_that_has_taken_the_place_of_ours_is_left(core: Core) -> None:
    left = killed(core)
    left.unlink()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left))
    started(core)
    core.awaited(lambda: not marked(left).exists() or None, "the mark to go")
    assert left.is_socket()


@pytest.mark.parametrize("name", ["em.77777", "em.77777.auditrules"])
def test_files_with_names_like_those_are_left(core: Core, name: str) -> None:
    file = core.folder / name
    file.write_text("")
    left = killed(core)
    started(core)
    core.awaited(lambda: not left.exists() or None, "ours to go")
    assert file.exists()


def test_a_file_in_the_place_of_its_socket_is_left_and_told(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "choice", lambda _numbers: 4711)
    Path(core.path(4711)).write_text("kept")
    process = core.run(OURS)
    assert (process.ended(), process.stderr) == (
        Exit.NOT_SERVING,
        (
            f"auditrules: no socket could be made at {core.path(4711)}: something that is no socket is in its place "
            f"({core.socket})\n"
        ),
    )
    assert Path(core.path(4711)).read_text() == "kept"
    core.gone(4711)


def test_a_socket_path_too_long_for_linux_is_told(folder: Path) -> None:
    path = f"{folder}/{'x' * 120}"
    run = subprocess.run(
        [sys.executable, "-m", OURS, "--socket", path],
        env={"PYTHONPATH": ":".join(entry or "." for entry in sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (
        Exit.NOT_SERVING,
        (
            "auditrules: expected a socket path of at most 100 bytes: the extension's own socket stands beside it, "
            f"its name up to seven bytes longer, and Linux allows 107 ({path})\n"
        ),
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([], "the following arguments are required: --socket"),
        (["--socket", "x", "--timeout", "soon"], "argument --timeout: expected a number of seconds, found 'soon'"),
        (["--socket", "x", "--interval", "-1"], "argument --interval: expected a number of seconds, found '-1'"),
        (["--socket", "x", "--timeout", "nan"], "argument --timeout: expected a number of seconds, found 'nan'"),
        (
            ["--socket", "x", "--table-prefix", "My-"],
            "argument --table-prefix: expected lower-case letters, digits and _, found 'My-'",
        ),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        extension.main(arguments)
    assert capsys.readouterr().err.splitlines()[-1] == f"auditrules.ext: error: {error}"


def test_the_version_is_the_registered_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        extension.main(["--version"])
    assert capsys.readouterr().out == f"auditrules.ext {__version__}\n"


# Answers


@shared
def test_a_query_runs_over_the_socket(served: Served) -> None:
    assert attached(served.core).query("SELECT name, number FROM sample") == [
        (name, number) for number, name in enumerate(NAMES, 1)
    ]


@shared
def test_or_loses_no_row(served: Served) -> None:
    assert attached(served.core).query("SELECT name FROM sample WHERE name = 'apple' OR number = 3") == [
        ("apple",),
        ("pear",),
    ]


def test_or_loses_a_row_of_a_naive_extension(core: Core) -> None:
    started(core, NAIVE)
    assert attached(core).query("SELECT name FROM sample WHERE name = 'apple' OR number = 3") == [("apple",)]


# what the table does; ours; the naive extension's
ERRORS = [
    (
        "raise",
        'sample: KeyError: "no such key in the table\'s own code"',
        "Extension registry does not contain requested plugin",
    ),
    ("ask", "sample: this cannot be answered", "Extension call failed: Internal error"),
    ("exit", "sample: SystemExit: 3", "Extension call failed: No more data to read."),
    ("die", "Extension call failed: No more data to read.", "Extension call failed: No more data to read."),
]


@pytest.mark.parametrize(("behaviour", "message", "_naive"), ERRORS[:-1])
@shared
def test_a_failing_table_is_an_sql_error_with_its_cause(
    served: Served, behaviour: str, message: str, _naive: str
) -> None:
    with pytest.raises(TableError) as error:
        attached(served.core).query("SELECT * FROM sample WHERE behave = ?", [behaviour])
    assert str(error.value) == message
    assert served.process.running


def test_a_table_that_ends_the_process_is_an_sql_error(core: Core) -> None:
    started(core)
    behaviour, message, _ = ERRORS[-1]
    with pytest.raises(TableError) as error:
        attached(core).query("SELECT * FROM sample WHERE behave = ?", [behaviour])
    assert str(error.value) == message


@pytest.mark.parametrize(("behaviour", "_ours", "message"), ERRORS)
def test_a_failing_table_of_a_naive_extension_loses_its_cause(
    core: Core,
    behaviour: str,
    _ours: str,
    message: str,
) -> None:
    started(core, NAIVE)
    with pytest.raises(TableError) as error:
        attached(core).query("SELECT * FROM sample WHERE behave = ?", [behaviour])
    assert str(error.value) == message


def test_the_traceback_of_a_failure_is_on_stderr_with_verbose(core: Core) -> None:
    process, _ = started(core, flags=["--verbose"])
    core.call("sample", behaving("raise"))
    assert 'KeyError: "no such key in the table\'s own code"' in process.stderr


def test_a_failure_leaves_stderr_alone_without_verbose(core: Core) -> None:
    process, _ = started(core)
    core.call("sample", behaving("raise"))
    assert len(process.stderr.splitlines()) == 1


@shared
def test_text_that_cannot_be_encoded_is_escaped(served: Served) -> None:
    names = attached(served.core).query("SELECT name FROM sample WHERE behave = 'surrogate' AND number = 6")
    assert names == [("caf\\udce9",)]


def test_text_that_cannot_be_encoded_costs_a_naive_extension_its_reply(core: Core) -> None:
    started(core, NAIVE)
    assert core.call("sample", behaving("surrogate")).message == "Extension call failed: No more data to read."


@pytest.mark.parametrize("action", ["insert", "update", "delete"])
@shared
def test_writing_is_answered_with_readonly(served: Served, action: str) -> None:
    assert served.core.call("sample", {"action": action}) == Reply(0, "OK", [{"status": "readonly"}])


@shared
def test_columns_are_the_registered_routes(served: Served) -> None:
    assert served.core.call("sample", {"action": "columns"}).rows == served.extension.registry["table"]["sample"]


@pytest.mark.parametrize(("registry", "item"), [("table", "other"), ("config", "sample"), ("", "")])
@shared
def test_what_it_does_not_have_is_an_error_that_names_what_it_has(served: Served, registry: str, item: str) -> None:
    reply = served.core.call_item(served.extension.uuid, registry, item, {})
    assert reply == Reply(1, f"expected a table of sample, found {registry!r} {item!r}", [])


def binary(*strings: bytes) -> bytes:
    """Return a `call` message with these bytes as registry, item, and the context of a generate request."""
    registry, item, context = (struct.pack("!i", len(string)) + string for string in strings)
    action = b"\0\0\0\x06action\0\0\0\x08generate"
    fields = b"\x0b\0\x01" + registry + b"\x0b\0\x02" + item
    request = b"\x0d\0\x03\x0b\x0b\0\0\0\x02" + action + b"\0\0\0\x07context" + context + b"\0"
    return b"\x80\x01\0\x01\0\0\0\x04call\0\0\0\0" + fields + request


NOT_UTF8 = b'{"constraints": [{"name": "name", "list": [{"op": 2, "expr": "caf\xe9"}]}]}'


def raw_reply(core: Core, extension: Extension, message: bytes) -> bytes:
    with core.connect(extension.uuid) as peer:
        peer.sendall(message)
        return peer.recv(65536)


@shared
def test_a_request_that_is_not_utf8_is_answered(served: Served) -> None:
    reply = raw_reply(served.core, served.extension, binary(b"table", b"sample", NOT_UTF8))
    assert reply.startswith(b"\x80\x01\0\x02\0\0\0\x04call")


def test_a_request_that_is_not_utf8_gets_no_reply_of_a_naive_extension(core: Core) -> None:
    _, extension = started(core, NAIVE)
    assert raw_reply(core, extension, binary(b"table", b"sample", NOT_UTF8)) == b""


# Peers


def test_it_answers_pings_and_queries_while_a_query_runs(core: Core) -> None:
    process, extension = started(core)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(core.call, "sample", behaving("sleep 3"))
        asleep(core, process)
        code, reply = core.ping(extension.uuid), core.call("sample", GENERATE)
        assert not slow.done()
    assert (code, reply.code, slow.result().code) == (0, 0, 0)


@pytest.mark.full
def test_a_naive_extension_is_lost_to_a_second_query_while_the_first_runs(folder: Path) -> None:
    # the watcher's interval is long: this is about the ping before each call
    with Core(folder, interval=60, ping_timeout=0.5) as core:
        process, _ = started(core, NAIVE)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(core.call, "sample", behaving("sleep 3"))
            asleep(core, process)
            assert core.call("sample", GENERATE).message == "Extension socket not available"


@shared
def test_idle_peers_on_all_threads_but_one_block_nobody(served: Served) -> None:
    with ExitStack() as peers:
        for _ in range(THREADS - 1):
            peers.enter_context(served.core.connect(served.extension.uuid))
        assert [served.core.call("sample", GENERATE).code for _ in range(20)] == [0] * 20


def test_idle_peers_on_all_threads_are_dropped_before_a_ping_gives_up(folder: Path) -> None:
    with Core(folder, interval=60) as core:
        assert core.ping_timeout > wire.PEER_TIMEOUT
        _, extension = started(core, IMPATIENT)
        with ExitStack() as peers:
            for _ in range(THREADS):
                peers.enter_context(core.connect(extension.uuid))
            assert core.call("sample", GENERATE).code == 0


def drip(peer: socket.socket) -> None:
    """Send a long message byte by byte."""
    peer.sendall(b"\x80\x01\0\x01\0\0\x10\0")
    while True:
        time.sleep(0.1)
        peer.sendall(b"x")


def ping_on(peer: socket.socket) -> None:
    """Send one message after the other, each as osquery does."""
    while True:
        peer.sendall(b"\x80\x01\0\x01\0\0\0\x04ping\0\0\0\0\0")
        if not peer.recv(4096):
            return
        time.sleep(0.01)


def sip(peer: socket.socket) -> None:
    """Ask for much at once, and take it in small pieces, until the extension drops us."""
    peer.settimeout(0)
    peer.send(1_000 * binary(b"table", b"sample", b"{}"))
    peer.settimeout(PATIENCE)
    dropped = select.poll()
    dropped.register(peer, 0)  # what had come before would be sipped for most of a minute
    while not dropped.poll(0) and peer.recv(512):
        time.sleep(0.1)


@pytest.mark.parametrize("misbehave", [drip, ping_on, sip], ids=lambda each: each.__name__)
@pytest.mark.parametrize("count", [THREADS, 3 * THREADS])
def test_peers_that_never_end_keep_no_thread_for_good(
    folder: Path, misbehave: Callable[[socket.socket], None], count: int
) -> None:
    def peer(core: Core, uuid: int) -> None:
        with suppress(OSError):
            while True:  # dropped, it comes again
                with core.connect(uuid) as connection, suppress(BrokenPipeError, ConnectionResetError):
                    misbehave(connection)

    with Core(folder, interval=60) as core, ThreadPoolExecutor(count) as pool:
        process, extension = started(core, IMPATIENT)
        try:
            for _ in range(count):
                pool.submit(peer, core, extension.uuid)
            core.awaited(lambda: taken(process) or None, "all threads to be taken")
            assert core.call("sample", GENERATE).code == 0
        finally:
            process.popen.kill()  # so that no peer comes again


def taken(process: Process) -> bool:
    """Whether an extension has a connection for each thread, beside its listening socket."""
    count = 0
    for each in Path(f"/proc/{process.popen.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since
            count += str(each.readlink()).startswith("socket:")
    return count > THREADS


@shared
def test_a_message_without_an_end_is_not_waited_for(served: Served) -> None:
    start = binary(b"table", b"sample", b"{}")
    start = start[: start.index(b"\x0d\0\x03") + 5] + b"\x7f\xff\xff\xff"  # a request of so many texts
    piece = b"\0\x0f\x42\x40" + 1_000_000 * b"x"
    with served.core.connect(served.extension.uuid) as peer, pytest.raises(OSError, match=r"Broken pipe|reset"):  # noqa: PT012
        peer.sendall(start)
        for _ in range(100):
            peer.sendall(piece)


@pytest.mark.full
def test_one_idle_peer_blocks_a_naive_extension(folder: Path) -> None:
    with Core(folder, interval=60, ping_timeout=1.0) as core:
        _, extension = started(core, NAIVE)
        with core.connect(extension.uuid):
            assert core.call("sample", GENERATE).message == "Extension socket not available"


@pytest.mark.parametrize("length", [1, 4, 13, 30, 60])
@shared
def test_a_message_that_stops_half_way_disturbs_nobody(served: Served, length: int) -> None:
    with served.core.connect(served.extension.uuid) as stuck:
        stuck.sendall(binary(b"table", b"sample", b"{}")[:length])
        assert served.core.call("sample", GENERATE).code == 0


def test_200_messages_of_random_bytes_disturb_nobody(core: Core) -> None:
    process, extension = started(core)
    rng = random.Random(5)  # noqa: S311 - noise
    start = binary(b"table", b"sample", b"{}")
    for _ in range(200):
        with core.connect(extension.uuid) as peer:
            noise = rng.randbytes(rng.randrange(1, 300))
            peer.sendall(noise if rng.random() < 0.5 else start[: rng.randrange(len(start))] + noise)
    assert (core.call("sample", GENERATE).code, process.running) == (0, True)
    assert len(process.stderr.splitlines()) == 1


@shared
def test_a_string_that_claims_two_gigabytes_is_not_waited_for(served: Served) -> None:
    assert raw_reply(served.core, served.extension, b"\x80\x01\0\x01\x7f\xff\xff\xff") == b""


@shared
def test_a_peer_that_does_not_read_its_reply_disturbs_nobody(served: Served) -> None:
    with served.core.connect(served.extension.uuid) as peer:
        peer.sendall(binary(b"table", b"sample", b"{}") * 500)
        assert served.core.call("sample", GENERATE).code == 0


@shared
def test_many_clients_at_once_are_all_answered(served: Served) -> None:
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: served.core.call("sample", GENERATE), range(100)))
    assert {(reply.code, len(reply.rows)) for reply in replies} == {(0, len(NAMES))}


# Leaving


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_nothing_left_behind(core: Core, number: signal.Signals) -> None:
    process, extension = started(core, interval="3")
    process.popen.send_signal(number)
    assert process.ended() == Exit.STOPPED
    assert list(core.folder.glob("em.*")) == []
    core.gone(extension.uuid)


def leaving_during_a_query(core: Core, module: str, pool: ThreadPoolExecutor) -> None:
    """End an extension while a query keeps the database, and wait until the core notices."""
    process, _ = started(core, module)
    pool.submit(core.call, "sample", GENERATE)
    core.awaited(lambda: core.querying or None, "the query to run")
    process.popen.terminate()
    core.awaited(lambda: core.leaving or None, "the core to notice")


def test_a_signal_during_a_query_hangs_no_osquery(folder: Path) -> None:
    with ThreadPoolExecutor(1) as pool, Core(folder, query_time=PATIENCE) as core:
        leaving_during_a_query(core, OURS, pool)
        assert core.processes[0].ended() == Exit.STOPPED
        assert not core.hung.is_set()


def test_a_farewell_after_the_socket_is_closed_hangs_osquery(folder: Path) -> None:
    with ThreadPoolExecutor(1) as pool, Core(folder, query_time=PATIENCE) as core:
        leaving_during_a_query(core, FAREWELL, pool)
        assert core.hung.wait(PATIENCE)


def test_a_signal_ends_a_naive_extension_with_its_socket_left_behind(core: Core) -> None:
    process, extension = started(core, NAIVE)
    process.popen.terminate()
    process.ended()
    assert Path(core.path(extension.uuid)).exists()


def test_a_signal_before_the_registration_ends_it(folder: Path) -> None:
    core = Core(folder)
    process = core.run(OURS, timeout="60", flags=["--verbose"])
    core.awaited(lambda: process.stderr or None, "its first words")
    process.popen.terminate()
    assert process.ended() == Exit.STOPPED


def test_the_shutdown_call_is_answered_and_ends_it(core: Core) -> None:
    process, extension = started(core, interval="3")
    core.shutdown(extension.uuid)
    assert process.ended() == Exit.STOPPED
    assert not Path(core.path(extension.uuid)).exists()


def test_a_signal_is_obeyed_while_a_query_runs(core: Core) -> None:
    process, _ = started(core, interval="3")
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(core.call, "sample", behaving("sleep 50"))
        asleep(core, process)
        process.popen.terminate()
        assert (process.ended(), reply.result().message) == (
            Exit.STOPPED,
            "Extension call failed: No more data to read.",
        )


def test_dropped_for_a_late_answer_it_ends_so_that_osquery_starts_it_again(folder: Path) -> None:
    with Core(folder, call_timeout=0.5) as core:
        process, extension = started(core)
        assert core.call("sample", behaving("sleep 1")).message == "Extension call failed: THRIFT_EAGAIN (timed out)"
        assert (process.ended(), process.stderr.splitlines()[-1]) == (
            Exit.DROPPED,
            (
                f"auditrules: osquery dropped extension {extension.uuid} (this one), as it does after one late answer "
                f"({core.socket})"
            ),
        )
        assert not Path(core.path(extension.uuid)).exists()
        started(core)
        assert core.call("sample", GENERATE).code == 0


@pytest.mark.full
def test_dropped_for_a_late_answer_a_naive_extension_lives_on_and_never_comes_back(folder: Path) -> None:
    with Core(folder, call_timeout=0.5) as core:
        process, extension = started(core, NAIVE)
        core.call("sample", behaving("sleep 1"))
        time.sleep(2.2)  # two of its intervals
        assert (process.running, core.extensions, core.removed) == (True, {}, [extension.uuid])
        assert core.call("sample", GENERATE).message == "no such table: sample"


def test_when_osquery_is_killed_it_ends_and_takes_its_socket_along(core: Core) -> None:
    process, extension = started(core)
    core.kill()
    assert (process.ended(), process.stderr.splitlines()[-1]) == (
        Exit.OSQUERY_GONE,
        f"auditrules: osquery did not answer 3 times in a row: Connection refused ({core.socket})",
    )
    assert not Path(core.path(extension.uuid)).exists()


def test_osquery_that_is_killed_can_start_again_at_once(core: Core) -> None:
    process, _ = started(core, interval="60")
    core.kill()
    core.listen()
    assert process.running


def test_while_a_naive_extension_lives_osquery_cannot_start_again(core: Core) -> None:
    started(core, NAIVE)
    core.kill()
    with pytest.raises(BlockingIOError):
        core.listen()


def test_when_osquery_is_stopped_for_good_it_ends(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    process, _ = started(core, IMPATIENT)
    monkeypatch.setattr(core, "deaf", True)
    assert process.ended() == Exit.OSQUERY_GONE


def test_two_failed_checks_are_forgiven(core: Core) -> None:
    process, extension = started(core, interval="0.5")
    core.break_off(2)
    core.awaited(lambda: core.broken_off == 2 or None, "two checks")
    time.sleep(1.5)
    assert (process.running, list(core.extensions)) == (True, [extension.uuid])


def test_when_the_process_that_started_it_ends_so_does_it(core: Core) -> None:
    launcher = core.run("tests.core.launcher", interval="0.2")
    extension = core.registered()
    launcher.popen.kill()
    core.gone(extension.uuid)
    core.awaited(lambda: not Path(core.path(extension.uuid)).exists() or None, "its socket to go")
    # The socket goes first; what it says of it may come a moment later.
    told = f"auditrules: the process that started the extension has ended ({core.socket})\n"
    core.awaited(lambda: launcher.stderr.endswith(told) or None, "its last words")


def test_killed_it_is_removed_and_its_successor_registers(core: Core) -> None:
    for _ in range(5):
        process, extension = started(core)
        assert core.call("sample", GENERATE).code == 0
        process.popen.kill()
        process.ended()
        core.gone(extension.uuid)

"""What osquery, its peers and the host can do to the extension, again and again; each figure is in the test's name.

`make test` runs few rounds, `make soak` as many as are promised.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from auditrules.serve.extension import THREADS
from auditrules.serve.lifecycle import Exit
from tests.core import Core, Database, Extension, Process, Reply
from tests.core.manager import PATIENCE
from tests.serve.thrift_bytes import text

EXTENSION = "tests.core.extension"
STRESSED = "tests.core.stressed"
GENERATE = {"action": "generate", "context": '{"constraints": []}'}
SOAK = bool(os.environ.get("SOAK"))


def rounds(quick: int, soak: int, what: str) -> pytest.MarkDecorator:
    """Run a test with one count or the other, which its name tells."""
    count = soak if SOAK else quick
    return pytest.mark.parametrize("count", [pytest.param(count, id=f"{count} {what}")])


def started(core: Core, *host: str) -> tuple[Process, Extension]:
    """Start the sample table, or the real ones over a host of `tests.core.stressed`."""
    process = core.run(STRESSED if host else EXTENSION, flags=host, interval="0.2")
    return process, core.registered()


PING = b"\x80\x01\0\x01" + text(b"ping") + b"\0\0\0\0\0"
CALL = (
    *(b"\x80\x01\0\x01", text(b"call"), b"\0\0\0\0"),
    *(b"\x0b\0\x01", text(b"table"), b"\x0b\0\x02", text(b"sample")),
    *(b"\x0d\0\x03\x0b\x0b\0\0\0\x02", text(b"action"), text(b"generate"), text(b"context"), text(b"{}"), b"\0"),
)


def asked(core: Core, uuid: int, message: bytes, length: int) -> bytes:
    """Send a message on a connection of its own, and take so many bytes of what comes."""
    with core.connect(uuid) as peer:
        peer.sendall(message)
        reply = b""
        while len(reply) < length and (more := peer.recv(length - len(reply))):
            reply += more
        return reply


def exchanged(core: Core, uuid: int, message: bytes) -> bytes:
    """Send a message and take the whole reply, whose end shows when the peer hangs up."""
    with core.connect(uuid) as peer:
        peer.sendall(message)
        peer.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: peer.recv(65536), b""))


# Living and dying


@rounds(5, 100, "kills")
def test_killed_and_started_again_at_once_it_registers_and_answers(core: Core, count: int) -> None:
    process, extension = started(core)
    for _ in range(count):
        process.popen.kill()
        process.ended()
        process = core.run(EXTENSION, interval="0.2")  # its predecessor is still registered
        extension = core.awaited(other_than(core, extension), "its successor to register")
        core.awaited(lambda: core.call("sample", GENERATE).rows or None, "an answer of the successor")
    assert (process.running, len(process.stderr.splitlines())) == (True, 1)


@rounds(5, 200, "SIGTERMs")
def test_terminated_under_queries_it_hangs_no_osquery_and_its_successor_answers(folder: Path, count: int) -> None:
    with Core(folder, query_time=0.1) as core:
        _, extension = started(core)
        with asking(core, clients=4) as asked:
            for number in range(count):
                process = core.processes[-1]
                core.awaited(lambda one=extension: one.uuid in core.pinged or None, "the watcher's ping")  # type: ignore[misc]
                core.awaited(more_than(len(asked), asked), "an answer")
                process.popen.terminate()
                assert process.ended() == Exit.STOPPED
                core.run(EXTENSION, interval="0.2")  # its predecessor is still registered
                extension = core.awaited(other_than(core, extension), f"successor {number + 1} to register")
            core.awaited(lambda: core.call("sample", GENERATE).rows or None, "an answer of the last")
        sys.stdout.write(f"{count} SIGTERMs during {len(asked)} queries: hung is {core.hung.is_set()}\n")
        assert not core.hung.is_set()


def more_than(count: int, replies: Sequence[Reply]) -> Callable[[], bool | None]:
    return lambda: len(replies) > count or None


@contextmanager
def asking(core: Core, clients: int) -> Iterator[Sequence[Reply]]:
    """Ask one query after the other, and give what is answered so far."""
    replies: list[Reply] = []
    enough = threading.Event()

    def ask() -> None:
        while not (enough.is_set() or core.hung.is_set()):
            reply = core.call("sample", GENERATE)
            if reply.code == 0:
                replies.append(reply)
            else:
                enough.wait(0.01)  # nobody is there to answer

    with ThreadPoolExecutor(clients) as pool:
        for _ in range(clients):
            pool.submit(ask)
        try:
            yield replies
        finally:
            enough.set()


def other_than(core: Core, old: Extension) -> Callable[[], Extension | None]:
    return lambda: next((one for one in list(core.extensions.values()) if one.uuid != old.uuid), None)


@rounds(1, 10, "cores")
def test_a_core_killed_with_sigkill_starts_again_at_once_and_leaves_no_socket_of_its_extension(
    folder: Path, count: int
) -> None:
    path = os.pathsep.join(entry or "." for entry in sys.path)
    for _ in range(count):
        daemon = subprocess.Popen(
            [sys.executable, "-m", "tests.core.daemon", str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert daemon.stdout is not None
        with daemon.stdout:
            own = folder / f"em.{daemon.stdout.readline().strip()}"
        assert own.is_socket()
        daemon.kill()
        daemon.wait()
        successor = Core(folder)
        successor.lock()
        successor.kill()
        successor.awaited(lambda own=own: not own.exists() or None, "the extension's socket to go")  # type: ignore[misc]


@rounds(2, 20, "times")
def test_deregistered_by_the_core_it_ends_with_an_error_and_its_successor_registers(core: Core, count: int) -> None:
    for _ in range(count):
        process, extension = started(core)
        core.remove(extension.uuid)
        assert process.ended() == Exit.DROPPED
        assert not Path(core.path(extension.uuid)).exists()


# Peers


@rounds(100, 1_000, "queries")
def test_32_clients_at_once_are_all_answered(core: Core, count: int) -> None:
    process, _ = started(core)
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: core.call("sample", GENERATE), range(count)))
    assert {(reply.code, len(reply.rows)) for reply in replies} == {(0, 5)}
    assert len(process.stderr.splitlines()) == 1


@rounds(50, 1_000, "queries")
def test_with_an_idle_peer_on_every_thread_but_one_all_are_answered(core: Core, count: int) -> None:
    _, extension = started(core)
    codes = set()
    with ExitStack() as peers:
        for number in range(count):
            if number % 100 == 0:  # the idle are dropped after a while, and come again
                peers.close()
                for _ in range(THREADS - 1):
                    peers.enter_context(core.connect(extension.uuid))
            codes.add(core.call("sample", GENERATE).code)
    assert codes == {0}


@rounds(20, len(b"".join(CALL)), "places")
def test_a_message_that_stops_half_way_is_no_message_wherever_it_stops(core: Core, count: int) -> None:
    _, extension = started(core)
    whole = b"".join(CALL)
    for number in range(count):
        half = whole[: 1 + number * (len(whole) - 1) // count]
        assert exchanged(core, extension.uuid, half) == b"", half
    assert core.call("sample", GENERATE).code == 0


@rounds(300, 10_000, "messages")
def test_random_bytes_disturb_nobody(core: Core, count: int) -> None:
    process, extension = started(core)
    rng = random.Random(5)  # noqa: S311 - noise
    whole = b"".join(CALL)
    for _ in range(count):
        noise = rng.randbytes(rng.randrange(1, 300))
        with core.connect(extension.uuid) as peer:
            peer.sendall(noise if rng.random() < 0.5 else whole[: rng.randrange(len(whole))] + noise)
    assert core.call("sample", GENERATE).code == 0
    assert (process.running, len(process.stderr.splitlines())) == (True, 1)


# The host


def test_an_auditctl_that_hangs_is_an_answer_that_says_so_and_pings_are_answered_meanwhile(
    core: Core, folder: Path
) -> None:
    program = folder / "auditctl"
    program.write_text("#!/bin/sh\nexec sleep 1000\n")
    program.chmod(0o755)
    _, extension = started(core, "hanging", str(program))
    with ThreadPoolExecutor(1) as pool:
        reply = pool.submit(core.call, "audit_status", GENERATE)
        pings = 0
        while not reply.done():
            assert core.ping(extension.uuid) == 0
            pings += 1
            time.sleep(0.05)
    assert pings > 1
    assert [(row["state"], row["reader"]) for row in reply.result().rows] == [("timed_out", "auditctl")]
    assert list(core.extensions) == [extension.uuid]


@pytest.mark.root("mount")
def test_a_fuse_mount_that_never_answers_is_not_touched_for_a_rule_or_a_query_that_names_it(folder: Path) -> None:
    point = folder / "mount"
    point.mkdir()
    with Core(folder, call_timeout=PATIENCE) as core:
        started(core, "dead", str(point))
        reply = core.call("audit_rules", GENERATE)
        assert [row["path"] for row in reply.rows if row["source"] == "rules.d"] == [f"{point}/file"]
        database = Database()
        database.attach("audit_coverage", core.call)
        sql = "SELECT unknown, reason FROM audit_coverage WHERE path = ? AND source = 'kernel'"
        assert database.query(sql, [f"{point}/other"]) == [("rwxa", "remote_filesystem")]


@rounds(40, 1_000, "queries")
def test_while_rules_change_each_query_sees_one_version_of_them(core: Core, count: int) -> None:
    started(core, "changing")
    sql = "SELECT DISTINCT keys, count(*) FROM audit_rules WHERE source = 'kernel' GROUP BY keys"

    def one(_number: int) -> list[tuple[object, ...]]:
        database = Database()
        database.attach("audit_rules", core.call)
        return database.query(sql)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(one, range(count)))
    assert {len(versions) for versions in seen} == {1}
    assert {versions[0][1] for versions in seen} == {200}
    assert len({versions[0][0] for versions in seen}) > 1


@pytest.mark.parametrize("count", [pytest.param(10_000, id="10000 rules")])
def test_so_many_rules_come_in_one_answer(core: Core, count: int) -> None:
    started(core, "loaded", str(count))
    reply = core.call("audit_rules", GENERATE)
    rules = [row for row in reply.rows if row["source"] == "kernel"]
    assert [int(row["position"]) for row in rules] == list(range(1, count + 1))
    assert len({row["rule"] for row in rules}) == count


@rounds(2_000, 100_000, "queries")
def test_memory_and_descriptors_stay_level(core: Core, count: int) -> None:
    process, extension = started(core)
    message = b"".join(CALL)
    lengths = {each: len(exchanged(core, extension.uuid, each)) for each in (PING, message)}

    def ask(number: int) -> None:
        for _ in range(number):
            for each, length in lengths.items():
                assert len(asked(core, extension.uuid, each, length)) == length

    ask(1_000)  # what is made once is made by then
    before = footprint(process)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, [count // 4] * 4))
    after = footprint(process, before[1])
    sys.stdout.write(f"{count} queries: {before} KiB and descriptors before, {after} after\n")
    # The allocator's own breath; a hundred bytes lost at each of 100,000 queries would be ten times that.
    assert after[0] - before[0] <= 1024
    assert after[1] <= before[1]  # one less: a peer of the time before has gone


@rounds(100, 2_000, "looks")
def test_memory_and_descriptors_stay_level_while_rules_change(core: Core, count: int) -> None:
    process, _ = started(core, "changing")

    def look(times: int) -> None:
        with ThreadPoolExecutor(4) as pool:  # so that every serving thread has its turn
            assert {each.code for each in pool.map(lambda _: core.call("audit_rules", GENERATE), range(times))} == {0}

    look(100)  # caches are full, and each thread has had its turn, by then
    before = footprint(process)
    look(count)
    after = footprint(process, before[1])
    sys.stdout.write(f"{count} looks: {before} KiB and descriptors before, {after} after\n")
    # The allocator's breath. Rows that one look in a hundred did not let go of would be six MiB in the soak.
    assert after[0] - before[0] <= 4096
    assert after[1] <= before[1]  # one less: a peer of the time before has gone


def footprint(process: Process, most: int = 1 << 20) -> tuple[int, int]:
    """Return the resident memory in KiB and the number of descriptors, once no peer is being served.

    `most` is the number that is hoped for: a busy machine takes its time to end what peers have left.
    """
    proc = Path(f"/proc/{process.popen.pid}")
    deadline = time.monotonic() + PATIENCE
    before, descriptors = -1, len(list((proc / "fd").iterdir()))
    while (before != descriptors or descriptors > most) and time.monotonic() < deadline:
        time.sleep(0.3)
        before, descriptors = descriptors, len(list((proc / "fd").iterdir()))
    memory = next(line for line in (proc / "status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(memory.split()[1]), descriptors


def test_a_signal_after_all_that_ends_it_as_ever(core: Core) -> None:
    process, extension = started(core, "loaded", "400")
    core.call("audit_rules", GENERATE)
    process.popen.send_signal(signal.SIGTERM)
    assert process.ended() == Exit.STOPPED
    assert not Path(core.path(extension.uuid)).exists()

from __future__ import annotations

import contextlib
import json
import struct
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditrules.audit.auditctl.kernel_answer import AnswerState
from auditrules.audit.auditctl.status import AuditStatus
from auditrules.audit.kernel.interpret import interpret_answer
from auditrules.audit.kernel.netlink import (
    AUDIT_GET,
    AUDIT_LIST_RULES,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_NOOP,
    NLMSG_OVERRUN,
    Reply,
    decode_loginuid_immutable,
    decode_status,
    request,
)
from auditrules.audit.kernel.rule_data import decode, encode, packed
from auditrules.audit.model.collected import Kernel, Netlink
from auditrules.audit.model.errors import NetlinkError
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.model.rule import PATH_OR_DIR, Action, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS, SyscallMask
from tests.audit.strategies import RULES
from tests.laws import law

CORPUS = Path(__file__).parents[2] / "corpus" / "netlink.jsonl"
RAW = [b64decode(rule["raw"]) for line in CORPUS.read_text("utf-8").splitlines() for rule in json.loads(line)["rules"]]
WATCH = Rule(
    FilterList.EXIT,
    Action.ALWAYS,
    ALL_SYSCALLS,
    (Field("path", Operator.EQUAL, "/usr/bin/dockerd"), Field("perm", Operator.EQUAL, 15)),
)
STATUS = struct.pack("=11I", 0, 1, 1, 612, 0, 8192, 3, 2, 0x7F, 60000, 0)


def with_word(payload: bytes, index: int, value: int) -> bytes:
    """The payload with one of its 32-bit words replaced: 0 flags, 1 action, 2 field count, and from the table below."""
    return payload[: 4 * index] + struct.pack("=I", value) + payload[4 * index + 4 :]


FIELDS, VALUES, OPERATORS, LENGTH = 67, 131, 195, 259

BROKEN = (
    (b"", "expected a rule of at least 1040 bytes, found 0"),
    (encode(WATCH)[:1039], "expected a rule of at least 1040 bytes, found 1039"),
    (with_word(encode(WATCH), 2, 65), "expected at most 64 fields, found 65"),
    (with_word(encode(WATCH), LENGTH, 17), "expected 17 bytes of text, found 16"),
    (encode(WATCH)[:-1], "expected 16 bytes of text, found 15"),
    (with_word(encode(WATCH), VALUES, 17), "expected 17 bytes of a field's text, found 16"),
    (with_word(encode(WATCH), 0, 2), "expected a list that Linux 6.1 has, found 0x2"),
    (with_word(encode(WATCH), 1, 1), "expected an action that Linux 6.1 has, found 0x1"),
    (with_word(encode(WATCH), OPERATORS, 0x78000000), "expected an operator that Linux 6.1 has, found 0x78000000"),
)


def test_a_packed_payload_is_the_same_rule_in_few_bytes() -> None:
    assert [decode(packed(payload)) for payload in RAW] == [decode(payload) for payload in RAW]
    assert [packed(packed(payload)) for payload in RAW] == [packed(payload) for payload in RAW]
    assert sum(map(len, map(packed, RAW))) < sum(map(len, RAW)) / 5


@pytest.mark.parametrize(("payload", "error"), BROKEN, ids=[error for _, error in BROKEN])
def test_a_broken_payload_is_no_other_once_it_is_packed(payload: bytes, error: str) -> None:
    with pytest.raises(NetlinkError) as caught:
        decode(packed(payload))
    assert str(caught.value) == error


@given(st.sampled_from(RAW), st.integers(0, 2000))
def test_a_packed_payload_that_is_cut_is_an_error_or_a_rule(payload: bytes, size: int) -> None:
    with contextlib.suppress(NetlinkError):
        decode(packed(payload)[:size])


@pytest.mark.parametrize(("payload", "error"), BROKEN, ids=[error for _, error in BROKEN])
def test_a_payload_that_is_not_whole_says_what_was_expected(payload: bytes, error: str) -> None:
    with pytest.raises(NetlinkError) as caught:
        decode(payload)
    assert str(caught.value) == error


MARKED = "expected a list that Linux 6.1 has, found a number with the bit 0x80000000"


@pytest.mark.parametrize("payload", [*RAW[:100], encode(Rule(FilterList.TASK, Action.NEVER, SyscallMask()))])
def test_a_message_with_the_mark_of_a_packed_one_is_an_error(payload: bytes) -> None:
    with pytest.raises(NetlinkError):
        decode(with_word(payload, 0, 1 << 31 | 4))


@pytest.mark.parametrize(
    ("index", "value"), [(3, 0xFFFFFFFF), (3, 0x7FFFFFFF), (3, 257), (2, 65), (2, 0xFFFFFFFF), (2, 0)]
)
def test_no_number_of_a_marked_message_takes_memory(index: int, value: int) -> None:
    marked = with_word(with_word(b"\0" * 1040, 0, 1 << 31 | 4), index, value)
    with pytest.raises(NetlinkError) as caught:
        decode(marked)
    assert str(caught.value) == MARKED


def test_every_rule_of_the_kernel_encodes_back_to_its_bytes() -> None:
    assert len(RAW) >= 400
    assert [encode(decode(payload)) for payload in RAW] == RAW


def test_the_prepend_bit_is_no_part_of_a_rule() -> None:
    assert decode(with_word(encode(WATCH), 0, 0x14)) == WATCH


def test_a_field_without_a_name_keeps_its_number() -> None:
    rule = Rule(FilterList.EXIT, Action.NEVER, SyscallMask(1 << 59), (Field("f24", Operator.EQUAL, 1),))
    assert decode(encode(rule)) == rule


def test_several_keys_are_told_apart() -> None:
    rule = Rule(FilterList.EXIT, Action.ALWAYS, SyscallMask(1 << 59), (Field("key", Operator.EQUAL, "a\x01b"),))
    assert decode(encode(rule)).keys() == ("a", "b")


def test_an_undecided_path_has_no_bytes() -> None:
    rule = Rule(FilterList.EXIT, Action.ALWAYS, SyscallMask(1), (Field(PATH_OR_DIR, Operator.EQUAL, "/x"),))
    with pytest.raises(NetlinkError, match="expected path or dir for '/x', and it is not known which it is"):
        encode(rule)


@law(3, derandomize=True)
@given(RULES)
def test_a_rule_is_its_bytes(rule: Rule) -> None:
    assume(all(not isinstance(one, Field) or one.name != PATH_OR_DIR for one in rule.fields))
    assert decode(encode(rule)) == rule


@law(3, derandomize=True)
@given(st.sampled_from(RAW), st.integers(0, 1100), st.integers(0, 255))
def test_a_changed_byte_gives_a_rule_or_the_designed_error(payload: bytes, place: int, byte: int) -> None:
    changed = payload[:place] + bytes([byte]) + payload[place + 1 :]
    try:
        decode(changed)
    except NetlinkError:
        return


@law(2, derandomize=True)
@given(st.binary(max_size=200))
def test_random_bytes_are_no_message_or_a_message(datagram: bytes) -> None:
    reply = Reply(AUDIT_LIST_RULES, 7)
    try:
        reply.take(datagram)
    except NetlinkError:
        return
    assert not reply.complete or reply.refused


def message(kind: int, payload: bytes = b"", sequence: int = 7, length: int | None = None) -> bytes:
    size = 16 + len(payload) if length is None else length
    return struct.pack("=IHHII", size, kind, 2, sequence, 0) + payload + b"\0" * (-len(payload) % 4)


ACK = message(NLMSG_ERROR, struct.pack("=i", 0))


def taken(*datagrams: bytes, kind: int = AUDIT_LIST_RULES) -> Reply:
    reply = Reply(kind, 7)
    for datagram in datagrams:
        reply.take(datagram)
    return reply


def test_a_list_is_complete_with_acknowledgement_and_end() -> None:
    reply = taken(ACK, message(AUDIT_LIST_RULES, b"one!"), message(AUDIT_LIST_RULES, b"two!"), message(NLMSG_DONE))
    assert (reply.payloads, reply.complete) == ([b"one!", b"two!"], True)


@pytest.mark.parametrize(
    "datagrams",
    [(ACK, message(AUDIT_LIST_RULES, b"one!")), (message(AUDIT_LIST_RULES, b"one!"), message(NLMSG_DONE)), ()],
    ids=["no end", "no acknowledgement", "nothing"],
)
def test_a_short_list_is_not_complete(datagrams: tuple[bytes, ...]) -> None:
    assert not taken(*datagrams).complete


def test_two_messages_may_come_in_one_datagram() -> None:
    assert taken(ACK + message(AUDIT_LIST_RULES, b"abc") + message(NLMSG_DONE)).payloads == [b"abc"]


def test_rules_that_stay_are_the_very_objects_of_the_answer_before() -> None:
    rules = list(dict.fromkeys(RAW))[:3]
    before = taken(*(message(AUDIT_LIST_RULES, rule) for rule in rules)).payloads
    reply = Reply(AUDIT_LIST_RULES, 7, tuple(before))
    for rule in (rules[0], rules[2], rules[2], rules[1]):
        reply.take(message(AUDIT_LIST_RULES, rule))
    assert reply.payloads == [before[0], before[2], before[2], before[1]]
    assert [reply.payloads[place] is before[place] for place in range(3)] == [True, False, True]


def test_another_sequence_is_somebody_else_s() -> None:
    assert taken(message(AUDIT_LIST_RULES, b"old!", sequence=6), message(NLMSG_DONE, sequence=6)).payloads == []


def test_a_refusal_completes_with_its_errno() -> None:
    reply = taken(message(NLMSG_ERROR, struct.pack("=i", -1)))
    assert (reply.refused, reply.complete) == (1, True)


def test_a_noop_is_nothing() -> None:
    assert taken(message(NLMSG_NOOP)).payloads == []


MESSAGES = (
    (b"\0" * 15, "expected a message of at least 16 bytes, found 15"),
    (message(AUDIT_LIST_RULES, b"cut!", length=40), "expected a message of 40 bytes, found 20"),
    (message(AUDIT_LIST_RULES, length=4), "expected a message of 4 bytes, found 16"),
    (message(NLMSG_ERROR, b"no"), "expected an error of at least 4 bytes, found 2"),
    (message(NLMSG_OVERRUN), "the kernel lost a part of its answer"),
    (message(1300), "expected messages of type 1013, found 1300"),
)


@pytest.mark.parametrize(("datagram", "error"), MESSAGES, ids=[error for _, error in MESSAGES])
def test_a_broken_message_says_what_was_expected(datagram: bytes, error: str) -> None:
    with pytest.raises(NetlinkError) as caught:
        taken(datagram)
    assert str(caught.value) == error


def test_a_request_asks_for_an_acknowledgement() -> None:
    assert request(AUDIT_GET, 9) == struct.pack("=IHHII", 16, 1000, 5, 9, 0)


def test_a_status_has_the_numbers_of_the_kernel() -> None:
    assert decode_status(STATUS, 1) == AuditStatus(1, 1, 612, 0, 8192, 3, 2, 60000, 1)


def test_an_old_kernel_tells_no_wait_time() -> None:
    assert decode_status(STATUS[:32]).backlog_wait_time is None


def test_a_cut_status_says_what_was_expected() -> None:
    with pytest.raises(NetlinkError, match="expected a status of at least 32 bytes, found 28"):
        decode_status(STATUS[:28])


@pytest.mark.parametrize(("features", "immutable"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_the_second_feature_is_loginuid_immutable(features: int, immutable: int) -> None:
    assert decode_loginuid_immutable(struct.pack("=IIII", 1, 3, features, 0)) == immutable


def test_cut_features_say_what_was_expected() -> None:
    with pytest.raises(NetlinkError, match="expected features of 16 bytes, found 4"):
        decode_loginuid_immutable(b"1234")


def answered(**values: object) -> Kernel:
    return Kernel("netlink", netlink=Netlink(**values))  # type: ignore[arg-type] # of the names of its fields


OFF = with_word(STATUS, 1, 0)
STATES = (
    (answered(rules=(encode(WATCH),), status=STATUS), AnswerState.OK, ""),
    (answered(rules=(), status=STATUS), AnswerState.NO_RULES, ""),
    (answered(rules=(encode(WATCH),), status=OFF), AnswerState.DISABLED, ""),
    (answered(errno=1, capable=False, error="listing: no"), AnswerState.NO_PERMISSION, "listing: no"),
    (answered(errno=1, capable=None, error="listing: no"), AnswerState.NO_PERMISSION, "listing: no"),
    (answered(errno=1, capable=True, error="listing: no"), AnswerState.FOREIGN_NAMESPACE, "listing: no"),
    (answered(errno=111, error="refused"), AnswerState.FOREIGN_NAMESPACE, "refused"),
    (answered(errno=93, error="no such protocol"), AnswerState.NO_KERNEL_AUDIT, "no such protocol"),
    (answered(errno=105, error="no buffer"), AnswerState.BROKEN_REPLY, "no buffer"),
    (answered(timed_out=True, error="no answer"), AnswerState.TIMED_OUT, "no answer"),
    (answered(error="cut"), AnswerState.BROKEN_REPLY, "cut"),
    (
        answered(rules=(encode(WATCH),), status=STATUS[:8]),
        AnswerState.BROKEN_REPLY,
        "the status: expected a status of at least 32 bytes, found 8",
    ),
    (
        answered(rules=(encode(WATCH), b"", b""), status=STATUS),
        AnswerState.BROKEN_REPLY,
        "a rule is not understood: expected a rule of at least 1040 bytes, found 0, and 1 more",
    ),
)


@pytest.mark.parametrize(("kernel", "state", "error"), STATES)
def test_each_answer_has_its_state(kernel: Kernel, state: AnswerState, error: str) -> None:
    reading = interpret_answer(kernel, Facts())
    assert (reading.state, reading.error, reading.reader) == (state, error, "netlink")


def test_a_rule_that_is_not_understood_keeps_the_others() -> None:
    reading = interpret_answer(answered(rules=(b"", encode(WATCH)), status=STATUS), Facts())
    assert reading.lines is not None
    assert [line.rule for line in reading.lines] == [None, WATCH]


def test_the_text_of_a_rule_is_the_line_of_auditctl() -> None:
    reading = interpret_answer(answered(rules=(encode(WATCH),), status=STATUS), Facts())
    assert reading.lines is not None
    assert reading.lines[0].text == "-w /usr/bin/dockerd -p rwxa"

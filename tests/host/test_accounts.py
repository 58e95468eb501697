"""Users and groups by name."""

from __future__ import annotations

from threading import Event

import pytest

from auditrules.host.accounts import NameService, group_id, ids, user_id


def test_a_line_gives_a_name_its_id() -> None:
    assert ids(b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/bin/sh") == {"root": 0, "daemon": 1}
    assert ids(b"docker:x:998:alice,bob\n") == {"docker": 998}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"root",
        b"root:x",
        b"root:x:",
        b"root:x:zero:",
        b"+::::::",
        b"#old:x:5:5:",
        b"a:x:-1:",
        b"a:x:4294967296:",
        b"a:x:" + b"9" * 5000,
        b"a:x:1" + b"0" * 5000 + b":1:",
    ],
)
def test_a_line_that_names_nobody_is_passed_over(line: bytes) -> None:
    assert ids(line + b"\nlast:x:9:9::/:\n") == {"last": 9}


def test_the_largest_id_is_that_of_nobody_set() -> None:
    assert ids(b"a:x:4294967295:\n") == {"a": 4294967295}


def test_the_first_line_of_a_name_decides() -> None:
    assert ids(b"a:x:1:\na:x:2:\n") == {"a": 1}


def test_a_name_that_is_not_utf8_is_kept() -> None:
    assert ids(b"caf\xe9:x:1:\n") == {"caf\udce9": 1}


def test_the_machine_s_own_root_is_known() -> None:
    assert NameService(user_id, 20.0).ids(["root"]) == {"root": 0}
    assert NameService(group_id, 20.0).ids(["root"]) == {"root": 0}


def test_names_that_nobody_knows_have_no_id() -> None:
    assert NameService(user_id, 20.0).ids(["no such user", "caf\udce9", ""]) == {}


def test_where_a_name_can_not_be_asked_for_the_names_are_not_known() -> None:
    def ask(name: str) -> int:
        return len(name.encode("ascii"))  # as in a locale without other characters

    service = NameService(ask, 20.0)
    assert (service.ids(["caf\xe9", "zoe"]), service.ids(["zoe"])) == (None, {"zoe": 3})


def test_no_names_are_no_question() -> None:
    def never(_: str) -> int:
        raise AssertionError

    assert NameService(never, 0.0).ids([]) == {}


def test_a_service_that_hangs_is_not_asked_again_until_it_answers() -> None:
    answer = Event()
    questions: list[str] = []

    def slow(name: str) -> int:
        questions.append(name)
        answer.wait(20.0)
        return 5

    service = NameService(slow, 0.01)
    assert service.ids(["a"]) is None
    assert service.ids(["b"]) is None
    assert questions == ["a"]
    answer.set()
    patient = NameService(slow, 20.0)
    assert patient.ids(["c"]) == {"c": 5}

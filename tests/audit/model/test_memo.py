from __future__ import annotations

from auditrules.audit.model.memo import Memo


def made(memo: Memo[str, list[str]], *keys: str) -> list[str]:
    """Ask for keys in a round; which of them had to be made."""
    worked_out: list[str] = []

    def make(key: str) -> list[str]:
        worked_out.append(key)
        return [key]

    memo.turn()
    for key in keys:
        assert memo.get(key, lambda key=key: make(key)) == [key]  # type: ignore[misc]
    memo.end()
    return worked_out


def test_what_was_made_in_the_last_round_is_given_again() -> None:
    memo: Memo[str, list[str]] = Memo()
    assert [made(memo, "a", "b", "a"), made(memo, "b", "c"), made(memo, "c", "b")] == [["a", "b"], ["c"], []]


def test_what_nobody_asked_for_in_a_round_is_let_go_of() -> None:
    memo: Memo[str, list[str]] = Memo()
    assert [made(memo, "a"), made(memo, "b"), made(memo, "a")] == [["a"], ["b"], ["a"]]

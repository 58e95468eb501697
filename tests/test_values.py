"""Classes of values do what the standard library's dataclasses do: each fact is asked of both."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import pytest

from auditrules import values


@values.dataclass(frozen=True, slots=True)
class Watch:
    kind: ClassVar[str] = "watch"
    path: str
    permissions: str = "rwxa"
    keys: list[str] = values.field(default_factory=list)
    line: int = values.field(default=0, compare=False, repr=False)
    texts: dict[str, str] = values.field(default_factory=dict, init=False, compare=False)


@dataclasses.dataclass(frozen=True, slots=True)
class LibraryWatch:
    kind: ClassVar[str] = "watch"
    path: str
    permissions: str = "rwxa"
    keys: list[str] = dataclasses.field(default_factory=list)
    line: int = dataclasses.field(default=0, compare=False, repr=False)
    texts: dict[str, str] = dataclasses.field(default_factory=dict, init=False, compare=False)


@values.dataclass(frozen=True)
class Rule:
    path: str
    fields: tuple[str, ...] = ()
    values: str = "v"
    missing: list[str] | None = None

    @cached_property
    def text(self) -> str:
        return f"-w {self.path}"


@dataclasses.dataclass(frozen=True)
class LibraryRule:
    path: str
    fields: tuple[str, ...] = ()
    values: str = "v"
    missing: list[str] | None = None

    @cached_property
    def text(self) -> str:
        return f"-w {self.path}"


@values.dataclass
class Draft:
    path: str
    length: int = values.field(init=False)

    def __post_init__(self) -> None:
        self.length = len(self.path)


@dataclasses.dataclass
class LibraryDraft:
    path: str
    length: int = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.length = len(self.path)


@values.dataclass(frozen=True, slots=True)
class Nothing:
    def __bool__(self) -> bool:
        return False


@dataclasses.dataclass(frozen=True, slots=True)
class LibraryNothing:
    def __bool__(self) -> bool:
        return False


class Shown(ABC):
    __slots__ = ()

    @property
    @abstractmethod
    def shown(self) -> str: ...

    def judge(self) -> str:
        return f"judged {self.shown}"


@values.dataclass(frozen=True, slots=True)
class Abstract(Shown):
    path: str


@values.dataclass(frozen=True, slots=True)
class Other(Shown):
    path: str

    @property
    def shown(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"<{self.path}>"


def outcome(act: Callable[[], object]) -> str:
    """What comes of it: a repr, or an error; without what tells ours from the library's."""
    try:
        found = repr(act())
    except Exception as error:  # noqa: BLE001 - which one is what is compared
        found = f"{type(error).__name__}: {error}"
    return found.replace("Library", "")


def changed(draft: Any) -> Any:
    draft.path = "/usr"
    return draft


ACTS: list[tuple[str, Callable[[Any], object]]] = [
    ("repr", lambda of: of.watch("/etc", "wa", ["k"], 3)),
    ("defaults", lambda of: of.watch("/etc").permissions),
    ("a factory's default", lambda of: of.watch("/etc").keys),
    ("a default of its own for each", lambda of: of.watch("/etc").keys is of.watch("/etc").keys),
    ("by name", lambda of: of.watch(keys=["k"], path="/etc")),
    ("a class's own variable", lambda of: (of.watch.kind, of.watch("/etc").kind)),
    ("too few arguments", lambda of: of.watch()),
    ("too many arguments", lambda of: of.watch("/etc", "wa", [], 3, {})),
    ("an argument that is no field", lambda of: of.watch("/etc", user=0)),
    ("not to be given", lambda of: of.watch("/etc", texts={})),
    ("equal", lambda of: of.rule("/etc", ("a",)) == of.rule("/etc", ("a",))),
    ("unequal", lambda of: of.rule("/etc") == of.rule("/usr")),
    ("what is not compared", lambda of: of.watch("/etc", line=1) == of.watch("/etc", line=2)),
    ("another class", lambda of: of.rule("/etc") == of.watch("/etc")),
    ("a tuple of the same", lambda of: of.rule("/etc") == ("/etc", ())),
    ("asked by another class", lambda of: of.rule("/etc").__eq__(1)),
    ("equal hashes", lambda of: len({of.rule("/etc", ("a",)), of.rule("/etc", ("a",)), of.rule("/usr")})),
    ("a field without a hash", lambda of: hash(of.watch("/etc"))),
    ("a draft's hash", lambda of: hash(of.draft("/etc"))),
    ("a change", lambda of: setattr(of.watch("/etc"), "path", "/usr")),
    ("a new attribute", lambda of: setattr(of.rule("/etc"), "user", "/usr")),
    ("a deletion", lambda of: delattr(of.watch("/etc"), "path")),
    ("no dict", lambda of: hasattr(of.watch("/etc"), "__dict__")),
    ("a cached property", lambda of: (rule := of.rule("/etc"), rule.text, rule.text is rule.text)[1:]),
    ("what follows the fields", lambda of: of.draft("/etc").length),
    ("a draft's change", lambda of: changed(of.draft("/etc"))),
    ("no fields", lambda of: (of.nothing(), of.nothing() == of.nothing(), bool(of.nothing()))),
    ("one hash of no fields", lambda of: len({of.nothing(), of.nothing()})),
    ("pickled", lambda of: pickle.loads(pickle.dumps(of.watch("/etc", "wa", ["k"], 3)))),  # noqa: S301 - ours
    ("copied", lambda of: copy.copy(of.rule("/etc")) == of.rule("/etc")),
    ("copied deep", lambda of: (a := of.watch("/etc"), copy.deepcopy(a) == a, copy.deepcopy(a).keys is a.keys)[1:]),
    ("in a pattern", lambda of: of.watch.__match_args__),
    ("the library's fields", lambda of: [(each.name, each.type, each.init) for each in dataclasses.fields(of.watch)]),
    ("which are shown and compared", lambda of: [(each.repr, each.compare) for each in dataclasses.fields(of.watch)]),
    ("the library's asdict", lambda of: dataclasses.asdict(of.watch("/etc"))),
    ("the library's replace", lambda of: dataclasses.replace(of.watch("/etc"), path="/usr")),
    ("the library's is_dataclass", lambda of: [*map(dataclasses.is_dataclass, (of.rule, of.rule("/etc")))]),
    ("our replace", lambda of: values.replace(of.watch("/etc", "wa", ["k"], 3), path="/usr").line),
    ("our replace of what is no field", lambda of: values.replace(of.rule("/etc"), user="x")),
]  # fmt: skip


class Ours:
    watch, rule, draft, nothing = Watch, Rule, Draft, Nothing


class Library:
    watch, rule, draft, nothing = LibraryWatch, LibraryRule, LibraryDraft, LibraryNothing


@pytest.mark.parametrize("act", [each for _, each in ACTS], ids=[name for name, _ in ACTS])
def test_it_does_what_the_library_does(act: Callable[[Any], object]) -> None:
    assert outcome(lambda: act(Ours)) == outcome(lambda: act(Library))


def test_a_class_keeps_its_own_methods() -> None:
    assert repr(Other("/etc")) == "</etc>"


def test_a_class_has_the_methods_of_its_base() -> None:
    assert Other("/etc").judge() == "judged /etc"
    assert not hasattr(Other("/etc"), "__dict__")


def test_a_class_that_lacks_a_method_of_its_base_has_no_values() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Abstract("/etc")  # type: ignore[abstract]


def test_all_classes_share_their_methods() -> None:
    shared = ("__eq__", "__hash__", "__reduce__", "__setattr__", "__delattr__")
    assert all(getattr(Watch, name) is getattr(Rule, name) for name in shared)


def _inheriting() -> type:
    class Inheriting(Watch):
        more: int

    return Inheriting


def _shared_default() -> type:
    class SharedDefault:
        names: list[str] = []  # noqa: RUF012 - what is refused

    return SharedDefault


def _by_full_name() -> type:
    class ByFullName:
        kind: typing.ClassVar[str] = "path"

    return ByFullName


REFUSED = {
    "fields of a base": (_inheriting, "expected a base without fields"),
    "a default that can change": (_shared_default, "use default_factory"),
    "a name that is not typing's alone": (_by_full_name, "names of typing alone"),
}


@pytest.mark.parametrize(("declared", "said"), REFUSED.values(), ids=REFUSED)
def test_what_the_library_takes_otherwise_is_refused(declared: Callable[[], type], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        values.dataclass(frozen=True, slots=True)(declared())

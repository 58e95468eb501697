"""Runs a grub.cfg: the menu that it makes, its default entry, and the kernel's command line there. Pure.

If the value of a variable or condition is not known, all possible values are followed, so a result may be several.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, product

from auditrules.audit.boot.grub_script import VARIABLE, Block, Choice, Command, MenuEntry, ScriptError, parse_script
from auditrules.values import dataclass, field

Words = tuple[str, ...]
PossibleValues = frozenset[str] | None  # of a variable; None: any text
Expand = Callable[[str], PossibleValues]  # the possible values of a text with variables

MOST_VALUES = 16  # of one word; with more it counts as any text
MOST_CHARACTERS = 16_384  # of one value; a longer one, which no kernel takes, counts as any text
MOST_VARIABLES = 500  # of one script; grub-mkconfig uses some fifty
MOST_ITEMS = 1000  # of one menu

_EMPTY: PossibleValues = frozenset({""})
_LINUX = frozenset({"linux", "linux16", "linuxefi"})
_MODULE = frozenset({"module", "module2"})  # of Xen: the first one is the kernel
# Variables that GRUB sets itself, or takes from the machine (its manual, "Special environment variables").
_OF_GRUB = re.compile(r"grub_.*|feature_.*|root|prefix|cmdpath|config_.*|net_.*|pxe_.*|cpu.*|platform|[?@*#0-9]")
_ONE_FURTHER = re.compile(r"(?<!>)>(?!>)")  # between the titles of a submenu and of an entry in it


@dataclass(frozen=True, slots=True)
class MenuItem:
    """An entry of the menu. `lines` are the command lines that it may give the kernel, None if they are not known.

    `certain`: it is in the menu on every machine. `items` are the entries of a submenu.
    """

    title: str
    name: str
    lines: frozenset[Words] | None = None
    items: tuple[MenuItem, ...] = ()
    certain: bool = True


def default_lines(
    text: str, grubenv: Mapping[str, str], entries: Callable[[Expand], Sequence[MenuItem]], custom: str = ""
) -> frozenset[Words] | None:
    """The command lines that the default entry of a grub.cfg may give the kernel; None if they are not known.

    `text` is grub.cfg, `grubenv` are the saved variables, `custom` is the text of custom.cfg, and `entries` returns the
    entries of the Boot Loader Specification with their variables expanded. Empty if the script makes no menu.

    Raises:
        ScriptError: the text is no GRUB script, or an unlikely large one.
    """
    menu = _Menu(grubenv, entries, custom)
    menu.run(parse_script(text))
    if not menu.items:
        return frozenset()
    defaults = menu.values.get("default", _EMPTY)
    chosen = [menu.items] if defaults is None else [_chosen(each, menu.items) for each in defaults]
    return _all_lines(item for items in chosen for item in items)


def _all_lines(items: Iterable[MenuItem]) -> frozenset[Words] | None:
    found: set[Words] = set()
    for item in items:
        lines = _all_lines(item.items) if item.items else item.lines
        if lines is None:
            return None
        found |= lines
    return frozenset(found)


def _chosen(default: str, items: Sequence[MenuItem]) -> Sequence[MenuItem]:
    """The entries that a default may mean. It is a number, title or name, or several for a path through submenus."""
    head, *rest = _ONE_FURTHER.split(default, maxsplit=1)
    index = int(head) if head.isdecimal() and len(head) < 4 else 0  # noqa: PLR2004 - no menu has a thousand
    if not head.isdecimal():
        meant = head.replace(">>", ">")
        named = (number for number, item in enumerate(items) if meant and meant in (item.name, item.title))
        index = next(named, 0)
    if index >= len(items) or not all(item.certain for item in items[: index + 1]):
        return items
    item = items[index]
    return _chosen(rest[0] if rest else "0", item.items) if item.items else (item,)


@dataclass(slots=True)
class _Menu:
    """The menu while its script runs, and the possible values of its variables."""

    grubenv: Mapping[str, str]
    entries: Callable[[Expand], Sequence[MenuItem]]
    custom: str
    values: dict[str, PossibleValues] = field(default_factory=dict)
    items: list[MenuItem] = field(default_factory=list)
    certain: bool = True
    lines: set[Words] | None = field(default_factory=set)  # of the entry that runs

    def run(self, block: Block) -> None:
        """Execute the commands of a block."""
        for statement in block:
            if len(self.values) > MOST_VARIABLES or len(self.items) > MOST_ITEMS:
                raise ScriptError(f"expected at most {MOST_VARIABLES} variables and {MOST_ITEMS} entries")
            match statement:
                case Command(words):
                    self._command(words)
                case Choice(branches):
                    self._choose(branches)
                case MenuEntry():
                    self.items.append(self._item(statement))

    def _choose(self, branches: Sequence[tuple[Block, Block]]) -> None:
        """Do the branches that may be taken; what may be otherwise afterwards may be either."""
        before, certain = dict(self.values), self.certain
        ends: list[dict[str, PossibleValues]] = []
        for condition, body in branches:
            holds = self._holds(condition)
            if holds is False:
                continue
            self.certain = certain and holds is True and not ends
            self.run(body)
            ends.append(self.values)
            self.values = dict(before)
            if holds:
                break
        else:
            ends.append(before)
        self.certain = certain
        self.values = _either(ends) if len(ends) > 1 else ends[0]

    def _holds(self, condition: Block) -> bool | None:
        """Whether a condition holds; None if that depends on the machine."""
        if not condition:
            return True
        if len(condition) != 1 or not isinstance(condition[0], Command):
            return None
        words = list(condition[0].words)
        wanted, tests = True, False
        while words and words[0] in ("!", "[", "test"):
            first = words.pop(0)
            wanted ^= first == "!"
            tests |= first != "!"
        holds = self._tested([each for each in words if each != "]"]) if tests else None
        return None if holds is None else holds is wanted

    def _tested(self, words: Sequence[str]) -> bool | None:
        match words:
            case [("-s" | "-f" | "-e"), path] if path.endswith("/grubenv"):
                return bool(self.grubenv)
            case ["-z", word]:
                found = {not each for each in self.expanded(word) or (" ", "")}
            case ["-n", word] | [word]:
                found = {bool(each) for each in self.expanded(word) or (" ", "")}
            case [one, ("=" | "==" | "!=") as sign, other]:
                left, right = self.expanded(one), self.expanded(other)
                if left is None or right is None:
                    return None
                found = {(a == b) is (sign != "!=") for a in left for b in right}
            case _:
                return None
        return found.pop() if len(found) == 1 else None

    def expanded(self, word: str) -> PossibleValues:
        """The possible values of a word with its variables expanded."""
        names = VARIABLE.findall(word)
        values = [self._value(name) for name in names]
        known = [sorted(each) for each in values if each is not None]
        longest = len(word) + sum(max(map(len, each), default=0) for each in known)
        if len(known) < len(values) or longest > MOST_CHARACTERS:
            return None
        found = set()
        for number, chosen in enumerate(product(*known)):
            if number >= MOST_VALUES:
                return None
            left = iter(chosen)
            found.add(VARIABLE.sub(lambda _, left=left: next(left), word))  # type: ignore[misc]
        return frozenset(found)

    def _value(self, name: str) -> PossibleValues:
        return self.values.get(name, _unset(name))

    def _command(self, words: Sequence[str]) -> None:
        match words:
            case ["set", assignment] | [assignment] if "=" in assignment and VARIABLE.match(assignment) is None:
                name, _, value = assignment.partition("=")
                self.values[name] = self.expanded(value)
            case ["set", assignment, *_]:
                self.values[assignment.partition("=")[0]] = None
            case ["unset", *names]:
                self.values |= dict.fromkeys(names, _EMPTY)
            case ["load_env", *_]:
                self.values |= {name: frozenset({value}) for name, value in self.grubenv.items()}
            case ["blscfg" | "bls_import", *_]:
                self.items += self.entries(self.expanded)
            case [("source" | "."), path] if path.endswith("/custom.cfg"):
                self.run(parse_script(self.custom))
            case [command, _, *given] if command in _LINUX or (command in _MODULE and not self.lines):
                self._line(given)
            case _:
                pass

    def _line(self, given: Iterable[str]) -> None:
        found = self.expanded(" ".join(given))
        if found is None or self.lines is None:
            self.lines = None
        else:
            self.lines |= {tuple(each.split()) for each in found}

    def _item(self, entry: MenuEntry) -> MenuItem:
        title, name = _named(entry.words)
        inner = _Menu(self.grubenv, self.entries, self.custom, dict(self.values))
        inner.run(entry.body)
        lines = frozenset(inner.lines) if inner.lines else None
        return MenuItem(
            self._one(title),
            self._one(name),
            None if entry.submenu else lines,
            tuple(inner.items) if entry.submenu else (),
            certain=self.certain,
        )

    def _one(self, word: str) -> str:
        """The value of a word; empty if it may have several."""
        values = self.expanded(word) or ()
        return next(iter(values)) if len(values) == 1 else ""


def _named(words: Sequence[str]) -> tuple[str, str]:
    """The title of an entry, and its name: the word behind --id, which grub-mkconfig writes as a variable."""
    marks = ("--id", "\0menuentry_id_option\0")
    names: Iterator[str] = (after for word, after in pairwise(words) if word in marks)
    return (words[0] if words else ""), next(names, "")


def _unset(name: str) -> PossibleValues:
    """The possible values of a variable that no script has set."""
    return None if _OF_GRUB.fullmatch(name) else _EMPTY


def _either(ends: Sequence[dict[str, PossibleValues]]) -> dict[str, PossibleValues]:
    """Join the possible values of variables after several branches."""
    found = dict(ends[0])
    for end in ends[1:]:
        for name in found.keys() | end.keys():
            one, other = (each.get(name, _unset(name)) for each in (found, end))
            if one is not other and one != other:
                found[name] = _union((one, other))
    return found


def _union(values: Iterable[PossibleValues]) -> PossibleValues:
    found: set[str] = set()
    for each in values:
        if each is None:
            return None
        found |= each
    return frozenset(found) if len(found) <= MOST_VALUES else None

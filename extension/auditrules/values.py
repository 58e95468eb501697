"""The standard library's `dataclass`, `field` and `replace`, for classes that take little memory and are defined soon.

The library compiles six methods for each class, in a millisecond and 10 KiB, and a host has a hundred of our classes in
memory for as long as osquery runs. Here the classes share their methods, and only `__init__` is compiled. Type checkers
see the library's own, and its other functions take these classes, too. What nobody uses is not there: order, fields
that are inherited, `kw_only`, `InitVar`.
"""

from __future__ import annotations

from operator import attrgetter

TYPE_CHECKING = False  # importing typing's would make osquery wait longer for the registration
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["dataclass", "field", "replace"]

_MISSING = object()
_GLOBALS: dict[str, Any] = {}  # of each __init__


class _FieldOptions:
    """The options of a field, as in the library's `field`."""

    __slots__ = ("compare", "default", "factory", "init", "repr")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002 - the library's name
        compare: bool = True,
    ) -> None:
        self.default = default
        self.factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare


class _ClassProperty:
    """A property of a class. A function makes its value when it is first read."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __get__(self, instance: object, owner: type) -> Any:
        value = self._make(owner)
        setattr(owner, self._make.__name__, value)
        return value


class _Value:  # noqa: PLW1641 - values that may change have no hash
    """The methods that all classes share."""

    __slots__ = ()
    __match_args__: tuple[str, ...]  # the parameters of __init__
    __names__: tuple[str, ...]  # of all fields
    __hidden__: tuple[str, ...] = ()  # names of the fields that are not in the repr
    __compared__: attrgetter[Any]  # gets the values for equality and hash

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__names__ if name not in self.__hidden__)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if other.__class__ is not self.__class__:
            return NotImplemented
        compared = self.__compared__
        return bool(compared(self) == compared(other))

    def __reduce__(self) -> tuple[object, ...]:
        return self.__class__, tuple([getattr(self, name) for name in self.__match_args__])

    @_ClassProperty
    def __dataclass_fields__(cls: Any) -> Any:  # noqa: N805 - by which the library knows its dataclasses; mostly nobody asks
        import dataclasses  # noqa: PLC0415 - to do without it is what this module is for

        compared = cls.__compared__.__reduce__()[1]  # the names that the attrgetter was made of
        options: dict[str, Any] = {
            name: {"init": name in cls.__match_args__, "repr": name not in cls.__hidden__, "compare": name in compared}
            for name in cls.__names__
        }
        members = [(name, cls.__annotations__[name], dataclasses.field(**each)) for name, each in options.items()]
        standard: Any = dataclasses.make_dataclass(cls.__name__, members)
        return standard.__dataclass_fields__


class _FrozenValue(_Value):
    """The methods that all frozen classes share."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(self.__compared__(self))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise _frozen_error(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise _frozen_error(f"cannot delete field {name!r}")


def _frozen_error(message: str) -> AttributeError:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - as above

    return FrozenInstanceError(message)


def _dataclass(declared: type | None = None, /, *, frozen: bool = False, slots: bool = False) -> Any:
    def decorate(declared: type) -> type:
        annotations: dict[str, str] = declared.__annotations__
        _check(declared, annotations)
        options = {name: _options(declared, name) for name, kind in annotations.items() if kind[:8] != "ClassVar"}
        names = tuple(options)
        given = tuple(name for name, each in options.items() if each.init)
        members = {
            **{name: member for name, member in declared.__dict__.items() if name not in _NOT_TAKEN | options.keys()},
            **({"__slots__": names} if slots else {}),
            "__match_args__": names if given == names else given,
            "__names__": names,
            # Without a field, all values of the class are the same.
            "__compared__": attrgetter(*[name for name, each in options.items() if each.compare] or ["__class__"]),
        }
        if hidden := tuple(name for name, each in options.items() if not each.repr):
            members["__hidden__"] = hidden
        bases = tuple(base for base in declared.__bases__ if base is not object)
        made = type(declared)(declared.__name__, (*bases, _FrozenValue if frozen else _Value), members)
        made.__qualname__ = declared.__qualname__
        made.__init__ = _init(made, options, frozen=frozen, slots=slots)  # type: ignore[misc]
        return made

    return decorate if declared is None else decorate(declared)


_NOT_TAKEN = frozenset({"__dict__", "__weakref__"})  # of the declared class; the one that is made has its own


def _check(declared: type, annotations: dict[str, Any]) -> None:
    """Raise TypeError for a class that the library's dataclass would treat differently."""
    name = declared.__qualname__
    if any(getattr(base, "__names__", ()) for base in declared.__bases__):
        raise TypeError(f"{name}: expected a base without fields, as fields are not inherited here")
    for field_name, kind in annotations.items():
        if not isinstance(kind, str) or kind.startswith("typing."):
            raise TypeError(f"{name}.{field_name}: expected an annotation as text, with names of typing alone")
        if declared.__dict__.get(field_name, _MISSING).__class__ in (list, dict, set):
            raise TypeError(f"{name}.{field_name}: expected a default that can't change: use default_factory")


def _options(declared: type, name: str) -> _FieldOptions:
    said = declared.__dict__.get(name, _MISSING)
    return said if isinstance(said, _FieldOptions) else _FieldOptions(default=said)


def _init(made: type, options: dict[str, _FieldOptions], *, frozen: bool, slots: bool) -> Any:
    """Compile `__init__`. A frozen value is written through the descriptors of its slots, or into its `__dict__`."""
    known: dict[str, object] = {"_missing_": _MISSING}  # by the names that are compiled, which no field has
    parameters, statements = ["self"], ["_dict_ = self.__dict__"] if frozen and not slots else []
    for name, each in options.items():
        value = parameter = name
        if each.factory is not _MISSING:
            known[f"_make_{name}"] = each.factory
            parameter = f"{name}=_missing_"
            value = f"_make_{name}() if {name} is _missing_ else {name}" if each.init else f"_make_{name}()"
        elif each.default is not _MISSING:
            known[f"_default_{name}"] = each.default
            parameter = f"{name}=_default_{name}"
        elif not each.init:
            continue  # __post_init__ gives it
        if each.init:
            parameters.append(parameter)
        if not frozen:
            statements.append(f"self.{name} = {value}")
        elif slots:
            known[f"_set_{name}"] = made.__dict__[name].__set__
            statements.append(f"_set_{name}(self, {value})")
        else:
            statements.append(f"_dict_[{name!r}] = {value}")
    if hasattr(made, "__post_init__"):
        statements.append("self.__post_init__()")
    body = "\n  ".join(statements or ["pass"])
    source = f"def make({', '.join(known)}):\n def __init__({', '.join(parameters)}):\n  {body}\n return __init__"
    namespace: dict[str, Any] = {}
    exec(source, _GLOBALS, namespace)  # noqa: S102 - made of the names of fields alone
    init = namespace["make"](**known)
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


def _replace(value: Any, /, **changes: Any) -> Any:
    for name in value.__match_args__:
        if name not in changes:
            changes[name] = getattr(value, name)
    return value.__class__(**changes)


if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    dataclass, field, replace = _dataclass, _FieldOptions, _replace

"""The conditions of a requirement on subjects and results; UID_MIN in them is the host's first login user. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from auditrules.audit.coverage.asked_rule import AskedRuleError, asked_conditions, contradiction
from auditrules.benchmarks.configuration.login_defs import DEFAULT_UID_MIN, LoginDefs
from auditrules.benchmarks.fields import Fields
from auditrules.benchmarks.requirement import Remedy, Result
from auditrules.status import Status
from auditrules.values import dataclass

UID_MIN = "UID_MIN"
UID_MIN_UNKNOWN = "uid_min_unknown"

EVERYBODY, LOGIN_USERS = "everybody", "login users"

_WITH_UID_MIN = re.compile(rf"((?:auid|uid|euid|suid|fsuid)(?:[<>]=?|!?=)){UID_MIN}")
_SOME_UID_MINS = (0, DEFAULT_UID_MIN, 2**32 - 2)
_UNSET = ("auid!=unset", "auid!=-1", "auid!=4294967295")


@dataclass(frozen=True, slots=True)
class AskedBy:
    """Conditions of a benchmark as -F and -C take them; UID_MIN stands for the first uid of login users."""

    fields: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()

    @property
    def by_login(self) -> bool:
        """Whether they depend on the host's login.defs."""
        return any(map(_WITH_UID_MIN.fullmatch, self.fields))

    def resolved(self, login: LoginDefs | None) -> tuple[str, ...] | None:
        """The fields with the host's UID_MIN; None if it is not known."""
        if not self.by_login:
            return self.fields
        if login is None or login.uid_min is None:
            return None
        return self._with(login.uid_min)

    def as_usual(self) -> tuple[str, ...]:
        """The fields with the UID_MIN of most hosts."""
        return self._with(DEFAULT_UID_MIN)

    def _with(self, uid_min: int) -> tuple[str, ...]:
        """The fields with UID_MIN replaced, if it is the whole value of a user's field."""
        return tuple(_WITH_UID_MIN.sub(rf"\g<1>{uid_min}", each) if _is_by(each) else each for each in self.fields)

    @property
    def contradiction(self) -> str:
        """The conditions that no user can meet together, for any UID_MIN of the host; empty if a user can."""
        found = ""
        for uid_min in _SOME_UID_MINS:
            fields = [each for each in self._with(uid_min) if not each.startswith(("path=", "exe="))]
            found = contradiction(asked_conditions(fields, self.compare))
            if not found:
                break
        return found

    @property
    def who(self) -> str:
        """The subjects that they are about, in words."""
        subjects = [
            each for each in self.fields if not each.startswith(("exit", "success", "a0", "a1", "a2", "a3", "path="))
        ]
        rest = [each for each in subjects if not each.startswith("auid>=") and each not in _UNSET]
        login = any(each.startswith("auid>=") for each in subjects) and any(each in _UNSET for each in subjects)
        if login:
            return ", ".join([LOGIN_USERS, *rest, *self.compare])
        return ", ".join([*subjects, *self.compare]) or EVERYBODY

    @property
    def how(self) -> tuple[str, ...]:
        """The fields on the arguments and the result of a call."""
        return tuple(each for each in self.fields if each.startswith(("exit", "success", "a0", "a1", "a2", "a3")))


def read_asked_by(fields: Fields, *, compare: bool = False, files: bool = False) -> AskedBy:
    """Read the keys `fields` and, if a kind has it, `compare`; with `files`, `path=` and `exe=` are read elsewhere.

    Raises:
        BenchmarkError: auditctl would refuse a condition, it is not about the subject or the result, or nobody can
            meet all of them.
    """
    asked = AskedBy(fields.texts("fields", ()), fields.texts("compare", ()) if compare else ())
    conditions = [each for each in asked.as_usual() if not (files and each.startswith(("path=", "exe=")))]
    name = "fields"
    try:
        asked_conditions(conditions)
        name = "compare"
        asked_conditions((), asked.compare)
    except AskedRuleError as error:
        raise fields.error(name, error.expected) from error
    if any(UID_MIN in each and not each.startswith(("path=", "exe=")) and not _is_by(each) for each in asked.fields):
        raise fields.error("fields", f"{UID_MIN} as the whole value of auid, uid, euid, suid or fsuid")
    if asked.contradiction:
        raise fields.error(
            "fields" if asked.fields else "compare", f"conditions that somebody can meet, not {asked.contradiction}"
        )
    return asked


def _is_by(field: str) -> bool:
    return _WITH_UID_MIN.fullmatch(field) is not None


def unknown_uid_min(login: LoginDefs | None) -> Result:
    """The result of a requirement on login users if UID_MIN is not known; its evidence says why."""
    why = login.error if login and login.error else "login.defs was not read"
    advice = "Mend what the evidence names: it says from which number on users log in."
    return Result(Status.UNKNOWN, UID_MIN_UNKNOWN, why, remedy=Remedy(text=advice))


def conditions_text(fields: Iterable[str], compare: Sequence[str] = ()) -> str:
    """Conditions as in a line of a rules file, each with a space before it."""
    return "".join(f" -F {each}" for each in fields) + "".join(f" -C {each}" for each in compare)

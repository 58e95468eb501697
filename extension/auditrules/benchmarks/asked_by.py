"""Who is asked about, where a benchmark writes UID_MIN for the first number of login users. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditrules.benchmarks.configuration.login_defs import DEFAULT_UID_MIN, LoginDefs

UID_MIN = "UID_MIN"
UID_MIN_UNKNOWN = "uid_min_unknown"
UID_MIN_ADVICE = "Mend what the evidence names: it says from which number on users log in."

EVERYBODY, LOGIN_USERS = "everybody", "login users"

_UNSET = ("auid!=unset", "auid!=-1", "auid!=4294967295")


@dataclass(frozen=True, slots=True)
class AskedBy:
    """Conditions of a benchmark as -F and -C take them, with UID_MIN for the first number of login users."""

    fields: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()

    @property
    def by_login(self) -> bool:
        """Whether they hang on the host's login.defs."""
        return any(UID_MIN in each for each in self.fields)

    def resolved(self, login: LoginDefs | None) -> tuple[str, ...] | None:
        """The fields with the host's number; None where it is not known."""
        if not self.by_login:
            return self.fields
        if login is None or login.uid_min is None:
            return None
        return tuple(each.replace(UID_MIN, str(login.uid_min)) for each in self.fields)

    def as_usual(self) -> tuple[str, ...]:
        """The fields with the number that most hosts have."""
        return tuple(each.replace(UID_MIN, str(DEFAULT_UID_MIN)) for each in self.fields)

    @property
    def who(self) -> str:
        """Whose accesses they ask for, in words."""
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
        """The fields on how an access is made and ends."""
        return tuple(each for each in self.fields if each.startswith(("exit", "success", "a0", "a1", "a2", "a3")))


def unknown_uid_min(login: LoginDefs | None) -> str:
    """Why the first number of login users is not known."""
    return login.error if login and login.error else "login.defs was not read"


def conditions_text(fields: Iterable[str], compare: Sequence[str] = ()) -> str:
    """Conditions as a rule of a rules file has them, each with a blank before it."""
    return "".join(f" -F {each}" for each in fields) + "".join(f" -C {each}" for each in compare)

"""A host as it would be with other rules to load at boot, or on another machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from auditrules.audit.constants.arches import loader_of
from auditrules.audit.coverage.answer import path_error
from auditrules.audit.model.collected import File, Sources, TriedRulesText
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.needs import needs
from auditrules.authoring.reading import RulesInput
from auditrules.authoring.targets import UnknownTargetError, machine_called
from auditrules.authoring.tried_rules import TriedRules
from auditrules.cli.command import Problem, warn
from auditrules.cli.rules_input import whole_rules
from auditrules.host import Collector
from auditrules.values import replace

if TYPE_CHECKING:
    from auditrules.benchmarks.requirement import Fact


def tried_host(paths: Sequence[str], machine: str, root: str = "") -> Callable[[Collector], Collector]:
    """Make the function that turns a root's host into one that boots with these rules, on this machine if given.

    Raises Problem if there are no such files or there is no such machine.
    """
    try:
        called = machine_called(machine) if machine else ""
    except UnknownTargetError as error:
        raise Problem(str(error)) from error
    inputs = [whole_rules(path, root) for path in paths]
    return lambda collector: WhatIfHost(collector, inputs, called)


class WhatIfHost:
    """A host that is collected, but with tried rules in place of its own, and with another machine if given.

    The rules are those of inputs, or a text. Lines that would not be loaded are told on standard error.
    """

    def __init__(
        self,
        host: Collector,
        rules: Sequence[RulesInput] = (),
        machine: str = "",
        text: TriedRulesText | None = None,
    ) -> None:
        self._host = host
        self._rules = rules
        self._machine = machine
        self._text = text

    def sources(self) -> Sources:
        """Collect the host. Raises `HostError`."""
        sources = self._host.sources()
        facts = replace(sources.facts, machine=self._machine or sources.facts.machine)
        if not self._rules and self._text is None:
            return replace(sources, facts=facts)
        contents = [file.content or b"" for each in self._rules for file in each.files]
        wanted = needs([*contents, self._text.content if self._text else b""])
        paths = (path for path in wanted.paths if not path_error(path))
        facts = replace(facts, files={**facts.files, **self.look(paths)})
        if self._text is not None:
            return replace(sources, facts=facts, tried=self._text)
        tried = TriedRules(self._rules, facts)
        for problem in tried.problems:
            warn(f"not loaded: {problem}")
        return replace(sources, facts=facts, tried=tried.text)

    def look(self, paths: Iterable[str]) -> Mapping[str, Entry]:
        """Look at paths, and at the interpreters of programs of the machine. Raises `HostError`."""
        return self._host.look([*paths, *filter(None, [loader_of(self._machine)])])

    def site(self) -> tuple[File, ...]:
        """Read the site's own files of benchmarks. Raises `HostError`."""
        return self._host.site()

    def fact(self, fact: Fact) -> object:
        """Collect another fact that requirements need. Raises `HostError`."""
        return self._host.fact(fact)

"""`auditrules rules --minimise`: a smaller set of rules that is proved to record the same."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from auditrules.audit.auditctl.normal_form import decided, render
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import Facts
from auditrules.audit.needs import needs
from auditrules.audit.rule_sets import FILES_ASSUMED
from auditrules.authoring.kept_controls import kept_controls
from auditrules.authoring.minimise import minimised
from auditrules.authoring.reading import RulesInput, with_names
from auditrules.authoring.rule_order import moved_on
from auditrules.authoring.rule_paths import assumed_files
from auditrules.authoring.rules_files import MADE
from auditrules.authoring.tried_rules import TriedRules
from auditrules.cli.command import warn
from auditrules.cli.environment import Environment
from auditrules.cli.rules_input import whole_rules
from auditrules.cli.target_options import only_target
from auditrules.text import counted, visible
from auditrules.values import replace

MOST_RULES = 500  # each is compared with all others
MANY_RULES = 100  # from here on, warn that it takes long: over a minute of one core if conditions differ much


def minimised_rules(options: argparse.Namespace, environment: Environment) -> tuple[str, int]:
    """The smaller set as text, and the exit code: 3, with no text, if it is not proved to record the same."""
    inputs = [whole_rules(path, options.root) for path in options.paths]
    target = only_target(options)
    facts = Facts(version=target.version, machine=target.machine)
    facts = with_names(_facts_for(inputs, facts, options.root, environment), inputs)
    tried = TriedRules(inputs, facts)
    for problem in tried.problems:
        warn(f"not loaded: {problem}")
    if facts.assumed:
        warn(FILES_ASSUMED)
    if tried.problems:
        warn("not proved: some lines are not loaded, so nothing is written")
        return "", 3
    if len(tried.loaded.rules) > MOST_RULES:
        warn(
            f"not made smaller, so nothing is written: expected at most {MOST_RULES} rules, found "
            f"{len(tried.loaded.rules)}; auditrules lint names those that add nothing, or could be one"
        )
        return "", 3
    if len(tried.loaded.rules) > MANY_RULES:
        warn(f"{len(tried.loaded.rules)} rules are judged one by one: that takes minutes where their conditions differ")
    controls = kept_controls(tried.loaded, tried.place)
    for problem in controls.lost:
        warn(f"not written: {problem}")
    if controls.lost:
        return "", 3
    rules = [decided(rule, facts) for rule in tried.loaded.rules]
    found = minimised(rules, FileSystem(facts), moved_on(facts))
    if found.changes:
        warn("not proved: the smaller set records something otherwise, so nothing is written")
        return "", 3
    fewer = counted(len(found.rules), "rule that records", "rules that record")
    lines = [
        f"{MADE}: {fewer} the same as {len(rules)} of {', '.join(options.paths)}",
        *controls.above,
        *(render(rule, facts.machine) for rule in found.rules),
        *controls.below,
    ]
    if hidden := next((line for line in lines[1:] if line != visible(line)), ""):
        warn(f"not written: expected rules of printable characters in UTF-8, found {hidden}")
        return "", 3
    return "".join(f"{visible(line)}\n" for line in lines), 0


def _facts_for(inputs: Iterable[RulesInput], facts: Facts, root: str, environment: Environment) -> Facts:
    contents = [file.content or b"" for each in inputs for file in each.files]
    if not root:
        rules = TriedRules([*inputs], with_names(facts, inputs)).loaded.rules
        return replace(facts, files=assumed_files(rules), assumed=True)
    host = environment.host(root, "none", "")
    own = host.sources().facts
    return replace(
        own, version=facts.version, machine=facts.machine, files={**own.files, **host.look(needs(contents).paths)}
    )

"""Files of a host that nobody looked at: each path of a rule is taken to be there, without links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import PATH_NAMES, Field, Rule


def assumed_files(rules: Iterable[Rule]) -> Mapping[str, Entry]:
    """What is at the paths of rules, and at each step of the way there.

    A path is a directory where a rule says so (`dir=`), or has a path below it, and else a file.
    """
    found: dict[str, Entry] = {"/": Entry("dir")}
    files: list[str] = []
    for rule in rules:
        for field in rule.fields:
            if isinstance(field, Field) and (field.name in PATH_NAMES or field.name == "exe"):
                path, *folders = above(str(field.value))
                found.update(dict.fromkeys(folders, Entry("dir")))
                if field.name == "dir":
                    found[path.rstrip("/") or "/"] = Entry("dir")
                else:
                    files.append(path)
    for path in files:
        found.setdefault(path, Entry("file"))
    return found

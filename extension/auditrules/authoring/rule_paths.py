"""The paths that rules name, and the entries that are assumed at them without a host: no links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditrules.audit.filesystem.path_walk import above
from auditrules.audit.model.host_facts import Entry
from auditrules.audit.model.rule import FILE_FIELDS, Field, Rule


def file_fields(rule: Rule) -> Iterator[Field]:
    """The fields of a rule whose value is the path of a file or directory."""
    return (each for each in rule.fields if isinstance(each, Field) and each.name in FILE_FIELDS)


def assumed_files(rules: Iterable[Rule]) -> Mapping[str, Entry]:
    """Assume entries at the paths of rules and at their parents.

    A path is a directory where a rule says so (`dir=`), or has a path below it, and else a file.
    """
    found: dict[str, Entry] = {"/": Entry("dir")}
    files: list[str] = []
    for rule in rules:
        for field in file_fields(rule):
            path, *folders = above(str(field.value))
            found.update(dict.fromkeys(folders, Entry("dir")))
            if field.name == "dir":
                found[path.rstrip("/") or "/"] = Entry("dir")
            else:
                files.append(path)
    for path in files:
        found.setdefault(path, Entry("file"))
    return found

"""The sample table as osquery-python's documentation would have it: TablePlugin and start_extension.

It takes every constraint for an equality that it has to apply, and sends no rowid.
"""

from __future__ import annotations

from typing import Any

import osquery

from tests.core.sample import behaved


@osquery.register_plugin
class Sample(osquery.TablePlugin):  # type: ignore[misc] # osquery-python has no types
    def name(self) -> str:
        return "sample"

    def columns(self) -> list[Any]:
        return [
            osquery.TableColumn(name="name", type=osquery.STRING),
            osquery.TableColumn(name="number", type=osquery.STRING),
            osquery.TableColumn(name="behave", type=osquery.STRING),
        ]

    def generate(self, context: dict[str, Any]) -> list[dict[str, str]]:
        terms = [(column["name"], term["expr"]) for column in context["constraints"] for term in column["list"]]
        behaviour = next((operand for name, operand in terms if name == "behave"), "")
        rows = [{name: value for name, value in row.items() if name != "rowid"} for row in behaved(behaviour)]
        return [row for row in rows if all(row[name] == operand for name, operand in terms)]


if __name__ == "__main__":
    osquery.start_extension(name="naive", version="1.0.0")

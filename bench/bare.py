"""The example of osquery-python's README, as bare as an extension gets."""

from __future__ import annotations

import osquery

TYPE_CHECKING = False
if TYPE_CHECKING:  # a README's example has no types, and imports none
    from typing import Any


@osquery.register_plugin
class MyTablePlugin(osquery.TablePlugin):  # type: ignore[misc] # osquery-python has no types
    """A table of one row."""

    def name(self) -> str:
        """Name it."""
        return "foobar"

    def columns(self) -> list[Any]:
        """Declare it."""
        return [osquery.TableColumn(name=name, type=osquery.STRING) for name in ("foo", "baz")]

    def generate(self, context: Any) -> list[dict[str, str]]:  # noqa: ARG002 - the interface's
        """Fill it."""
        return [{"foo": "bar", "baz": "baz"}]


if __name__ == "__main__":
    osquery.start_extension(name="bare", version="1.0.0")

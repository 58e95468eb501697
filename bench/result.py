"""What was measured, as a line of the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line of the table: a ratio or an amount, and the most that it may be."""

    what: str
    found: str
    value: float
    most: float | None = None  # None: nothing was promised

    @property
    def line(self) -> str:
        """The line in Markdown."""
        if self.most is None:
            return f"| {self.what} | {self.found} | {self.value:.3g} | | |"
        verdict = "reached" if self.value <= self.most else "**missed**"
        return f"| {self.what} | {self.found} | {self.value:.3g} | {self.most:g} | {verdict} |"

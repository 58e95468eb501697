"""What is asked of hosts: the controls as SQL, queries on drift and on the records' way, and the packs of them."""

from auditrules.benchmarks import CONTROLS
from auditrules.packs.verdict import Check

__all__ = ["CHECKS", "Check"]

CHECKS = tuple(map(Check, CONTROLS))

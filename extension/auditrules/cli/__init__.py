"""The command line: one module a command, and what they share."""

from auditrules.cli.command import World
from auditrules.cli.entry import main

__all__ = ["World", "main"]

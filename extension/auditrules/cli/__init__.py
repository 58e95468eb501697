"""The command line: one module for each command, and what they share."""

from auditrules.cli.entry import main

__all__ = ["main"]

"""The extension: osquery's wire, our tables behind it, and the program that osquery starts."""

from auditrules.serve.extension import Options, main, serve

__all__ = ["Options", "main", "serve"]

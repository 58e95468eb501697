"""Serves the tables to osquery: thrift over a socket, and the program that osquery starts."""

from auditrules.serve.extension import Options, main, serve

__all__ = ["Options", "main", "serve"]

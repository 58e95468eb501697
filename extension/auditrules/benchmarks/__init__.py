"""Benchmarks as data: what each control wants, in our own words, and the SQL that judges a host by it."""

from auditrules.benchmarks.cis_docker import CONTROLS
from auditrules.benchmarks.control import Control

__all__ = ["CONTROLS", "Control"]

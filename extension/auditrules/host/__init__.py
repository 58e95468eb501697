"""Collects a host. Only this package reads a host's files, looks up its paths, or runs programs; it judges nothing."""

from auditrules.host.collect import PROGRAMS, Host
from auditrules.host.limits import HostError, Limits
from auditrules.host.snapshot import Collector, KeptHost

__all__ = ["PROGRAMS", "Collector", "Host", "HostError", "KeptHost", "Limits"]

"""The host: the only programs run, files opened and paths looked at. What it finds are values; it judges nothing."""

from auditrules.host.collect import PROGRAMS, Host
from auditrules.host.limits import HostError, Limits
from auditrules.host.snapshot import Collector, KeptHost

__all__ = ["PROGRAMS", "Collector", "Host", "HostError", "KeptHost", "Limits"]

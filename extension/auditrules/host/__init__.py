"""The host: the only programs run, files opened and paths looked at. What it finds are values; it judges nothing."""

from auditrules.host.collect import PROGRAMS, Host, HostError, Limits

__all__ = ["PROGRAMS", "Host", "HostError", "Limits"]

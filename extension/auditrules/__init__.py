"""Shows what a host audits: as tables of an osquery extension, and as verdicts on controls of benchmarks."""

__version__ = "0.1.0"

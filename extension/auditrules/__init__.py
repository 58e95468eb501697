"""What is audited on this host, as SQL: the tables of an osquery extension, and the checks that stand on them."""

__version__ = "0.1.0"

"""Parses the configuration files of a host that requirements are about. Pure."""

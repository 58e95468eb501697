"""Configuration files of the host that requirements are about: text into values. Pure."""

"""Writes a report: for a terminal, for programs, and as a page of HTML."""

"""Evaluates the store for a request: numbered steps of SQL, whose results become the values of a report."""

"""The error of a report that cannot be made."""


class ReportError(ValueError):
    """An input of the report is wrong. The message says which, where, and what was expected."""

"""What keeps a report from being made."""


class ReportError(ValueError):
    """Something that the report stands on is not as it must be; says what, where, and what was expected."""

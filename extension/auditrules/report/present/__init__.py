"""A report into text: for a terminal, for programs, and as a page of HTML."""

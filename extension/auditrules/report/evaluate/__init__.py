"""The store and what the caller asks, into a report: numbered steps of SQL, and values of what they give."""

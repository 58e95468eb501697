"""Reads logs of osqueryd, also inside the envelopes of log shippers: finds, unpacks, splits and parses files."""

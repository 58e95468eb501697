"""Logs of osqueryd and what others wrap around them, into rows: files are found, unpacked, split and understood."""

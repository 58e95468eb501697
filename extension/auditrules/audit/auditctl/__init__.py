"""The program auditctl: its flags, rules files, listings and status text, by version."""

"""Decides which accesses and system calls the kernel records, by which rules, and why it does not record others."""

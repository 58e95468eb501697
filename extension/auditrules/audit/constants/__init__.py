"""Tables of auditctl and the kernel: fields, system calls, architectures, names of values."""

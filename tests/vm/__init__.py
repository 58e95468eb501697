"""A real kernel for the tests: Debian's, in QEMU, with auditctl and our code in the guest."""

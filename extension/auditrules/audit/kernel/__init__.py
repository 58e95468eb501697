"""The kernel's audit messages over netlink: bytes to rules and status, and back."""

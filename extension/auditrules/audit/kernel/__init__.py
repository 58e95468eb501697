"""The kernel's audit messages over netlink: rules and status from bytes, and back."""

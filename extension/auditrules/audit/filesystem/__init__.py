"""The one path walker: links, `..` and mounts, over what was collected of a host. Pure."""

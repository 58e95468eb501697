"""A host's file system as it was collected: walks along paths, mounts, sandboxes of units. Pure."""

"""The file system of a host, as it was collected: the walk along paths, mounts, a unit's sandbox. Pure."""

"""The language of Linux audit. Pure: no files, no processes, no osquery."""

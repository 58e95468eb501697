"""From the result logs of a fleet to its findings."""

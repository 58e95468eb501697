"""Values that everything else shares: rules, facts of a host, what was collected of it, and errors."""

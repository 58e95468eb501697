"""Which accesses the kernel records, by which rule, and why not."""

"""One access on a real kernel, made exactly as a case says, and the record it left or did not leave."""

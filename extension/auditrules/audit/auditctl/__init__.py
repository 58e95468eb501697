"""What the program auditctl does: its options, its rules files, its listings and its status text."""

"""What the next boot loads (boot loader, systemd units, augenrules, `auditctl -R`), and drift from it."""

"""What boot loads: systemd units, augenrules, `auditctl -R`, what the kernel refuses, and drift from the files."""

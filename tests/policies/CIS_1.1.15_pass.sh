#!/bin/sh
# Pass CIS Docker Benchmark 1.8.0, 1.1.15:
# Auditing for the containerd-shim executable is configured.
# For a throw-away host: it makes files of Docker's and loads rules of its own in the place of all others.
set -eu
mkdir -p /usr/bin
[ -e /usr/bin/dockerd ] || { printf '#!/bin/sh\n' >/usr/bin/dockerd; chmod 755 /usr/bin/dockerd; }
mkdir -p /usr/bin
[ -e /usr/bin/containerd-shim ] || { printf '#!/bin/sh\n' >/usr/bin/containerd-shim; chmod 755 /usr/bin/containerd-shim; }
mkdir -p /etc/audit/rules.d
echo '-w /usr/bin/containerd-shim -k docker' >/etc/audit/rules.d/CIS_1.1.15.rules
auditctl -D >/dev/null
auditctl -e 1 >/dev/null
augenrules --load >/dev/null 2>&1

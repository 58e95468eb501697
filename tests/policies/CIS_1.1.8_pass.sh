#!/bin/sh
# Pass CIS Docker Benchmark 1.8.0, 1.1.8:
# Auditing for /run/containerd/containerd.sock is configured.
# For a throw-away host: it makes files of Docker's and loads rules of its own in the place of all others.
set -eu
mkdir -p /usr/bin
[ -e /usr/bin/dockerd ] || { printf '#!/bin/sh\n' >/usr/bin/dockerd; chmod 755 /usr/bin/dockerd; }
mkdir -p /run/containerd
[ -e /run/containerd/containerd.sock ] || { python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/containerd/containerd.sock")'; }
mkdir -p /etc/audit/rules.d
echo '-w /run/containerd/containerd.sock -k docker' >/etc/audit/rules.d/CIS_1.1.8.rules
auditctl -D >/dev/null
auditctl -e 1 >/dev/null
augenrules --load >/dev/null 2>&1

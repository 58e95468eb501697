#!/bin/sh
# Pass CIS Docker Benchmark 1.2.0, 1.2.9:
# Auditing for /etc/sysconfig/docker is configured.
# For a throw-away host: it makes files of Docker's and loads rules of its own in the place of all others.
set -eu
mkdir -p /usr/bin
[ -e /usr/bin/dockerd ] || { printf '#!/bin/sh\n' >/usr/bin/dockerd; chmod 755 /usr/bin/dockerd; }
mkdir -p /etc/sysconfig
[ -e /etc/sysconfig/docker ] || { echo '{}' >/etc/sysconfig/docker; }
mkdir -p /etc/audit/rules.d
echo '-w /etc/sysconfig/docker -k docker' >/etc/audit/rules.d/CIS_1.2.9.rules
auditctl -D >/dev/null
auditctl -e 1 >/dev/null
augenrules --load >/dev/null 2>&1

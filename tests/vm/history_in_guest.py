"""Runs in the guest: loads rules, changes what their paths lead to, and writes what kernel and coverage then say."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import time
from pathlib import Path

from auditrules.audit.model.host_facts import LOAD_TAKES
from auditrules.audit.rule_sets import KERNEL
from auditrules.host.collect import Host
from auditrules.host.snapshot import KeptHost
from tests.vm.access.netlink import SYSCALL, Kernel, Listener

AUDITRULES = "/usr/local/bin/auditrules"
UNIT = Path("/run/systemd/units/invocation:auditd.service")
RULES_D = Path("/etc/audit/rules.d/audit.rules")
EXCHANGE = 2  # RENAME_EXCHANGE
AT_FDCWD = -100

FSTAB = """\
/h/store /h/gone none bind 0 0
/h/store /h/moved none bind 0 0
tmpfs /h/twice tmpfs defaults 0 0
"""
WANTS = Path("/etc/systemd/system/multi-user.target.wants/auditd.service")
BEFORE = """\
mkdir -p /h/same /h/tree/sub /h/files /h/g/p/d /h/rel1 /h/rel2 /h/swap /h/old /h/older/x /h/over /h/store/d /h/gone/d \
  /h/moved/d /h/elsewhere /h/twice /h/there /h/new /h/hand /h/by-hand/d /h/away /h/away2
ln -s rel1 /h/current
touch /h/files/f /h/rel1/conf /h/rel2/conf
mount --bind /h/store /h/gone
mount --bind /h/store /h/moved
mount -t tmpfs twice /h/twice
mount -t tmpfs there /h/there
mount --bind /h/by-hand /h/hand
mount -t tmpfs away /h/away
"""
RULES = """\
-D
-w /h/same -p wa -k same
-w /h/tree -p wa -k tree
-w /h/tree/sub -p wa -k sub
-w /h/files/f -p wa -k files
-w /h/g/p/d/f -p wa -k grandparent
-w /h/current/conf -p wa -k link
-w /h/swap -p wa -k swap
-w /h/old -p wa -k old
-w /h/over -p wa -k over
-w /h/gone/d -p wa -k gone
-w /h/moved/d -p wa -k moved
-w /h/twice -p wa -k twice
-w /h/there -p wa -k there
-w /h/hand -p wa -k hand
-w /h/away/f -p wa -k away
"""
AFTER = """\
mv /h/tree/sub /h/tree/sub.old; mkdir /h/tree/sub
echo new >/h/files/f.new; mv /h/files/f.new /h/files/f
mv /h/g/p /h/g/p.old; mkdir -p /h/g/p/d
ln -sfn rel2 /h/current
mv /h/old /h/old.old; mv /h/older /h/old
mount -t tmpfs over /h/over
umount /h/gone
mount --move /h/moved /h/elsewhere
mount -t tmpfs again /h/twice
mkdir /h/swapped
umount /h/hand
mount --move /h/away /h/away2
"""
# What is opened for writing, by the names that the test gives them.
OPENED = {
    "the same directory": "/h/same/f",
    "a directory made anew in a tree": "/h/tree/sub/f",
    "a file replaced in its directory": "/h/files/f",
    "a directory above the watched one's made anew": "/h/g/p/d/f",
    "a link led elsewhere": "/h/current/conf",
    "a directory exchanged for a new one": "/h/swap/f",
    "a directory that is older than the load moved there": "/h/old/f",
    "a file system mounted over it": "/h/over/f",
    "a mount of fstab unmounted": "/h/gone/d/f",
    "a mount of fstab moved away": "/h/moved/d/f",
    "another file system over that of fstab": "/h/twice/f",
    "a mount that was there before the load": "/h/there/f",
    "a mount by hand unmounted": "/h/hand/f",
    "a mount by hand moved away": "/h/away/f",
}
ASK = "SELECT path, recorded, unknown, reason, evidence FROM audit_coverage WHERE source = 'kernel' AND path IN ({})"


def shell(script: str) -> None:
    """Run commands, each of which must succeed."""
    subprocess.run(["/bin/sh", "-e", "-c", script], check=True)


def load() -> None:
    """Load the rules as the start of auditd.service does."""
    shell("augenrules >/dev/null 2>&1")  # the file is written before, as on a host that boots
    UNIT.parent.mkdir(parents=True, exist_ok=True)
    UNIT.unlink(missing_ok=True)
    UNIT.symlink_to("0123456789abcdef0123456789abcdef")
    shell("augenrules --load >/dev/null 2>&1; auditctl -e 1 >/dev/null")


def opened(path: str, listener: Listener) -> list[str]:
    """The keys of the records that opening a file for writing left."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    listener.heard()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
    return [each.string("key") or "" for each in listener.heard() if each.kind == SYSCALL]


def asked() -> dict[str, dict[str, str]]:
    """What coverage says of each path."""
    query = ASK.format(", ".join(f"'{path}'" for path in OPENED.values()))
    done = subprocess.run([AUDITRULES, "query", "--format", "json", query], check=True, capture_output=True)
    rows = {row["path"]: row for row in json.loads(done.stdout)}
    return {name: rows[path] for name, path in OPENED.items()}


def told(host: KeptHost) -> dict[str, dict[str, str]]:
    """What is said of each path by who has looked before, as an extension does that runs."""
    answers = {name: host.audit().coverage(path, KERNEL, host.look([path])) for name, path in OPENED.items()}
    return {
        name: {"recorded": each.recorded, "unknown": each.unknown, "reason": each.reason.value}
        for name, each in answers.items()
    }


def both(listener: Listener) -> dict[str, object]:
    """Both answers on each path."""
    return {name: {"keys": opened(OPENED[name], listener), "said": said} for name, said in asked().items()}


def main() -> None:
    """Write /out/history.json: the answers before and after the changes, and those after rules were loaded again."""
    Path("/etc/fstab").write_text(FSTAB)
    RULES_D.write_text(RULES)
    WANTS.parent.mkdir(parents=True, exist_ok=True)
    WANTS.symlink_to("/lib/systemd/system/auditd.service")
    shell(BEFORE)
    time.sleep(LOAD_TAKES + 1)  # so that what was made before is older than the load, by the coarsest clock
    load()
    time.sleep(LOAD_TAKES + 1)
    host = KeptHost(Host(), time.monotonic, 0)
    before = told(host)
    shell(AFTER)
    swap = ctypes.CDLL(None, use_errno=True).renameat2
    assert swap(AT_FDCWD, b"/h/swap", AT_FDCWD, b"/h/swapped", EXCHANGE) == 0
    kernel = Kernel()
    listener = Listener(kernel)
    found = {"before": before, "remembered": told(host), "changed": both(listener)}
    load()
    found["remembered, loaded again"] = told(host)
    found["loaded again"] = both(listener)
    Path("/out/history.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()

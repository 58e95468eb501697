"""Writes rules files in three forms: the files themselves, a shell script or Ansible tasks that install them. Pure.

A script or a play may be run twice: it writes files that are as they are to be once more, and loads them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

FOLDER = "/etc/audit/rules.d"
_END = "END_OF_RULES"
_SCRIPT = """\
#!/bin/sh
# Installs audit rules and loads them. To be run as root; it may be run twice.
set -eu
umask 027
locked=$(auditctl -s | sed -n 's/^enabled //p')
"""
_LOAD = """\
if [ "$locked" = 2 ]; then
    echo "the rules are locked (enabled 2): they load at the next boot" >&2
    exit 0
fi
augenrules --load
"""


def plain(files: Mapping[str, str]) -> str:
    """Write the files one after the other, each under a comment with its name."""
    return "\n".join(f"# {FOLDER}/{name}\n{text}" for name, text in files.items())


def script(files: Mapping[str, str]) -> str:
    """Write a shell script that installs the files and loads them."""
    parts = [f"cat > {FOLDER}/{name} <<'{_END}'\n{text}{_END}\n" for name, text in files.items()]
    return "".join((_SCRIPT, *parts, _LOAD))


def ansible(files: Mapping[str, str]) -> str:
    """Write a list of Ansible tasks, for a play to include."""
    copies = [
        f"- name: Install {FOLDER}/{name}\n"
        "  ansible.builtin.copy:\n"
        f"    dest: {FOLDER}/{name}\n"
        f"    content: {_yaml(text)}\n"
        "    owner: root\n"
        "    group: root\n"
        '    mode: "0640"\n'
        "  become: true\n"
        for name, text in files.items()
    ]
    load = """\
- name: Ask whether the rules are locked
  ansible.builtin.command: auditctl -s
  register: audit_status
  changed_when: false
  become: true
- name: Load the rules
  ansible.builtin.command: augenrules --load
  when: "'enabled 2' not in audit_status.stdout"
  changed_when: true
  become: true
- name: Tell that the rules load at the next boot
  ansible.builtin.debug:
    msg: The rules are locked (enabled 2), so they load at the next boot.
  when: "'enabled 2' in audit_status.stdout"
"""
    return "".join(("---\n", *copies, load))


def _yaml(text: str) -> str:
    """Write a text as YAML: as a block of lines if a block can hold it, else as one long string."""
    lines = text.split("\n")
    plain_lines = all(line.isascii() and line.isprintable() and line == line.strip() for line in lines)
    if not plain_lines or not lines[0] or lines[-1] or lines[-2:-1] == [""]:
        return json.dumps(text)
    return "|\n" + "\n".join(f"      {line}" if line else "" for line in lines[:-1])


FORMATS: Mapping[str, Callable[[Mapping[str, str]], str]] = MappingProxyType(
    {"rules": plain, "sh": script, "ansible": ansible}
)

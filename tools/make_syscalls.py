"""Write the kernel's system call tables from the PyPI package system-calls: `python tools/make_syscalls.py`.

The package (MIT licence) holds the tables of the Linux sources. Only numbers that fit into a rule's mask are kept.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import textwrap
from pathlib import Path

PACKAGE = "system-calls"
OUTPUT = Path(__file__).parents[1] / "extension/auditrules/audit/constants/data_syscalls.py"
MASK_BITS = 2032  # AUDIT_BITMASK_SIZE words of 32 bits, without the last sixteen, which stand for classes
LINE = 120

# our machine -> the package's name of it
MACHINES = {
    "x86_64": "x86_64",
    "i386": "i386",
    "aarch64": "arm64",
    "arm": "arm",
    "ppc64": "powerpc64",
    "ppc": "powerpc",
    "s390x": "s390x",
    "s390": "s390",
    "riscv64": "riscv64",
}

HEADER = '''\
"""The kernel's system calls by machine. Made by tools/make_syscalls.py from {package} {version}; don't edit.

A number says what the next name stands for; each further name stands for the number after it.
"""

from __future__ import annotations

SYSCALLS = {{
'''


def runs(numbers: dict[str, int]) -> str:
    """A table as text: names in the order of their numbers, a number where a run begins."""
    words: list[str] = []
    following = -1
    for number, name in sorted((number, name) for name, number in numbers.items() if number < MASK_BITS):
        if number != following:
            words.append(str(number))
        words.append(name)
        following = number + 1
    return " ".join(words)


def text() -> str:
    """The whole module."""
    parts = [HEADER.format(package=PACKAGE, version=importlib.metadata.version(PACKAGE))]
    for machine, name in MACHINES.items():
        module = importlib.import_module(f"system_calls.tables.{name}")
        table = runs(getattr(module, f"syscalls_{name}"))
        indent = " " * 8
        lines = textwrap.fill(table, LINE, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
        parts.append(f'    "{machine}": """\n{lines}\n    """,\n')
    parts.append("}\n")
    return "".join(parts)


if __name__ == "__main__":
    OUTPUT.write_text(text(), encoding="utf-8")

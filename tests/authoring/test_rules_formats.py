"""Rules files as tasks for Ansible: the text that comes back is the one that was given, and a person can read it."""

from __future__ import annotations

import pytest
import yaml

from auditrules.authoring.rules_formats import ansible

TEXTS = (
    "# made\n-D\n\n-w /etc/passwd -p wa -k id\n",
    "-w /x -k 'a: b'\n- item\n",
    "no newline at the end",
    "two newlines\n\n",
    "\nbegins with one\n",
    "  begins with spaces\n",
    "ends with a space \nx\n",
    "a\ttab\n",
    "\u00fc \x1b\n",
    "-w C:\\x\n%TAG\n",
    "",
)


@pytest.mark.parametrize("text", TEXTS)
def test_the_text_of_a_file_comes_back(text: str) -> None:
    (task, *_) = yaml.safe_load(ansible({"10.rules": text}))
    assert task["ansible.builtin.copy"]["content"] == text


def test_rules_stand_a_line_a_line() -> None:
    assert "    content: |\n      -D\n\n      -w /etc/passwd -k id\n" in ansible(
        {"1.rules": "-D\n\n-w /etc/passwd -k id\n"}
    )

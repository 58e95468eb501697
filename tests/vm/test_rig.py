from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.vm.contents import RigError
from tests.vm.guest import Guest

pytestmark = pytest.mark.vm


def test_a_script_meets_the_kernel_its_audit_tools_and_our_code(guest: Guest) -> None:
    script = """\
        uname -s
        auditctl -v
        auditctl -s | grep enabled
        auditctl -w /etc/passwd -p wa -k identity
        auditctl -l
        python3 -c 'import auditrules, apsw, osquery, thrift, unittest; print(auditrules.__file__)'
        auditrules --version
    """
    result = guest.run(textwrap.dedent(script))
    assert result.text == textwrap.dedent("""\
        Linux
        auditctl version 3.0.9
        enabled 0
        -w /etc/passwd -p wa -k identity
        /usr/lib/python3/dist-packages/auditrules/__init__.py
        auditrules 0.1.0
    """)
    assert result.returncode == 0


def test_bytes_pass_unchanged_and_so_does_the_exit_status(guest: Guest, tmp_path: Path) -> None:
    every_byte = bytes(range(256)) + b"\r\n\0\n"
    (tmp_path / "script").write_bytes(every_byte)
    script = "cat /opt/bytes; mkdir /out/below; cp /etc/below/script /out/below/copy; kill -9 $$"
    result = guest.run(script, {"/opt/bytes": every_byte, "/etc/below": tmp_path})
    assert result.stdout == every_byte
    assert result.files_out == {"below/copy": every_byte}
    assert result.returncode == 128 + 9


def test_the_kernel_hears_its_arguments_and_the_host_keeps_the_modes_of_debian(guest: Guest) -> None:
    files = {"/etc/audit/rules.d/docker.rules": b"-w /usr/bin/dockerd -k docker\n"}
    result = guest.run("auditctl -s | grep enabled; stat -c '%a %n' /etc/audit / /tmp", files, kernel_args="audit=1")
    assert result.text == "enabled 1\n750 /etc/audit\n755 /\n1777 /tmp\n"


def test_a_script_that_does_not_end_is_an_error_that_shows_its_output(guest: Guest) -> None:
    with pytest.raises(RigError, match=r"the guest was not done after 10 s in its script(.|\n)*here I wait"):
        guest.run("echo here I wait; sleep 1000", timeout=10)

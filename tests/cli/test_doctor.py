"""`auditrules doctor` from end to end: a root that is set up as a host, and the extension under the stand-in core."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path

import pytest

from auditrules import __version__
from auditrules.cli import main
from auditrules.cli.environment import Environment, ask_osquery
from auditrules.doctor import OsqueryAnswer
from auditrules.host import Host, HostError
from auditrules.host.installation import Setup
from tests.cli.ran import Ran, ran
from tests.core import Core
from tools.release.archive import stub

LOAD = "etc/osquery/extensions.load"
UID = os.getuid()
PATH = "usr/lib/osquery/extensions/auditrules.ext"


def installed(root: Path, socket: str) -> None:
    """Set up a root as the package does."""
    flags = ("--extensions_timeout=10", "--extensions_require=auditrules", f"--extensions_socket={socket}")
    files: dict[str, str] = {
        "proc/9/status": "Name:\tosqueryd\nPPid:\t1\nUid:" + 4 * f"\t{UID}",
        "proc/9/cmdline": "\0".join(["/usr/bin/osqueryd", *flags, ""]),
        LOAD: f"/{PATH}\n",
        PATH: stub("/usr/bin"),
        "bin/sh": "",
        "usr/bin/osqueryd": "",
        "usr/bin/python3.12": "",
        "usr/share/osquery-audit-rules/packs/a.conf": '{"queries": {"a": {"query": "SELECT * FROM audit_rules;"}}}',
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        path.parent.chmod(0o755)
    for pid in (1, 9):
        namespaces = root / f"proc/{pid}/ns"
        namespaces.mkdir(parents=True)
        for kind in ("mnt", "user"):
            (namespaces / kind).symlink_to(f"{kind}:[1]")
    (root / "proc/9/exe").symlink_to(root / "usr/bin/osqueryd")


LISTING = "-w /usr/bin/dockerd -p rwxa -k docker\nenabled 1\nfailure 1\npid 1\n"


def run(root: Path, *arguments: str) -> Ran:
    (root / "listing").write_text(LISTING, encoding="utf-8")
    environment = Environment(
        host=lambda _, __, ___: Host(str(root), str(root / "listing")), setup=lambda _: Setup(str(root))
    )
    return ran("doctor", *arguments, environment=environment)


@pytest.mark.root("own")
def test_an_installation_is_told_line_by_line(core: Core, tmp_path: Path) -> None:
    installed(tmp_path, core.socket)
    core.run("tests.core.extension")
    core.registered()
    assert run(tmp_path) == Ran(
        3,
        f"""\
ok       osqueryd      it runs as process 9, with its socket at {core.socket}
ok       flags         --extensions_timeout is 10 s
ok       load file     /{LOAD} names /{PATH}
ok       extension     /{PATH} is a file that osquery loads
ok       interpreter   /{PATH} finds /usr/bin/python3.12
ok       registration  osquery has registered auditrules {__version__}
warning  kernel        its rules are read with auditctl, which does not tell all of them truly: 1
                       -> run as root, so that netlink can be asked
ok       audit         osquery leaves audit alone; nobody owns the stream of records
ok       packs         /usr/share/osquery-audit-rules/packs/a.conf can be read

0 problems, 1 warning, 8 ok
""",
        "",
    )


def test_what_is_wrong_is_told_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    installed(tmp_path, str(folder / "none"))
    (tmp_path / LOAD).unlink()
    ran = run(tmp_path)
    assert (ran.code, ran.err) == (1, "")
    assert f"\nproblem  load file     /{LOAD} is not there\n                       -> add a line with" in ran.out
    assert ran.out.endswith("\n\n2 problems, 1 warning, 4 ok\n")


def test_json_has_a_line_a_finding(folder: Path, tmp_path: Path) -> None:
    installed(tmp_path, str(folder / "none"))
    (tmp_path / LOAD).unlink()
    ran = run(tmp_path, "--format", "json")
    assert ran.code == 1
    assert json.loads(ran.out)[2] == {
        "severity": "problem",
        "subject": "load file",
        "finding": f"/{LOAD} is not there",
        "advice": f"add a line with the path of the extension to /{LOAD}, and restart osquery",
    }


def test_names_of_files_send_no_control_bytes(folder: Path, tmp_path: Path) -> None:
    installed(tmp_path, str(folder / "none"))
    (tmp_path / LOAD).write_text("/opt/auditrules\x1b[31m.ext\n", encoding="utf-8")
    out = run(tmp_path).out
    assert "/opt/auditrules\\x1b[31m.ext is not there" in out
    assert "\x1b" not in out


def test_a_host_that_cannot_be_read_is_no_diagnosis(tmp_path: Path) -> None:
    def refuse(_root: str, _kernel: str, _release: str) -> Host:
        raise HostError("root: cannot open it")

    err = io.StringIO()
    environment = Environment(host=refuse, setup=lambda _: Setup(str(tmp_path)))
    assert main(["doctor"], stdout=io.StringIO(), stderr=err, environment=environment) == 2
    assert err.getvalue() == "auditrules: root: cannot open it\n"


def test_a_host_without_proc_is_no_diagnosis(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bytes:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(HostError) as caught:
        Setup("/")
    assert str(caught.value) == "/proc/self/mounts: No such file or directory: is /proc mounted?"


# What osquery is asked


def test_osquery_tells_its_extensions_and_flags(core: Core) -> None:
    core.options["extensions_timeout"] = "3"
    core.run("tests.core.extension")
    core.registered()
    versions = {"auditrules": __version__}
    assert ask_osquery(core.socket) == OsqueryAnswer(extensions=versions, options={"extensions_timeout": "3"})


def test_where_no_osquery_is_the_answer_is_why(folder: Path) -> None:
    assert ask_osquery(str(folder / "none")) == OsqueryAnswer(error="No such file or directory")


def test_an_osquery_that_breaks_off_is_no_answer(core: Core) -> None:
    core.break_off(2)
    assert ask_osquery(core.socket).error != ""

"""What the doctor says of a host on which all is well, and of each thing that can be wrong on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditrules.audit.auditctl.kernel_answer import AnswerState, KernelAnswer
from auditrules.audit.auditctl.parse_listing import ListedLine
from auditrules.doctor import (
    Daemon,
    ExtensionFile,
    Finding,
    Installation,
    InstalledPack,
    LoadFile,
    OsqueryAnswer,
    PathChain,
    PathStat,
    Severity,
    Stranger,
    examine,
)

LOAD = "/etc/osquery/extensions.load"
PATH = "/usr/lib/osquery/extensions/auditrules.ext"
STUB = b"#!/bin/sh\n# osquery-audit-rules 1.2.3. The newest of these Pythons\n"
PACK = '{"queries": {"a": {"query": "SELECT 1;", "interval": 60}}}'

PROGRAM = PathStat("regular", 0o755, 0)
FOLDER = PathStat("directory", 0o755, 0)
FILE = ExtensionFile(PATH, PROGRAM, FOLDER, STUB, interpreter=PROGRAM)
VENV = replace(FILE, start=b"#!/opt/x/bin/python -I\nimport sys\n")
SCRIPT = "/opt/osquery/our_audit.ext"
WRAPPED = replace(FILE, path=SCRIPT, start=f'#!/bin/sh\nexec {PATH} --table-prefix our_ "$@"\n'.encode(), starts=FILE)
FLAGS = {"extensions_timeout": "10", "extensions_require": "other,auditrules"}
DAEMON = Daemon(7, FLAGS, answer=OsqueryAnswer(extensions={"auditrules": "1.2.3"}))
KERNEL = KernelAnswer(AnswerState.OK, "netlink", lines=16 * (ListedLine("", None),))
HOST = Installation(
    root=True,
    daemons=(DAEMON,),
    load_files=(LoadFile(LOAD, (PATH,), files=(FILE,)),),
    pythons=("/usr/bin/python3.12",),
    packs=(InstalledPack("/usr/share/osquery-audit-rules/packs/a.conf", PACK),),
    kernel=KERNEL,
    consumer="auditd",
)

WELL = [
    ("osqueryd", "it runs as process 7, with its socket at /var/osquery/osquery.em"),
    ("flags", "--extensions_timeout is 10 s"),
    ("load file", f"{LOAD} names {PATH}"),
    ("extension", f"{PATH} is a file that osquery loads"),
    ("interpreter", f"{PATH} finds /usr/bin/python3.12"),
    ("registration", "osquery has registered auditrules 1.2.3"),
    ("kernel", "its rules are read over netlink: 16"),
    ("audit", "osquery leaves audit alone; auditd owns the stream of records"),
    ("packs", "/usr/share/osquery-audit-rules/packs/a.conf can be read"),
]


def test_where_all_is_well_each_check_is_a_line_that_says_what_it_found() -> None:
    assert examine(HOST, "1.2.3") == [Finding(Severity.OK, *each) for each in WELL]


def daemon(*, answer: OsqueryAnswer = DAEMON.answer, flagfile_error: str = "", **flags: str) -> Installation:
    return replace(HOST, daemons=(Daemon(7, FLAGS | flags, flagfile_error, answer),))


def loads(*files: ExtensionFile, **others: str) -> Installation:
    return replace(HOST, load_files=(LoadFile(LOAD, tuple(file.path for file in files), files=files, **others),))


def kernel(state: AnswerState = AnswerState.OK, **others: Any) -> Installation:
    return replace(HOST, kernel=replace(KERNEL, state=state, **others))


def pack(text: str, error: str = "") -> Installation:
    return replace(HOST, packs=(InstalledPack("/etc/osquery/packs/a.conf", text, error),))


def at(mode: int, uid: int = 0, kind: str = "regular", gid: int = 0) -> PathStat:
    return PathStat(kind, mode, uid, gid)


def chains(found: dict[str, PathChain], host: Installation = HOST) -> Installation:
    return replace(host, path_chains=found)


def starts(file: ExtensionFile, text: bytes = WRAPPED.start) -> Installation:
    return loads(replace(WRAPPED, start=text, starts=file))


ADD = f"add a line with the path of the extension to {LOAD}, and restart osquery"

SWAP = "who can put another file in the place of"

# a host, and the lines that are not ok
PROBLEMS: tuple[tuple[str, Installation, str, str, str], ...] = (
    ("no daemon runs", replace(HOST, daemons=()), "osqueryd",
     "no osqueryd of root runs", "start osqueryd, or orbit where Fleet's agent is"),
    ("one runs that is not root's",
     replace(HOST, daemons=(), strangers=(Stranger(9, "it runs in a container"),)), "osqueryd",
     "no osqueryd of root runs; process 9 is not taken for it: it runs in a container",
     "restart osqueryd if it is that one, else start it"),
    ("a user can't see whose it is",
     replace(HOST, root=False, daemons=(), strangers=(Stranger(9, "its program can't be seen"),)), "osqueryd",
     "no osqueryd of root runs; process 9 is not taken for it: its program can't be seen",
     "run as root if it is that one, else start it"),
    ("extensions are disabled", daemon(disable_extensions="True"), "flags",
     "--disable_extensions is true", "set --disable_extensions=false"),
    ("there is no load file", replace(HOST, load_files=(LoadFile(LOAD),)), "load file",
     f"{LOAD} is not there", ADD),
    ("the load file is not ours to read", replace(HOST, load_files=(LoadFile(LOAD, error="Permission denied"),)),
     "load file", f"{LOAD}: Permission denied", "let root read it; run as root"),
    ("the load file names others alone", replace(HOST, load_files=(LoadFile(LOAD, ("/opt/a.ext",)),)), "load file",
     f"{LOAD} names no auditrules.ext", ADD),
    ("the load file names two", loads(FILE, replace(FILE, path="/opt/auditrules.ext")), "load file",
     f"{LOAD} names more than one: {PATH}, /opt/auditrules.ext: all but one are refused as duplicates, again and again",
     "leave one of the lines"),
    ("it is not there", loads(ExtensionFile(PATH)), "extension",
     f"{PATH} is not there", "install it, or correct the load file"),
    ("it has no suffix", loads(replace(FILE, path="/opt/auditrules")), "extension",
     "/opt/auditrules does not end in .ext", "rename it to end in .ext"),
    ("it is a folder", loads(replace(FILE, place=at(0o755, kind="directory"))), "extension",
     f"{PATH} is no regular file, but directory", "install it as a file"),
    ("it is another user's", loads(replace(FILE, place=at(0o755, 1000))), "extension",
     f"{PATH} belongs to user 1000", f"chown root:root {PATH}"),
    ("everybody may write it", loads(replace(FILE, place=at(0o757))), "extension",
     f"{PATH} can be written by everybody (mode 0757)", f"chmod 0755 {PATH}"),
    ("it can't be run", loads(replace(FILE, place=at(0o644))), "extension",
     f"{PATH} can't be run (mode 0644)", f"chmod 0755 {PATH}"),
    ("its folder is like /tmp", loads(replace(FILE, folder=at(0o1777, kind="directory"))), "extension",
     "/usr/lib/osquery/extensions has the sticky bit (mode 1777)",
     "put it into a folder of root's, such as /usr/lib/osquery/extensions"),
    ("everybody may write its folder", loads(replace(FILE, folder=at(0o777, kind="directory"))), "extension",
     f"/usr/lib/osquery/extensions can be written by everybody (mode 0777), {SWAP} {PATH}",
     "chmod go-w /usr/lib/osquery/extensions"),
    ("everybody may write a folder above", chains({PATH: PathChain(PROGRAM, {"/usr/lib": at(0o757)})}),
     "extension", f"/usr/lib can be written by everybody (mode 0757), {SWAP} {PATH}", "chmod go-w /usr/lib"),
    ("a group may write a folder above", chains({PATH: PathChain(PROGRAM, {"/usr/lib": at(0o775, gid=7)})}),
     "extension", f"/usr/lib can be written by group 7 (mode 0775), {SWAP} {PATH}", "chmod go-w /usr/lib"),
    ("a folder above is another user's", chains({PATH: PathChain(PROGRAM, {"/usr/lib": at(0o1755, 7)})}),
     "extension", f"/usr/lib belongs to user 7, {SWAP} {PATH}", "chown root:root /usr/lib"),
    ("a group may write it", loads(replace(FILE, place=at(0o775, gid=7))), "extension",
     f"{PATH} can be written by group 7 (mode 0775)", f"chmod 0755 {PATH}"),
    ("its interpreter can be swapped", chains({"/bin/sh": PathChain(PROGRAM, {"/bin": at(0o777)})}), "interpreter",
     f"/bin can be written by everybody (mode 0777), {SWAP} /bin/sh", "chmod go-w /bin"),
    ("its interpreter is another user's", chains({"/bin/sh": PathChain(at(0o755, 7), {})}), "interpreter",
     "/bin/sh belongs to user 7", "chown root:root /bin/sh"),
    ("everybody may write the load file", chains({LOAD: PathChain(at(0o666), {})}), "load file",
     f"{LOAD} can be written by everybody (mode 0666)", f"chmod 0644 {LOAD}"),
    ("a flag file can be swapped", chains({"/f": PathChain(PROGRAM, {"/": at(0o777)})}, daemon(flagfile="/f")),
     "flags", f"/ can be written by everybody (mode 0777), {SWAP} /f", "chmod go-w /"),
    ("a script starts nothing", starts(ExtensionFile(PATH)), "extension",
     f"{PATH} is not there", f"install it, or correct {SCRIPT}"),
    ("what a script starts can't be run", starts(replace(FILE, place=at(0o644))), "extension",
     f"{PATH} can't be run (mode 0644)", f"chmod 0755 {PATH}"),
    ("what a script starts can be swapped", starts(replace(FILE, folder=at(0o777))), "extension",
     f"/usr/lib/osquery/extensions can be written by everybody (mode 0777), {SWAP} {PATH}",
     "chmod go-w /usr/lib/osquery/extensions"),
    ("a script keeps osquery's arguments to itself", starts(FILE, f"#!/bin/sh\nexec {PATH}\n".encode()), "extension",
     f"{SCRIPT} does not pass osquery's arguments on", 'write "$@" behind its flags'),
    ("a script can't be run", loads(replace(WRAPPED, place=at(0o644))), "extension",
     f"{SCRIPT} can't be run (mode 0644)", f"chmod 0755 {SCRIPT}"),
    ("it has no first line for the kernel", loads(replace(FILE, start=b"import sys\n")), "interpreter",
     f"{PATH} has no #! line", "install it anew"),
    ("its interpreter is gone", loads(replace(VENV, interpreter=None)), "interpreter",
     "/opt/x/bin/python is not there, or can't be run", "install it, or the extension anew"),
    ("its interpreter can't be run", loads(replace(VENV, interpreter=at(0o644))), "interpreter",
     "/opt/x/bin/python is not there, or can't be run", "install it, or the extension anew"),
    ("Python is too old", replace(HOST, pythons=("/usr/bin/python3.9",)), "interpreter",
     f"{PATH} needs Python 3.10 or newer in /usr/bin, found /usr/bin/python3.9",
     "install the package python3.11, or the tarball, which brings its own"),
    ("there is no Python", replace(HOST, pythons=()), "interpreter",
     f"{PATH} needs Python 3.10 or newer in /usr/bin, found none",
     "install the package python3.11, or the tarball, which brings its own"),
    ("osquery does not answer", daemon(answer=OsqueryAnswer("Connection refused")), "registration",
     "osquery does not answer at /var/osquery/osquery.em: Connection refused", "look at osquery's log for its start"),
    ("osquery does not answer a user", replace(daemon(answer=OsqueryAnswer("Permission denied")), root=False),
     "registration", "osquery does not answer at /var/osquery/osquery.em: Permission denied",
     "run as root, to whom the socket belongs"),
    ("it is not registered", daemon(answer=OsqueryAnswer(extensions={"a": "1", "b": "2"})), "registration",
     "osquery at /var/osquery/osquery.em has no extension auditrules; it has: a, b",
     "restart osquery, and read what it logs of extensions"),
    ("nothing is registered", daemon(answer=OsqueryAnswer(), extensions_socket="/s"), "registration",
     "osquery at /s has no extension auditrules; it has: none", "restart osquery, and read what it logs of extensions"),
    ("no permission", kernel(AnswerState.NO_PERMISSION, error="listing the rules: Operation not permitted"), "kernel",
     "its rules can't be read: listing the rules: Operation not permitted", "run as root with CAP_AUDIT_CONTROL"),
    ("another namespace", kernel(AnswerState.FOREIGN_NAMESPACE, error="refused"), "kernel",
     "its rules can't be read: refused",
     "run it in the host's own user and PID namespaces, not in a container"),
    ("an error without words", kernel(AnswerState.TIMED_OUT, error=""), "kernel",
     "its rules can't be read: timed_out", "look why auditctl hangs; ask again"),
    ("a pack is no JSON", pack("?"), "packs",
     "/etc/osquery/packs/a.conf: it is no JSON: Expecting value: line 1 column 1 (char 0)", "install the pack anew"),
    ("a pack can't be read", pack("", "Permission denied"), "packs",
     "/etc/osquery/packs/a.conf: Permission denied", "install the pack anew"),
)  # fmt: skip

REQUIRE = (
    "--extensions_require does not name auditrules: packs may be looked at before it is there, and then not for an hour"
)
WARNINGS: tuple[tuple[str, Installation, str, str, str], ...] = (
    ("little time to start", daemon(extensions_timeout="3"), "flags",
     "--extensions_timeout is 3 s, in which a busy host may not start a Python process",
     "set --extensions_timeout=10"),
    ("a time that is none", daemon(extensions_timeout="x"), "flags",
     "--extensions_timeout is x s, in which a busy host may not start a Python process",
     "set --extensions_timeout=10"),
    ("it is not required", daemon(extensions_require="auditrules2"), "flags", REQUIRE,
     "set --extensions_require=auditrules"),
    ("osquery says otherwise than its command line", daemon(answer=replace(DAEMON.answer, options={
        "extensions_require": "", "x": "y"})), "flags", REQUIRE, "set --extensions_require=auditrules"),
    ("a flag file that is not there", daemon(flagfile="/f", flagfile_error="it is not there"), "flags",
     "/f: it is not there", "run as root, or correct --flagfile"),
    ("it can't be read", loads(replace(FILE, start=b"", error="Permission denied")), "extension",
     f"{PATH}: Permission denied", "run as root"),
    ("a script is not plain", starts(ExtensionFile("")), "extension",
     f"{SCRIPT}: which file it starts can't be told", "name it by its absolute path there"),
    ("a script starts another version", starts(replace(FILE, start=STUB.replace(b"1.2.3", b"1.2.2"))), "extension",
     f"{PATH} is version 1.2.2, and this is 1.2.3", "install one version of both"),
    ("another version is installed", loads(replace(FILE, start=STUB.replace(b"1.2.3", b"1.2.2"))), "extension",
     f"{PATH} is version 1.2.2, and this is 1.2.3", "install one version of both"),
    ("another version is registered", daemon(answer=OsqueryAnswer(extensions={"auditrules": "1.2.2"})), "registration",
     "osquery runs version 1.2.2, and this is 1.2.3", "restart osquery, or install one"),
    ("only auditctl answers", kernel(reader="auditctl"), "kernel",
     "its rules are read with auditctl, which does not tell all of them truly: 16",
     "run as root, so that netlink can be asked"),
    ("auditing is off", kernel(AnswerState.DISABLED), "kernel",
     "auditing is off: no rule records anything", "auditctl -e 1, and look at audit= at boot"),
    ("osquery owns audit", daemon(disable_audit="false"), "audit",
     "osquery owns the stream of records (--disable_audit=false)", "let one program own it, auditd or osquery"),
    ("osquery changes rules", daemon(disable_audit="0", audit_allow_config="1"), "audit",
     "osquery owns audit (--disable_audit=false) and changes its rules (--audit_allow_config=true)",
     "expect rules of osquery's own, and none of others once it has taken them out"),
    ("there are no packs", replace(HOST, packs=()), "packs",
     "none that asks our tables in /usr/share/osquery-audit-rules/packs or /etc/osquery/packs",
     "install the package, or copy packs/ there; with Fleet none is needed"),
)  # fmt: skip

CASES = [(Severity.PROBLEM, *case) for case in PROBLEMS] + [(Severity.WARNING, *case) for case in WARNINGS]


@pytest.mark.parametrize(
    ("severity", "host", "subject", "finding", "advice"),
    [(case[0], *case[2:]) for case in CASES],
    ids=[case[1] for case in CASES],
)
def test_what_is_wrong_is_one_line_with_what_to_do(
    severity: Severity, host: Installation, subject: str, finding: str, advice: str
) -> None:
    found = [line for line in examine(host, "1.2.3") if line.severity is not Severity.OK]
    assert found == [Finding(severity, subject, finding, advice)]


NEWER = "/usr/bin/python3.14"
FINE = (
    ("a file that its group may write", loads(replace(FILE, place=at(0o775))), f"{PATH} finds /usr/bin/python3.12"),
    ("a folder that root's group may write", loads(replace(FILE, folder=at(0o775, kind="directory"))), WELL[3][1]),
    ("a folder above that is like /tmp", chains({PATH: PathChain(PROGRAM, {"/usr": at(0o1777)})}), WELL[3][1]),
    ("a script that starts it", loads(WRAPPED), f"{SCRIPT} starts {PATH}"),
    ("an environment's interpreter", loads(replace(VENV, interpreter=PROGRAM)), f"{PATH} is run by /opt/x/bin/python"),
    ("machine code", loads(replace(FILE, start=b"\x7fELF\x02", interpreter=None)), f"{PATH} brings its own"),
    ("a newer Python than all we know", replace(HOST, pythons=(NEWER,)), f"{PATH} finds {NEWER}"),
    ("no rules", kernel(AnswerState.NO_RULES, lines=()), "its rules are read over netlink: 0"),
    ("nobody listens", replace(HOST, consumer=""), "osquery leaves audit alone; nobody owns the stream of records"),
)


@pytest.mark.parametrize(("host", "finding"), [case[1:] for case in FINE], ids=[case[0] for case in FINE])
def test_what_is_right_as_well(host: Installation, finding: str) -> None:
    lines = examine(host, "1.2.3")
    assert {line.severity for line in lines} == {Severity.OK}
    assert finding in [line.finding for line in lines]


def test_all_that_is_wrong_is_told() -> None:
    worst = loads(replace(FILE, path="/srv/auditrules", place=at(0o646, 5), folder=at(0o1777, kind="directory")))
    assert [line.finding for line in examine(worst, "1.2.3") if line.severity is Severity.PROBLEM] == [
        "/srv/auditrules does not end in .ext",
        "/srv/auditrules belongs to user 5",
        "/srv/auditrules can be written by everybody (mode 0646)",
        "/srv/auditrules can't be run (mode 0646)",
        "/srv has the sticky bit (mode 1777)",
    ]


def test_two_daemons_are_each_judged() -> None:
    other = Daemon(8, FLAGS | {"extensions_socket": "/opt/orbit/orbit-osquery.em"}, answer=OsqueryAnswer("refused"))
    found = [
        line for line in examine(replace(HOST, daemons=(DAEMON, other)), "1.2.3") if line.severity is not Severity.OK
    ]
    assert [line.finding for line in found] == ["osquery does not answer at /opt/orbit/orbit-osquery.em: refused"]

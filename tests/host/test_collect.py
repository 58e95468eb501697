"""Collecting a host, with fake auditctls on disk.

The machine's own auditctl is never run: every host of these tests is told its programs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from auditrules.audit.boot.unit_commands import UNITS
from auditrules.audit.kernel.rule_data import encode
from auditrules.audit.model.collected import File, Kernel, Netlink, Run, RunFailure, Sources
from auditrules.audit.model.host_facts import DEFAULT_VERSION, BinaryFormat
from auditrules.audit.model.rule import Action, Field, FilterList, Operator, Rule
from auditrules.audit.model.syscall_mask import ALL_SYSCALLS
from auditrules.host import Host, HostError, Limits, audit_facts, collect
from auditrules.host.birth import AT_FDCWD, birth
from auditrules.host.program import Deadline, run
from auditrules.host.rootfs import Tree
from tests.fixtures.work import calls
from tests.host.roots import filled

SHORT = Limits(seconds=0.3, output=10_000, saved=1_000, file=1_000, rules_d=1_500, names=1.0)
PATIENT = 20.0
STATUS = b"enabled 1\nfailure 1\npid 0\nrate_limit 0\nbacklog_limit 8192\nlost 0\nbacklog 0\n"


def fake(folder: Path, script: str, name: str = "auditctl") -> str:
    """Write a program. `$1` is its option."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def ran(program: str, seconds: float = PATIENT, limit: int = SHORT.output) -> Run:
    return run((program,), ("-l",), Deadline(seconds), limit)


def collected(root: Path, files: Mapping[str, bytes], kernel: str = "auto") -> Sources:
    return Host(str(filled(root, files)), kernel, programs=("/nonexistent",), limits=SHORT).sources()


def asked(programs: Sequence[str], limits: Limits = SHORT) -> Sources:
    return Host(kernel="auditctl", programs=programs, limits=limits).sources()


# What an auditctl prints that ends by itself, and how it ends: the real one's words, from auditctl 3.0.9.
ENDS = {
    "rules": (
        r"printf -- '-w /usr/bin/dockerd -p rwxa -k docker\n'",
        0,
        b"-w /usr/bin/dockerd -p rwxa -k docker\n",
        b"",
    ),
    "none": ("echo No rules", 0, b"No rules\n", b""),
    "refused": (
        "echo You must be root to run this program. >&2; exit 4",
        4,
        b"",
        b"You must be root to run this program.\n",
    ),
    "not UTF-8": (r"printf -- '-w /tmp/caf\351 -p wa\n'", 0, b"-w /tmp/caf\xe9 -p wa\n", b""),
    "mid-line": ("printf -- '-w /etc/pas'; exit 1", 1, b"-w /etc/pas", b""),
    "silent": ("exit 0", 0, b"", b""),
    "killed": ("printf -- '-w /x'; kill -KILL $$", -signal.SIGKILL, b"-w /x", b""),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_run_is_what_was_printed_and_how_it_ended(tmp_path: Path, case: str) -> None:
    script, returncode, stdout, stderr = ENDS[case]
    program = fake(tmp_path, script)
    assert ran(program) == Run((program, "-l"), returncode, stdout, stderr)


def test_a_missing_program_is_said_to_be_missing(tmp_path: Path) -> None:
    first, second = str(tmp_path / "a"), str(tmp_path / "b")
    assert run((first, second), ("-l",), Deadline(PATIENT), 9) == Run(
        (first, "-l"), failure=RunFailure.MISSING, detail=f"no {first} and no {second}"
    )


def test_the_first_program_that_exists_is_run(tmp_path: Path) -> None:
    second = fake(tmp_path, "echo second", "second")
    third = fake(tmp_path, "echo third", "third")
    assert run((str(tmp_path / "first"), second, third), (), Deadline(PATIENT), 99).stdout == b"second\n"


def test_a_program_without_the_right_to_run_is_not_started(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo No rules")
    Path(program).chmod(0o644)
    assert ran(program) == Run((program, "-l"), failure=RunFailure.NOT_STARTED, detail="Permission denied")


def test_a_program_for_another_machine_is_not_started(tmp_path: Path) -> None:
    program = fake(tmp_path, "")
    Path(program).write_bytes(b"\x7fELF, but not really")
    assert ran(program) == Run((program, "-l"), failure=RunFailure.NOT_STARTED, detail="Exec format error")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def dies(pid: int) -> bool:
    """Whether a killed process is gone, given a moment to go."""
    end = time.monotonic() + PATIENT
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not alive(pid)


HANGING = {
    "itself": "echo $$ > $0.pid; echo -w /x; exec sleep 60",
    "with a grandchild that holds the pipe": "sleep 60 & echo $! > $0.pid; echo -w /x; wait",
    "ended, with a grandchild that holds the pipe": "sleep 60 & echo $! > $0.pid; echo No rules",
    "with both streams closed": "echo $$ > $0.pid; exec sleep 60 >&- 2>&-",
    "printing bit by bit": "echo $$ > $0.pid; while :; do echo -w /x; sleep 0.05; done",
}


@pytest.mark.parametrize("case", HANGING)
def test_what_hangs_is_killed_whole_and_its_output_dropped(tmp_path: Path, case: str) -> None:
    program = fake(tmp_path, HANGING[case])
    assert ran(program, 0.5) == Run((program, "-l"), failure=RunFailure.TIMED_OUT, detail="no end within 0.5 s")
    assert dies(int(Path(f"{program}.pid").read_text()))


FLOODING = {
    "stdout": "exec head -c 100000000 /dev/zero",
    "stderr": "exec head -c 100000000 /dev/zero >&2",
    "without end": "exec yes",
    "both": "yes >&2 & exec yes",
}


@pytest.mark.parametrize("case", FLOODING)
def test_what_prints_too_much_is_killed(tmp_path: Path, case: str) -> None:
    program = fake(tmp_path, f"echo $$ > $0.pid; {FLOODING[case]}")
    detail = "more than 1000000 bytes of output"
    assert ran(program, limit=1_000_000) == Run((program, "-l"), failure=RunFailure.TOO_LONG, detail=detail)
    assert dies(int(Path(f"{program}.pid").read_text()))


def test_output_up_to_the_limit_is_kept(tmp_path: Path) -> None:
    program = fake(tmp_path, "head -c 9000 /dev/zero; head -c 1000 /dev/zero >&2")
    assert ran(program) == Run((program, "-l"), 0, bytes(9000), bytes(1000))


def test_full_pipes_do_not_block_each_other(tmp_path: Path) -> None:
    size = 300_000
    program = fake(tmp_path, f"head -c {size} /dev/zero >&2; head -c {size} /dev/zero")
    assert ran(program, limit=2 * size) == Run((program, "-l"), 0, bytes(size), bytes(size))


def test_a_program_gets_no_input_and_a_fixed_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE")
    monkeypatch.setenv("SECRET", "1")
    program = fake(tmp_path, "readlink /proc/$$/fd/0; pwd; tr '\\0' '\\n' < /proc/$$/environ")
    lines = ran(program).stdout.decode().splitlines()
    assert lines[:2] == ["/dev/null", "/"]
    assert sorted(lines[2:]) == ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]


def test_no_descriptor_and_no_process_is_left_behind(tmp_path: Path) -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = descriptors()
    for script in ("echo No rules", "exec yes", "exec sleep 60"):
        program = fake(tmp_path, f"echo $$ > $0.pid; {script}")
        ran(program, 0.5, 100)
        assert not Path("/proc", Path(f"{program}.pid").read_text().strip()).exists(), "killed, but not waited for"
    assert descriptors() == before


AUDITCTL = """case $1 in
-l) echo '-w /etc/x -p wa' ;;
-s) printf 'enabled 1\\npid %s\\nlost 0\\n' "$PID" ;;
-v) echo auditctl version 3.1.5 ;;
esac"""


def test_auditctl_is_asked_for_rules_status_and_version(tmp_path: Path) -> None:
    program = fake(tmp_path, AUDITCTL.replace("$PID", "0"))
    sources = asked((program,), Limits())
    assert sources.kernel == Kernel(
        "auditctl",
        listing=Run((program, "-l"), 0, b"-w /etc/x -p wa\n"),
        status=Run((program, "-s"), 0, b"enabled 1\npid 0\nlost 0\n"),
    )
    assert (sources.auditctl_version, sources.facts.version) == ("3.1.5", (3, 1, 5))
    assert sources.consumer == ""


@pytest.mark.parametrize(
    "answer", ["3", "version 3.0.9", "auditctl version 3.0.9 or so", "auditctl version 3.0.9\\n\\n"]
)
def test_a_version_that_is_none_is_not_known(tmp_path: Path, answer: str) -> None:
    sources = asked((fake(tmp_path, f"printf '{answer}'"),), Limits())
    assert (sources.auditctl_version, sources.facts.version) == ("", DEFAULT_VERSION)


def test_a_version_of_two_numbers_is_a_version(tmp_path: Path) -> None:
    sources = asked((fake(tmp_path, "echo auditctl version 4.0"),), Limits())
    assert (sources.auditctl_version, sources.facts.version) == ("4.0", (4, 0, 0))


def test_a_version_said_by_a_failing_program_is_not_known(tmp_path: Path) -> None:
    assert asked((fake(tmp_path, "echo auditctl version 4.0.2; exit 4"),), Limits()).auditctl_version == ""


@pytest.mark.parametrize("line", ["enabled 1\\npid %s\\n", "AUDIT_STATUS: enabled=1 flag=1 pid=%s rate_limit=0\\n"])
def test_the_consumer_is_named_by_the_pid_of_the_status(tmp_path: Path, line: str) -> None:
    program = fake(tmp_path, f"printf '{line}' {os.getpid()}")
    assert asked((program,), Limits()).consumer == Path("/proc/self/comm").read_text().removesuffix("\n")


def test_a_consumer_that_is_gone_has_no_name(tmp_path: Path) -> None:
    assert asked((fake(tmp_path, "echo pid 4194999"),), Limits()).consumer == ""


def test_what_hangs_once_is_not_waited_for_again(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo $1 >> $0.log; exec sleep 60")
    kernel = asked((program,)).kernel
    assert kernel == Kernel(
        "auditctl",
        listing=Run((program, "-l"), failure=RunFailure.TIMED_OUT, detail="no end within 0.3 s"),
        status=Run((program, "-s"), failure=RunFailure.TIMED_OUT, detail="not run: the 0.3 s for all runs are used up"),
    )
    assert Path(f"{program}.log").read_text() == "-l\n"


def test_a_missing_auditctl_is_told_of_both_answers(tmp_path: Path) -> None:
    missing = str(tmp_path / "auditctl")
    kernel = asked((missing,)).kernel
    assert kernel == Kernel(
        "auditctl",
        listing=Run((missing, "-l"), failure=RunFailure.MISSING, detail=f"no {missing}"),
        status=Run((missing, "-s"), failure=RunFailure.MISSING, detail=f"no {missing}"),
    )


def test_this_machine_s_command_line_is_read(tmp_path: Path) -> None:
    sources = Host(kernel="none", programs=(str(tmp_path / "none"),)).sources()
    assert sources.cmdline == File("/proc/cmdline", Path("/proc/cmdline").read_bytes())


def test_nobody_is_asked_where_that_is_wanted(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo $1 >> $0.log")
    sources = Host(kernel="none", programs=(program,)).sources()
    assert sources.kernel == Kernel("none", reason="the kernel was not asked, as wanted")
    assert not Path(f"{program}.log").exists()


@pytest.mark.parametrize("root", ["/", "//", "/.", "/proc/self/root"])
def test_every_spelling_of_this_machine_s_root_is_this_machine(root: str) -> None:
    assert Host(root, "none", programs=("/nonexistent",)).sources().cmdline is not None


def test_nothing_of_this_machine_is_told_of_another_root(tmp_path: Path) -> None:
    program = fake(tmp_path, "echo $1 >> $0.log; echo pid 1")
    root = filled(tmp_path / "root", {"proc/cmdline": b"audit=0", "proc/1/comm": b"auditd\n"})
    sources = Host(str(root), programs=(program,), limits=SHORT).sources()
    reason = f"the rules of this machine's kernel are not those of root {root}"
    assert sources.kernel == Kernel("none", reason=reason)
    assert (sources.cmdline, sources.consumer, sources.auditctl_version) == (None, "", "")
    assert (sources.facts.users, sources.facts.groups) == (None, None)
    assert not Path(f"{program}.log").exists()


def refused(root: str, kernel: str) -> str:
    with pytest.raises(HostError) as caught:
        Host(root, kernel, programs=("/nonexistent",), limits=SHORT).sources()
    return str(caught.value)


def test_what_cannot_be_asked_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    Path("big").write_bytes(b"-D\n" * 1000)
    no_reader = "kernel: expected auto, netlink, auditctl, none or the path of a saved `auditctl -l`, found "
    no_listing = "kernel: cannot read the saved listing "
    assert [
        refused("none", "auto"),
        refused("big", "auto"),
        refused(str(tmp_path), "auditctl"),
        refused("/", "netlnk"),
        refused("/", ""),
        refused("/", "./none"),
        refused("/", "fifo"),
        refused("/", "/dev/null"),
        refused("/", "."),
        refused("/", "big"),
    ] == [
        "root: expected a folder, found 'none'",
        "root: expected a folder, found 'big'",
        f"kernel: auditctl tells of this machine, not of {str(tmp_path)!r}; use a saved listing or none",
        f"{no_reader}'netlnk', and there is no such file",
        f"{no_reader}'', and there is no such file",
        f"{no_listing}'./none': no such file",
        f"{no_listing}'fifo': expected a regular file, found a FIFO",
        f"{no_listing}'/dev/null': expected a regular file, found a character device",
        f"{no_listing}'.': expected a regular file, found a directory",
        f"{no_listing}'big': longer than 1000 bytes, the most that is read",
    ]


def test_a_root_that_vanishes_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    gone = Host(str(root), programs=("/nonexistent",))
    root.rmdir()
    with pytest.raises(HostError) as caught:
        gone.sources()
    assert str(caught.value) == f"root: cannot open {str(root)!r}: No such file or directory"


def test_a_saved_listing_is_kept_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"-w /caf\xe9 -p wa\n" + STATUS
    (tmp_path / "listing").write_bytes(content)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for kernel in ("../listing", str(tmp_path / "listing")):
        sources = collected(tmp_path / "root", {"etc/audit/audit.rules": b""}, kernel)
        assert sources.kernel == Kernel("listing", saved=File(kernel, content))
        assert sources.consumer == ""


def test_a_saved_listing_may_have_a_bare_name_that_is_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = os.fsdecode(b"caf\xe9")
    Path(name).write_bytes(b"No rules\n")
    assert Host("/", name, programs=("/nonexistent",)).sources().kernel.saved == File(name, b"No rules\n")


def test_a_saved_listing_outside_the_root_is_read(tmp_path: Path) -> None:
    (tmp_path / "listing").write_bytes(b"No rules\n")
    (tmp_path / "link").symlink_to("listing")
    sources = collected(tmp_path / "root", {"etc/passwd": b""}, str(tmp_path / "link"))
    assert sources.kernel.saved == File(str(tmp_path / "link"), b"No rules\n")


def test_the_audit_configuration_is_read(tmp_path: Path) -> None:
    sources = collected(
        tmp_path,
        {
            "etc/audit/audit.rules": b"-D\n",
            "etc/audit/auditd.conf": b"log_format = RAW\n",
            "etc/audit/rules.d/10-b.rules": b"-b 1\n",
            "etc/audit/rules.d/9.rules": b"-b 2\n",
            "etc/audit/rules.d/with space.rules": b"",
            "etc/audit/rules.d/.hidden.rules": b"-w /hidden",
            "etc/audit/rules.d/.rules": b"-w /hidden",
            "etc/audit/rules.d/x.rules.bak": b"-w /old",
            "etc/audit/rules.d/x.RULES": b"-w /old",
        },
    )
    assert sources.audit_rules == File("/etc/audit/audit.rules", b"-D\n")
    assert sources.auditd_conf == File("/etc/audit/auditd.conf", b"log_format = RAW\n")
    assert sources.rules_d == (
        File("/etc/audit/rules.d/10-b.rules", b"-b 1\n"),
        File("/etc/audit/rules.d/9.rules", b"-b 2\n"),
        File("/etc/audit/rules.d/with space.rules", b""),
    )
    assert sources.rules_d_error == ""


def test_without_audit_configuration_there_are_no_files(tmp_path: Path) -> None:
    sources = collected(tmp_path, {})
    assert (sources.audit_rules, sources.auditd_conf, sources.rules_d) == (None, None, ())
    assert sources.rules_d_error == ""


def test_a_rules_folder_that_is_none_is_an_error(tmp_path: Path) -> None:
    sources = collected(tmp_path, {"etc/audit/rules.d": b"-D\n"})
    assert sources.rules_d == ()
    assert sources.rules_d_error == "expected a directory, found a regular file"


def test_what_cannot_be_read_in_the_rules_folder_is_an_error_of_its_own(tmp_path: Path) -> None:
    folder = filled(tmp_path, {"etc/audit/rules.d/good.rules": b"-D\n"}) / "etc/audit/rules.d"
    (folder / "folder.rules").mkdir()
    os.mkfifo(folder / "fifo.rules")
    (folder / "loop.rules").symlink_to("loop.rules")
    (folder / "out.rules").symlink_to("/etc/hostname")
    (folder / "device.rules").symlink_to("/dev/null")
    (folder / "big.rules").write_bytes(b"#" * 1_001)
    (folder / os.fsdecode(b"caf\xe9.rules")).write_bytes(b"-b 1\n")
    found = {file.path.rpartition("/")[2]: file.content or file.error for file in collected(tmp_path, {}).rules_d}
    assert found == {
        "big.rules": "longer than 1000 bytes, the most that is read",
        "caf\udce9.rules": b"-b 1\n",
        "device.rules": "No such file or directory: /dev",
        "fifo.rules": "expected a regular file, found a FIFO",
        "folder.rules": "expected a regular file, found a directory",
        "good.rules": b"-D\n",
        "loop.rules": "Too many levels of symbolic links: /etc/audit/rules.d/loop.rules",
        "out.rules": "No such file or directory: /etc/hostname",
    }


def test_a_file_that_vanishes_after_the_listing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Tree.names

    def names_then_gone(self: Tree, path: str) -> tuple[str, ...]:
        found = names(self, path)
        (tmp_path / "etc/audit/rules.d/a.rules").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Tree, "names", names_then_gone)
    sources = collected(tmp_path, {"etc/audit/rules.d/a.rules": b"-D\n", "etc/audit/rules.d/b.rules": b"-D\n"})
    assert sources.rules_d == (
        File("/etc/audit/rules.d/a.rules", error="gone since the folder was listed"),
        File("/etc/audit/rules.d/b.rules", b"-D\n"),
    )


def test_the_files_of_the_rules_folder_have_a_limit_together(tmp_path: Path) -> None:
    files = {f"etc/audit/rules.d/{name}.rules": b"#" * 800 for name in "abc"}
    assert [file.error for file in collected(tmp_path, files).rules_d] == [
        "",
        "",
        "not read, as those before it hold 1500 bytes",
    ]


def test_the_paths_of_rules_files_and_listings_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "listing").write_bytes(b"-w /sp ace -p wa\n")
    root = filled(
        tmp_path / "root",
        {
            "etc/audit/rules.d/a.rules": b"-w /usr/dir/ -p wa\n",
            "etc/audit/audit.rules": b"-a always,exit -F path=/usr/file\n",
            "usr/file": b"",
            "usr/dir/x": b"",
            "sp ace": b"",
        },
    )
    sources = Host(str(root), str(tmp_path / "listing"), programs=("/nonexistent",), limits=SHORT).sources()
    expected = {"/usr": "dir", "/usr/dir": "dir", "/usr/file": "file", "/sp ace": "file", "/sp": "missing"}
    files = sources.facts.files
    assert {path: files[path].type for path in expected} == expected
    assert sources.facts.machine == os.uname().machine


def test_the_paths_of_the_kernel_s_listing_are_looked_at(tmp_path: Path) -> None:
    program = fake(tmp_path, f"echo -w {tmp_path} -p wa")
    assert asked((program,), Limits()).facts.files[str(tmp_path)].type == "dir"


def test_no_path_is_touched_where_the_mounts_are_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Tree.read

    def no_mounts(self: Tree, path: str, limit: int) -> File | None:
        return File(path, error="Permission denied") if path == "/proc/self/mountinfo" else read(self, path, limit)

    monkeypatch.setattr(Tree, "read", no_mounts)
    program = fake(tmp_path, f"echo -w {tmp_path} -p wa")
    files = asked((program,), Limits()).facts.files
    assert str(tmp_path) not in files


@pytest.mark.parametrize(("number", "kept"), [(10, True), (5000, False)])
def test_what_a_look_at_many_paths_saw_is_not_kept(tmp_path: Path, number: int, kept: bool) -> None:
    host = Host(str(tmp_path))
    paths = [f"/{name}" for name in range(number)]
    first, again = (calls(lambda: host.look(paths)) for _ in range(2))
    assert (again < first / 2) == kept


def test_no_path_is_touched_again_where_the_mounts_are_no_longer_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Tree.read
    mounts: list[bytes | None] = [b"1 1 0:1 / / rw - tmpfs none rw\n", None]

    def until_now(self: Tree, path: str, limit: int) -> File | None:
        return File(path, mounts.pop(0)) if path == "/proc/self/mountinfo" else read(self, path, limit)

    monkeypatch.setattr(Tree, "read", until_now)
    host = Host(programs=(fake(tmp_path, f"echo -w {tmp_path} -p wa"),), kernel="auditctl")
    assert str(tmp_path) in host.sources().facts.files
    assert str(tmp_path) not in host.sources().facts.files


def test_no_path_on_a_remote_mount_is_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Tree.read
    mounts = f"1 1 0:1 / / rw - tmpfs none rw\n2 1 0:2 / {tmp_path} rw shared:1 - nfs4 server:/x rw\n".encode()

    def with_nfs(self: Tree, path: str, limit: int) -> File | None:
        return File(path, mounts) if path == "/proc/self/mountinfo" else read(self, path, limit)

    monkeypatch.setattr(Tree, "read", with_nfs)
    program = fake(tmp_path, f"echo -w {tmp_path}/x -p wa")
    files = asked((program,), Limits()).facts.files
    assert str(tmp_path.parent) in files
    assert str(tmp_path) not in files


def test_users_and_groups_are_those_of_the_root(tmp_path: Path) -> None:
    facts = collected(
        tmp_path,
        {
            "etc/audit/audit.rules": b"-a always,exit -F uid=root -F auid=nobody-here -F gid=docker -k x\n",
            "etc/passwd": b"root:x:7:0::/:/bin/sh\n",
            "etc/group": b"docker:x:998:\n",
        },
    ).facts
    assert (facts.users, facts.groups) == ({"root": 7}, {"docker": 998})


def test_users_are_not_known_where_their_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "etc/passwd").mkdir(parents=True)
    facts = collected(tmp_path, {"etc/group": b""}).facts
    assert (facts.users, facts.groups) == (None, {})


def test_this_machine_s_name_service_is_asked_for_other_names_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[str] = []

    def known(name: str) -> int:
        questions.append(name)
        return {"directory-user": 4711}[name]

    monkeypatch.setattr(audit_facts, "user_id", known)
    rules = "-a always,exit -F uid=root -F auid=directory-user -F auid!=no-such-user -F auid!=unset -F uid=7"
    users = asked((fake(tmp_path, f"echo '{rules}'"),), Limits()).facts.users
    assert users is not None
    assert (users["root"], users["directory-user"], users.get("no-such-user")) == (0, 4711, None)
    assert questions == ["directory-user", "no-such-user"]


def test_a_name_service_that_hangs_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Event()
    monkeypatch.setattr(audit_facts, "user_id", lambda _: over.wait(PATIENT))
    program = fake(tmp_path, "echo '-a always,exit -F uid=no-such-user'")
    try:
        assert asked((program,), Limits(names=0.05)).facts.users is None
    finally:
        over.set()


def test_a_host_s_mounts_are_known_with_those_that_are_early() -> None:
    found = {mount.point: mount for mount in Host("/", "none").sources().facts.mounts or ()}
    assert (found["/proc"].fstype, found["/proc"].early) == ("proc", True)


def test_it_is_known_when_what_loads_rules_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "unit_starts", lambda names: dict.fromkeys(names, 1.0))
    host = Host("/", "none")
    assert host.sources().facts.started == tuple((name, 1.0) for name in sorted(UNITS))
    seen = host.look(["/etc/audit"])
    born = {path: birth(path.encode(), AT_FDCWD) for path, entry in seen.items() if entry.type == "dir" and path != "/"}
    since = {path: at if at is not None and at > 1.0 else None for path, at in born.items()}
    assert {path: seen[path].born for path in since} == since


@pytest.mark.parametrize(("name", "started"), [("auditd", (("auditd", 2.0),)), ("osqueryd", ())])
def test_without_systemd_the_daemon_s_start_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, started: tuple[tuple[str, float], ...]
) -> None:
    monkeypatch.setattr(collect, "unit_starts", lambda _: {})
    monkeypatch.setattr(collect, "process_name", lambda _: name)
    monkeypatch.setattr(collect, "process_start", lambda _: 2.0)
    assert asked((fake(tmp_path, r"printf 'enabled 1\npid 7\n'"),), Limits()).facts.started == started


@pytest.mark.parametrize(("enabled", "since"), [("1", 600.0), ("2", 500.0)])
def test_births_count_since_the_load_by_the_clock_as_it_is_now_and_of_locked_rules_since_the_boot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enabled: str, since: float
) -> None:
    seen: list[float] = []
    monkeypatch.setattr(collect, "unit_starts", lambda _: {"auditd.service": 1000.0})
    monkeypatch.setattr(collect, "process_name", lambda _: "auditd")
    monkeypatch.setattr(collect, "process_start", lambda _: 600.0)
    monkeypatch.setattr(collect, "boot_time", lambda: 500.0)

    def tree(*given: Any) -> Tree:
        seen.extend(given[3:])
        return Tree(*given)

    monkeypatch.setattr(collect, "Tree", tree)
    facts = asked((fake(tmp_path, rf"printf 'enabled {enabled}\npid 7\n'"),), Limits()).facts
    assert (facts.started, facts.set_back, facts.booted) == ((("auditd.service", 1000.0),), 400.0, 500.0)
    assert seen == [since]


def test_what_boot_mounts_and_is_not_there_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Tree.read

    def with_fstab(self: Tree, path: str, limit: int, *, cut: bool = False) -> File | None:
        text = b"/dev/sdz1 /never/mounted ext4 defaults\nproc /proc proc defaults\n"
        return File(path, text) if path == "/etc/fstab" else read(self, path, limit, cut=cut)

    monkeypatch.setattr(Tree, "read", with_fstab)
    assert Host("/", "none").sources().facts.unmounted == {"/never/mounted"}


def test_what_was_seen_before_at_the_paths_of_rules_is_remembered_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "listing").write_text(f"-w {tmp_path}/link/file -p wa\n", encoding="utf-8")
    (tmp_path / "link").symlink_to("one")
    here, there = Host("/", str(tmp_path / "listing")), Host(str(tmp_path), str(tmp_path / "listing"))
    before = time.time()
    assert [host.sources().facts.changed for host in (here, there, here)] == [{}, {}, {}]
    after = time.time()
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("two")
    changed = here.sources().facts.changed
    assert [*changed] == [f"{tmp_path}/link"]
    assert before <= changed[f"{tmp_path}/link"].seen <= after
    assert here.sources().facts.changed == changed
    assert there.sources().facts.changed == {}


def test_another_root_tells_of_no_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "unit_starts", lambda names: dict.fromkeys(names, 1.0))
    assert Host(str(tmp_path), "none").sources().facts.started == ()


def test_another_root_has_no_mounts(tmp_path: Path) -> None:
    assert Host(str(tmp_path), "none").sources().facts.mounts is None


def test_paths_are_looked_at_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    seen = Host(str(tmp_path), "none").look(["/a/b"])
    assert (seen["/a"].type, seen["/a/b"].type) == ("dir", "missing")


def test_no_path_is_looked_at_where_the_mounts_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Host, "_mountinfo", lambda _self: None)
    assert Host("/", "none").look(["/etc"]) == {}


def test_the_paths_of_the_kernel_s_own_rules_are_looked_at(tmp_path: Path) -> None:
    watched, program = tmp_path / "watched", tmp_path / "program"
    watched.touch()
    path, exe = (Field(name, Operator.EQUAL, str(each)) for name, each in (("path", watched), ("exe", program)))
    rules = tuple(encode(Rule(FilterList.EXIT, Action.ALWAYS, ALL_SYSCALLS, (field,))) for field in (path, exe))
    host = Host("/", "netlink", ask=lambda *_: Netlink(rules=(*rules, b"no rule")))
    files = host.sources().facts.files
    assert (files[str(watched)].type, files[str(program)].type) == ("file", "missing")


@pytest.mark.parametrize(("fstype", "found"), [("binfmt_misc", (BinaryFormat("/x/fmt", ".foo"),)), ("autofs", ())])
def test_formats_of_binfmt_misc_are_read_only_where_it_is_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fstype: str, found: tuple[BinaryFormat, ...]
) -> None:
    (tmp_path / "foo").write_text("enabled\ninterpreter /x/fmt\nflags: \nextension .foo\n")
    (tmp_path / "register").write_text("")
    monkeypatch.setattr(collect, "FOLDER", str(tmp_path))
    mounts = f"30 1 0:30 / {tmp_path} rw - {fstype} none rw\n".encode()
    monkeypatch.setattr(Host, "_mountinfo", lambda _: mounts)
    assert Host("/", "none").sources().facts.binary_formats == found

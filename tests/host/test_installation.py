"""What is found on a host, in a folder that is its root."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditrules.doctor import Daemon, ExtensionFile, InstalledPack, LoadFile, PathStat, Stranger
from auditrules.host.installation import Setup
from auditrules.host.rootfs import Tree
from tests.rights import NOBODY
from tools.release.archive import stub

LOAD = "/etc/osquery/extensions.load"
PATH = "/usr/lib/osquery/extensions/auditrules.ext"
UID = os.getuid()
GID = os.getgid()
OWN = f"\t{UID}"


class Host:
    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, name: str, content: str | bytes = "", mode: int = 0o644) -> Path:
        path = self.root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(mode)
        return path

    def process(
        self,
        pid: int,
        *words: str,
        parent: int = 1,
        name: str = "osqueryd",
        comm: str = "osqueryd",
        uids: str = 4 * OWN,
        mnt: str = "mnt:[1]",
    ) -> None:
        """A process as /proc has it; its program's path is one of this machine, as the kernel has no other."""
        self.namespaces(1, "mnt:[1]")
        if mnt:
            self.namespaces(pid, mnt)
        program = self.put(f"/usr/bin/{name}")
        self.put(f"/proc/{pid}/status", f"Name:\t{comm}\nPPid:\t{parent}\nUid:{uids}\n")
        self.put(f"/proc/{pid}/cmdline", "\0".join([*words, ""]))
        (self.root / f"proc/{pid}/exe").symlink_to(program)

    def namespaces(self, pid: int, mnt: str) -> None:
        folder = self.root / f"proc/{pid}/ns"
        if not folder.exists():
            folder.mkdir(parents=True)
            (folder / "mnt").symlink_to(mnt)
            (folder / "user").symlink_to("user:[1]")

    def strangers(self) -> tuple[Stranger, ...]:
        return Setup(str(self.root)).installation(()).strangers

    def daemons(self) -> tuple[Daemon, ...]:
        return Setup(str(self.root)).daemons()

    def loads(self, *daemons: Daemon) -> tuple[LoadFile, ...]:
        return Setup(str(self.root)).installation(daemons).load_files

    def packs(self) -> tuple[InstalledPack, ...]:
        return Setup(str(self.root)).installation(()).packs


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


# Processes


def test_a_host_without_proc_has_no_daemons(host: Host) -> None:
    assert host.daemons() == ()


def test_a_daemon_is_found_with_the_flags_of_its_command_line(host: Host) -> None:
    host.process(20, "/usr/bin/osqueryd", "--extensions_timeout=10", "--logger_path=/x", "--extensions_socket", "/a b")
    assert host.daemons() == (Daemon(20, {"extensions_timeout": "10", "extensions_socket": "/a b"}),)


def test_the_worker_of_a_daemon_is_no_daemon(host: Host) -> None:
    host.process(20, "osqueryd")
    host.process(21, "osqueryd: worker", parent=20)
    assert [daemon.pid for daemon in host.daemons()] == [20]


def test_two_daemons_are_found(host: Host) -> None:
    host.process(100, "osqueryd")
    host.process(20, "osqueryd")
    assert [daemon.pid for daemon in host.daemons()] == [20, 100]


@pytest.mark.parametrize("name", ["osqueryd2", "osqueryi"])
def test_a_process_of_another_name_is_none(host: Host, name: str) -> None:
    host.process(20, "osqueryd", name=name, comm=name)
    assert (host.daemons(), host.strangers()) == ((), ())


STRANGERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("another user's", {"uids": 4 * "\t77"}, "it runs with the user ids 77 77 77 77"),
    ("one that another user started", {"uids": f"\t77{OWN}{OWN}{OWN}"},
     f"it runs with the user ids 77 {UID} {UID} {UID}"),
    ("one without user ids", {"uids": ""}, "whose it is can't be seen"),
    ("a container's", {"mnt": "mnt:[2]"}, "it runs in a container"),
    ("one whose namespaces are hidden", {"mnt": ""}, "its program and namespaces can't be seen"),
)  # fmt: skip


@pytest.mark.parametrize(("process", "doubt"), [case[1:] for case in STRANGERS], ids=[case[0] for case in STRANGERS])
def test_a_stranger_is_no_daemon_and_its_flag_file_is_not_read(
    host: Host, process: dict[str, Any], doubt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.process(20, "osqueryd", "--flagfile=/etc/f", **process)
    monkeypatch.setattr(Tree, "read", refuse)
    assert host.daemons() == ()
    monkeypatch.undo()
    assert host.strangers() == (Stranger(20, doubt),)


NOBODYS = f"""
import ctypes, os, sys
os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
libc = ctypes.CDLL(None)
libc.prctl(15, b"osqueryd")  # PR_SET_NAME
libc.prctl(4, 0)  # PR_SET_DUMPABLE
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.root("give_away")
def test_a_process_that_hides_whose_it_is_behind_files_of_roots_is_no_daemon() -> None:
    command = [sys.executable, "-c", NOBODYS, "--flagfile=/proc/kmsg"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Path(f"/proc/{process.pid}/cmdline").stat().st_uid == 0
        assert process.pid not in {daemon.pid for daemon in Setup("/").daemons()}
        stranger = Stranger(process.pid, f"it runs with the user ids {' '.join([str(NOBODY)] * 4)}")
        assert stranger in Setup("/").installation(()).strangers
        process.communicate()


def refuse(_tree: Tree, path: str, _limit: int) -> None:
    raise AssertionError(f"{path} was read")


def test_a_process_that_only_calls_itself_so_is_none(host: Host) -> None:
    host.process(20, "osqueryd", name="sleep", comm="osqueryd")
    assert (host.daemons(), host.strangers()) == ((), ())


def test_a_daemon_whose_program_was_replaced_is_told(host: Host) -> None:
    host.process(20, "osqueryd")
    exe = host.root / "proc/20/exe"
    program = exe.readlink()
    exe.unlink()
    exe.symlink_to(f"{program} (deleted)")
    assert host.daemons() == ()
    assert host.strangers() == (Stranger(20, f"its program is not the file that is now at {program}"),)


def test_the_command_line_goes_before_the_flag_file(host: Host) -> None:
    host.process(20, "osqueryd", "--flagfile=/etc/f", "--extensions_timeout=7")
    host.put("/etc/f", "--extensions_timeout=3\n--extensions_require=auditrules\n")
    expected = {"extensions_timeout": "7", "extensions_require": "auditrules", "flagfile": "/etc/f"}
    assert host.daemons() == (Daemon(20, expected),)


def test_a_flag_file_that_is_not_there_is_told(host: Host) -> None:
    host.process(20, "osqueryd", "--flagfile=/etc/f")
    assert host.daemons() == (Daemon(20, {"flagfile": "/etc/f"}, "it is not there"),)


def test_a_flag_file_that_is_none_is_told(host: Host) -> None:
    host.process(20, "osqueryd", "--flagfile=/etc")
    (host.root / "etc").mkdir()
    assert host.daemons()[0].flagfile_error == "expected a regular file, found a directory"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/proc/kmsg", "/proc is on proc, which may hang, so it is not touched"),
        ("/sys/kernel/x", "/sys is on sysfs, which may hang, so it is not touched"),
        ("/etc/link", "/proc is on proc, which may hang, so it is not touched"),
        ("/etc/fifo", "expected a regular file, found a FIFO"),
        ("/etc/long", "longer than 4194304 bytes, the most that is read"),
        ("f", "expected an absolute path: a relative one is not looked for"),
    ],
)
def test_a_flag_file_is_a_regular_file_of_people(host: Host, path: str, error: str) -> None:
    host.process(20, "osqueryd", f"--flagfile={path}")
    for name in ("/proc/kmsg", "/sys/kernel/x", "/f"):
        host.put(name, "--extensions_timeout=99\n")
    host.put("/etc/long", bytes(4194305))
    (host.root / "etc/link").symlink_to("/proc/kmsg")
    os.mkfifo(host.root / "etc/fifo")
    assert host.daemons() == (Daemon(20, {"flagfile": path}, error),)


def test_a_load_file_and_an_extension_are_none_of_the_kernels(host: Host) -> None:
    host.put("/proc/x", "/proc/auditrules.ext\n")
    host.put(LOAD, "/proc/auditrules.ext\n")
    host.put("/proc/auditrules.ext", "x")
    kept_off = "which may hang, so it is not touched"
    assert host.loads(Daemon(1, {"extensions_autoload": "/proc/x"}))[0].error == f"/proc is on proc, {kept_off}"
    (file,) = host.loads()[0].files
    assert (file.place, file.start, file.error) == (None, b"", f"/proc is on proc, {kept_off}")


def test_on_this_machine_the_kernels_file_systems_are_told_by_their_mounts() -> None:
    daemon = Daemon(1, {"extensions_autoload": "/proc/self/cmdline"})
    (load,) = Setup("/").installation((daemon,)).load_files
    assert load.error.startswith("/proc")


# Load files


def test_without_a_daemon_the_load_files_that_are_there_count(host: Host) -> None:
    host.put("/opt/orbit/extensions.load", "")
    assert host.loads() == (LoadFile("/opt/orbit/extensions.load", ()),)


def test_without_any_the_one_of_osquery_is_missed(host: Host) -> None:
    assert host.loads() == (LoadFile(LOAD),)


def test_the_load_file_of_a_daemon_counts_and_no_other(host: Host) -> None:
    host.put(LOAD, "/a.ext")
    host.put("/x.load", "/b.ext")
    assert host.loads(Daemon(1, {"extensions_autoload": "/x.load"})) == (LoadFile("/x.load", ("/b.ext",)),)


def test_lines_are_trimmed_and_comments_left_out(host: Host) -> None:
    host.put(LOAD, "# a\n; b\n\n  /c.ext \t\r\n/d.ext")
    assert host.loads() == (LoadFile(LOAD, ("/c.ext", "/d.ext")),)


def test_a_load_file_that_is_none_is_told(host: Host) -> None:
    (host.root / LOAD[1:]).mkdir(parents=True)
    assert host.loads() == (LoadFile(LOAD, error="expected a regular file, found a directory"),)


def test_the_extension_is_looked_at(host: Host) -> None:
    host.put(LOAD, f"/other.ext\n{PATH}\n")
    host.put(PATH, "#!/bin/sh\nexit 0\n", mode=0o757)
    host.put("/bin/sh", mode=0o755)
    (file,) = host.loads()[0].files
    folder = (host.root / PATH[1:]).parent.stat().st_mode & 0o7777
    assert file == ExtensionFile(
        PATH,
        PathStat("regular", 0o757, UID, GID),
        PathStat("directory", folder, UID, GID),
        b"#!/bin/sh\nexit 0\n",
        interpreter=PathStat("regular", 0o755, UID, GID),
    )


def test_an_extension_that_is_not_there_is_named_all_the_same(host: Host) -> None:
    host.put(LOAD, PATH)
    assert host.loads()[0].files == (ExtensionFile(PATH),)


def test_of_a_long_extension_the_start_is_kept(host: Host) -> None:
    host.put(LOAD, PATH)
    host.put(PATH, b"\x7fELF" + bytes(100_000), mode=0o755)
    assert len(host.loads()[0].files[0].start) == 4096


def test_a_folder_stands_for_the_extensions_in_it(host: Host) -> None:
    host.put(LOAD, "/usr/lib/osquery/extensions/\n")
    for name in ("auditrules.ext", "auditrules.txt", "b.ext"):
        host.put(f"/usr/lib/osquery/extensions/{name}")
    assert [file.path for file in host.loads()[0].files] == [PATH]


def test_one_that_is_named_twice_is_one(host: Host) -> None:
    host.put(LOAD, f"{PATH}\n/usr/lib/osquery/extensions\n{PATH}\n")
    host.put(PATH)
    assert [file.path for file in host.loads()[0].files] == [PATH]


def test_one_without_its_suffix_is_found(host: Host) -> None:
    host.put(LOAD, "/opt/auditrules\n")
    assert [file.path for file in host.loads()[0].files] == ["/opt/auditrules"]


def test_a_script_of_another_name_that_starts_it_is_ours(host: Host) -> None:
    host.put(LOAD, "/opt/our_audit.ext\n/opt/other.ext\n")
    host.put("/opt/our_audit.ext", f'#!/bin/sh\nexec {PATH} --table-prefix our_ "$@"\n', mode=0o755)
    host.put("/opt/other.ext", '#!/bin/sh\nexec /opt/other "$@"\n', mode=0o755)
    host.put(PATH, "#!/bin/sh\n", mode=0o755)
    (file,) = host.loads()[0].files
    assert file.starts is not None
    assert (file.path, file.starts.path, file.starts.start) == ("/opt/our_audit.ext", PATH, b"#!/bin/sh\n")


def test_a_link_of_another_name_that_leads_to_it_is_ours(host: Host) -> None:
    host.put(LOAD, "/opt/our_audit.ext\n")
    host.put(PATH, "#!/bin/sh\n")
    (host.root / "opt").mkdir()
    (host.root / "opt/our_audit.ext").symlink_to(PATH)
    assert [file.path for file in host.loads()[0].files] == ["/opt/our_audit.ext"]


def test_our_stub_is_ours_under_any_name(host: Host) -> None:
    host.put(LOAD, "/opt/our_audit.ext\n")
    host.put("/opt/our_audit.ext", stub("/usr/bin"))
    assert [file.path for file in host.loads()[0].files] == ["/opt/our_audit.ext"]


def test_a_relative_path_is_no_file_of_the_root(host: Host) -> None:
    host.put(LOAD, "auditrules.ext\n")
    host.put("/auditrules.ext")
    assert host.loads()[0].files == (ExtensionFile("auditrules.ext"),)


def test_the_way_to_what_osquery_believes_and_runs_is_told(host: Host) -> None:
    host.put("/etc/f")
    host.put("/etc/x.load", "/opt/our_audit.ext\n")
    host.put("/opt/our_audit.ext", f'#!/bin/sh\nexec {PATH} "$@"\n')
    host.put(PATH, "#!/bin/bash\n")
    host.put("/bin/sh")
    host.put("/bin/bash")
    daemon = Daemon(1, {"extensions_autoload": "/etc/x.load", "flagfile": "/etc/f"})
    chains = Setup(str(host.root)).installation((daemon,)).path_chains
    assert set(chains) == {"/etc/f", "/etc/x.load", "/opt/our_audit.ext", "/bin/sh", PATH, "/bin/bash"}


def test_a_path_chain_has_the_folders_on_both_sides_of_a_link(host: Host) -> None:
    host.put(LOAD, "/opt/a/auditrules.ext\n")
    host.put(PATH, mode=0o750).parent.chmod(0o777)
    (host.root / "opt/a").mkdir(parents=True)
    (host.root / "opt/a").chmod(0o1777)
    (host.root / "opt/a/auditrules.ext").symlink_to(PATH)
    chain = Setup(str(host.root)).installation(()).path_chains["/opt/a/auditrules.ext"]
    assert chain.end == PathStat("regular", 0o750, UID, os.getgid())
    assert list(chain.folders) == [
        *("/", "/opt", "/opt/a"),
        *("/usr", "/usr/lib", "/usr/lib/osquery", "/usr/lib/osquery/extensions"),
    ]
    assert (chain.folders["/opt/a"].mode, chain.folders["/usr/lib/osquery/extensions"].mode) == (0o1777, 0o777)


def test_bytes_that_are_no_text_break_nothing(host: Host) -> None:
    host.put(LOAD, b"/opt/\xff\n/opt/auditrules.ext\n")
    host.put("/opt/auditrules.ext", b"#!/\xff\n")
    assert [file.path for file in host.loads()[0].files] == ["/opt/auditrules.ext"]


# Pythons and packs


def test_pythons_are_found_by_what_their_links_lead_to(host: Host) -> None:
    host.put("/usr/bin/python3.9")
    (host.root / "usr/bin/python3").symlink_to("python3.9")
    host.put("/usr/bin/python3.12")
    (host.root / "usr/bin/python3.13").symlink_to("/nowhere")
    found = Setup(str(host.root)).installation(()).pythons
    assert found == ("/usr/bin/python3.12", "/usr/bin/python3.9")


def test_our_packs_and_those_that_name_a_table_of_ours_are_read(host: Host) -> None:
    host.put("/usr/share/osquery-audit-rules/packs/a.conf", "audit_status")
    host.put("/etc/osquery/packs/b.conf", "FROM audit_rules")
    host.put("/etc/osquery/packs/c.conf", "FROM processes {")
    host.put("/etc/osquery/packs/d.txt", "audit_status")
    assert host.packs() == (
        InstalledPack("/usr/share/osquery-audit-rules/packs/a.conf", "audit_status"),
        InstalledPack("/etc/osquery/packs/b.conf", "FROM audit_rules"),
    )


def test_a_pack_that_cannot_be_read_is_told(host: Host) -> None:
    (host.root / "etc/osquery/packs/a.conf").mkdir(parents=True)
    error = "expected a regular file, found a directory"
    assert host.packs() == (InstalledPack("/etc/osquery/packs/a.conf", error=error),)

"""What the letters of a path are, by rules that a person could have written, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditrules.audit.coverage.answer import Coverage, Reason
from auditrules.audit.coverage.audit_names import AuditNamesCollector
from auditrules.audit.coverage.audited_host import AuditedHost
from auditrules.audit.coverage.decision import ON, Auditing, CoverageStatus
from auditrules.audit.coverage.explain import conditions
from auditrules.audit.coverage.filter_walk import decide
from auditrules.audit.coverage.operations import OPERATIONS
from auditrules.audit.coverage.path_coverage import evaluate_path
from auditrules.audit.coverage.rule_match import Truth
from auditrules.audit.filesystem.mounts import MAGIC
from auditrules.audit.filesystem.path_walk import FileSystem
from auditrules.audit.model.host_facts import BinaryFormat, KernelBuild, Mount
from tests.audit.file_trees import DOCKER, covered, facts, rules_of, with_entries

DOCKERD = "/usr/bin/dockerd"
WATCH = f"-w {DOCKERD} -p rwxa -k docker"


def letters(found: Coverage) -> tuple[str, str, str, str]:
    return (
        found.with_status(CoverageStatus.RECORDED),
        found.with_status(CoverageStatus.CONDITIONAL),
        found.with_status(CoverageStatus.UNRECORDED),
        found.with_status(CoverageStatus.UNKNOWN),
    )


# rules, then the letters that are recorded, conditional, not recorded and unknown, and the reason
ON_DOCKERD = (
    ("no rule", (), "", "", "rwxa", "", "no_rule"),
    ("the plain watch", (WATCH,), "rwxa", "", "", "", "covered"),
    ("the watch without letters", (f"-w {DOCKERD} -k docker",), "rwxa", "", "", "", "covered"),
    (
        "its syscall form",
        (f"-a always,exit -F path={DOCKERD} -F perm=rwxa -F key=docker",),
        "rwxa",
        "",
        "",
        "",
        "covered",
    ),
    (
        "of 64-bit programs",
        (f"-a always,exit -F arch=b64 -F path={DOCKERD} -F perm=rwxa -F key=docker",),
        "rwxa",
        "",
        "",
        "",
        "covered",
    ),
    (
        "of 32-bit programs",
        (f"-a always,exit -F arch=b32 -F path={DOCKERD} -F perm=rwxa",),
        "",
        "",
        "rwxa",
        "",
        "permissions_missing",
    ),
    ("a path and no perm", (f"-a always,exit -S all -F path={DOCKERD}",), "rwxa", "", "", "", "covered"),
    ("the directory", ("-w /usr/bin -p rwxa -k bins",), "rwxa", "", "", "", "covered"),
    ("a directory far above", ("-w /usr -p wa",), "wa", "", "rx", "", "permissions_missing"),
    (
        "the directory's own name",
        ("-a always,exit -F path=/usr/bin -F perm=rwxa",),
        "",
        "w",
        "rxa",
        "",
        "not_recursive",
    ),
    ("another spelling of the way", ("-w /bin/dockerd -p rwxa",), "rwxa", "", "", "", "covered"),
    ("a spelling with slashes", ("-w //usr//bin/dockerd -p rwxa",), "rwxa", "", "", "", "covered"),
    ("a link to the directory", ("-w /bin -p rwxa",), "", "", "rwxa", "", "symlink"),
    (
        "a link to the directory, with a slash",
        ("-a always,exit -F dir=/bin/ -F perm=rwxa",),
        "rwxa",
        "",
        "",
        "",
        "covered",
    ),
    ("a link to the file", ("-w /opt/dockerd -p rwxa",), "", "", "rwxa", "", "symlink"),
    ("a hard link", ("-w /opt/hard -p rwxa",), "rwxa", "", "", "", "covered"),
    (
        "executions by the daemon",
        (f"-a always,exit -F arch=b64 -S execve -F exe={DOCKERD}",),
        "",
        "x",
        "rwa",
        "",
        "conditional",
    ),
    ("every execution", ("-a always,exit -F arch=b64 -S execve -k exec",), "x", "", "rwa", "", "no_rule"),
    (
        "every execution, and a watch",
        ("-a always,exit -F arch=b64 -S execve", f"-w {DOCKERD} -p wa"),
        "wxa",
        "",
        "r",
        "",
        "permissions_missing",
    ),
    (
        "a part of writing",
        (f"-a always,exit -F arch=b64 -S openat,open,truncate -F path={DOCKERD} -F perm=w",),
        "",
        "w",
        "rxa",
        "",
        "conditional",
    ),
    ("reading only", (f"-w {DOCKERD} -p r",), "r", "", "wxa", "", "permissions_missing"),
    ("a longer name", (f"-w {DOCKERD}-rootless.sh -p rwxa",), "", "", "rwxa", "", "no_rule"),
    ("the path in a key", (f"-w /etc/docker -p wa -k see_{DOCKERD}",), "", "", "rwxa", "", "no_rule"),
    ("a never rule", (f"-a never,exit -F path={DOCKERD} -F perm=rwxa",), "", "", "rwxa", "", "suppressed"),
    ("never before the watch", (f"-a never,exit -F path={DOCKERD} -F perm=x", WATCH), "rwa", "", "x", "", "suppressed"),
    ("never after the watch", (WATCH, f"-a never,exit -F path={DOCKERD} -F perm=x"), "rwxa", "", "", "", "covered"),
    ("never on every call before it", ("-a never,exit -F arch=b64 -S all", WATCH), "", "", "rwxa", "", "suppressed"),
    ("never put before it", (WATCH, "-A never,exit -F arch=b64 -S execve"), "rwa", "", "x", "", "suppressed"),
    (
        "never on a directory above before it",
        ("-a never,exit -F dir=/usr -F perm=wa", WATCH),
        "rx",
        "",
        "wa",
        "",
        "suppressed",
    ),
    (
        "never on the loader before every execution",
        ("-a never,exit -F path=/lib64/ld-linux-x86-64.so.2", "-a always,exit -F arch=b64 -S execve"),
        "",
        "",
        "rwa",
        "x",
        "interpreter",
    ),
    (
        "never on the loader before the watch",
        ("-a never,exit -F path=/lib64/ld-linux-x86-64.so.2", WATCH),
        "rwxa",
        "",
        "",
        "",
        "covered",
    ),
    ("never,task", ("-a never,task", WATCH), "", "", "rwxa", "", "task_never"),
    ("never,task for one user", ("-a never,task -F uid=33", WATCH), "", "rwxa", "", "", "conditional"),
    ("always,task", ("-a always,task",), "rwxa", "", "", "", "covered"),
    ("one login", (f"-a always,exit -F path={DOCKERD} -F perm=rwxa -F auid=1000",), "", "rwxa", "", "", "conditional"),
    (
        "people's logins",
        (f"-a always,exit -F path={DOCKERD} -F perm=x -F auid>=1000 -F auid!=unset",),
        "",
        "x",
        "rwa",
        "",
        "conditional",
    ),
    (
        "two halves of all logins",
        (
            f"-a always,exit -F path={DOCKERD} -F perm=x -F auid>=1000",
            f"-a always,exit -F path={DOCKERD} -F perm=x -F auid<1000",
        ),
        "x",
        "",
        "rwa",
        "",
        "permissions_missing",
    ),
    (
        "any two ids that differ or not",
        (
            f"-a always,exit -F path={DOCKERD} -F perm=x -C uid!=euid",
            f"-a always,exit -F path={DOCKERD} -F perm=x -C uid=euid",
        ),
        "x",
        "",
        "rwa",
        "",
        "permissions_missing",
    ),
    (
        "successful ones",
        (f"-a always,exit -F path={DOCKERD} -F perm=rwxa -F success=1",),
        "",
        "rwxa",
        "",
        "",
        "conditional",
    ),
    (
        "successful and failed ones",
        (
            f"-a always,exit -F path={DOCKERD} -F perm=rwxa -F success=1",
            f"-a always,exit -F path={DOCKERD} -F perm=rwxa -F success=0",
        ),
        "rxa",
        "w",
        "",
        "",
        "conditional",
    ),
    ("refusals", ("-a always,exit -F arch=b64 -S openat -F exit=-EACCES",), "", "rw", "xa", "", "conditional"),
    ("records of calls excluded", (WATCH, "-a always,exclude -F msgtype=SYSCALL"), "", "", "rwxa", "", "excluded"),
    ("records of paths excluded", (WATCH, "-a always,exclude -F msgtype=PATH"), "rwxa", "", "", "", "covered"),
    ("one user excluded", (WATCH, "-a never,exclude -F uid=33"), "", "rwxa", "", "", "conditional"),
    (
        "the daemon's own records excluded",
        (WATCH, f"-a never,exclude -F exe={DOCKERD}"),
        "",
        "rwxa",
        "",
        "",
        "conditional",
    ),
    (
        "its file system left out",
        (WATCH, "-a never,filesystem -F fstype=0xef53"),
        "",
        "",
        "rwxa",
        "",
        "filesystem_never",
    ),
    ("another file system left out", (WATCH, "-a never,filesystem -F fstype=tracefs"), "rwxa", "", "", "", "covered"),
    (
        "its inode",
        (f"-a always,exit -S all -F inode={facts().files[DOCKERD].ino} -F perm=wa",),
        "wa",
        "",
        "rx",
        "",
        "no_rule",
    ),
)


@pytest.mark.parametrize(
    ("rules", "recorded", "conditional", "unrecorded", "unknown", "reason"),
    [case[1:] for case in ON_DOCKERD],
    ids=[case[0] for case in ON_DOCKERD],
)
def test_the_letters_of_a_program(
    rules: tuple[str, ...], recorded: str, conditional: str, unrecorded: str, unknown: str, reason: str
) -> None:
    found = covered(DOCKERD, *rules)
    assert (*letters(found), found.reason.value) == (recorded, conditional, unrecorded, unknown, reason)


# path, rules, letters as above, reason, and what is left out below
ON_OTHERS = (
    ("a directory", "/etc/docker", ("-w /etc/docker -p wa",), "wa", "", "rx", "", "permissions_missing", ()),
    ("a directory by a directory above", "/etc/docker/certs", ("-w /etc -p rwxa",), "rwxa", "", "", "", "covered", ()),
    (
        "a directory by its own name",
        "/etc/docker",
        ("-a always,exit -F path=/etc/docker -F perm=rwxa",),
        "",
        "",
        "rwxa",
        "",
        "not_recursive",
        (),
    ),
    (
        "a directory of which a file is watched",
        "/etc/docker",
        ("-w /etc/docker/daemon.json -p wa",),
        "",
        "",
        "rwxa",
        "",
        "no_rule",
        (),
    ),
    (
        "never below it before",
        "/var/lib/docker",
        ("-a never,exit -F dir=/var/lib/docker/overlay2", "-w /var/lib/docker -p wa"),
        "wa",
        "",
        "rx",
        "",
        "permissions_missing",
        ("/var/lib/docker/overlay2",),
    ),
    (
        "never below it after",
        "/var/lib/docker",
        ("-w /var/lib/docker -p wa", "-a never,exit -F dir=/var/lib/docker/overlay2"),
        "wa",
        "",
        "rx",
        "",
        "permissions_missing",
        (),
    ),
    (
        "never on the directory itself",
        "/var/lib/docker",
        ("-a never,exit -F dir=/var/lib", "-w /var/lib/docker -p wa"),
        "",
        "",
        "rwxa",
        "",
        "suppressed",
        (),
    ),
    ("a link is its target", "/opt/dockerd", (WATCH,), "rwxa", "", "", "", "covered", ()),
    (
        "what is not there, by its name",
        "/usr/bin/new",
        ("-w /usr/bin/new -p wa",),
        "wa",
        "",
        "rx",
        "",
        "permissions_missing",
        (),
    ),
    (
        "what is not there, by its directory",
        "/usr/bin/new",
        ("-w /usr/bin -p wa",),
        "wa",
        "",
        "rx",
        "",
        "permissions_missing",
        (),
    ),
    ("what is not there and not watched", "/usr/bin/new", (WATCH,), "", "", "rwxa", "", "no_rule", ()),
)


@pytest.mark.parametrize(
    ("path", "rules", "recorded", "conditional", "unrecorded", "unknown", "reason", "left_out"),
    [case[1:] for case in ON_OTHERS],
    ids=[case[0] for case in ON_OTHERS],
)
def test_the_letters_of_other_paths(
    path: str,
    rules: tuple[str, ...],
    recorded: str,
    conditional: str,
    unrecorded: str,
    unknown: str,
    reason: str,
    left_out: tuple[str, ...],
) -> None:
    found = covered(path, *rules)
    assert (*letters(found), found.reason.value) == (recorded, conditional, unrecorded, unknown, reason)
    assert found.exceptions == left_out


# What no letter counts, whatever watches the file.
OPENED_OTHERWISE = ("except open_by_handle_at", "except io_uring")
CHANGED_OTHERWISE = ("except ioctl", "except changes of times")
CONDITIONS = (
    ("a watch", (WATCH,), (*OPENED_OTHERWISE, *CHANGED_OTHERWISE)),
    ("of 64-bit programs only", (f"-a always,exit -F arch=b64 -F path={DOCKERD} -F perm=x",), ("except 32-bit calls",)),
    (
        "as newer auditctl expands it",
        (f"-a always,exit -F arch=b64 -S execve -F path={DOCKERD} -F perm=x",),
        ("except execveat", "except 32-bit calls"),
    ),
    ("one login", (f"-a always,exit -F path={DOCKERD} -F perm=x -F auid=1000",), ("auid=1000 only",)),
    ("all but one login", ("-a never,exit -S all -F auid=1000", f"-w {DOCKERD} -p x"), ("except auid=1000",)),
    (
        "all but tasks forked by one user",
        ("-a never,task -F uid=33", f"-w {DOCKERD} -p x"),
        ("except uid=33 at the fork",),
    ),
    (
        "part of the calls",
        (f"-a always,exit -F arch=b64 -S chmod,fchmodat,lchown -F path={DOCKERD} -F perm=a",),
        (
            "except chown",
            "except fchownat",
            "except setxattr",
            "except lsetxattr",
            "except removexattr",
            "except lremovexattr",
            "except fchmod",
            "except fchown",
            "except fsetxattr",
            "except fremovexattr",
            "except link",
            "except linkat",
            *CHANGED_OTHERWISE,
            "except 32-bit calls",
            "except io_uring",
        ),
    ),
    (
        "all calls on the path",
        (f"-a always,exit -F path={DOCKERD}",),
        ("except ioctl", "except io_uring"),  # which sets attributes of an open file
    ),
    (
        "the times too",
        (WATCH, f"-a always,exit -S utime,utimes,futimesat,utimensat -F path={DOCKERD}"),
        (*OPENED_OTHERWISE, "except ioctl"),
    ),
    (
        "one of the calls that set times",
        (WATCH, f"-a always,exit -F arch=b64 -S utimensat -F path={DOCKERD}"),
        (*OPENED_OTHERWISE, *CHANGED_OTHERWISE),
    ),
    (
        "32-bit programs by the reference only",
        (
            f"-a always,exit -F arch=b64 -F path={DOCKERD} -F perm=a",
            f"-a always,exit -F arch=b32 -S chmod,fchmodat,chown,chown32,fchownat,setxattr -F path={DOCKERD}",
        ),
        (*CHANGED_OTHERWISE, "except 32-bit calls", "except io_uring"),
    ),
    (
        "32-bit programs by all that counts",
        (
            f"-a always,exit -F arch=b64 -F path={DOCKERD} -F perm=a",
            f"-a always,exit -F arch=b32 -F path={DOCKERD} -F perm=a",
        ),
        (*CHANGED_OTHERWISE, "except io_uring"),
    ),
    (
        "writes by their calls",
        (
            f"-a always,exit -F arch=b64 -F path={DOCKERD} -S open,openat,openat2,creat,truncate",
            f"-a always,exit -F arch=b64 -F path={DOCKERD} -S unlink,unlinkat,rename,renameat,renameat2",
        ),
        (
            *("except open_by_handle_at", "except 32-bit calls", "except io_uring"),
            *("except link", "except linkat", "except swapon", "except acct"),
        ),
    ),
    (
        "a never rule on a directory elsewhere",
        ("-a never,exit -F dir=/etc/docker", WATCH),
        (*OPENED_OTHERWISE, "except renames from or into /etc/docker", *CHANGED_OTHERWISE),
    ),
    (
        "a never rule on a directory's own name elsewhere",
        ("-a never,exit -F path=/etc/docker", WATCH),
        (*OPENED_OTHERWISE, "except renames from or into /etc/docker", *CHANGED_OTHERWISE),
    ),
    (
        "a never rule on a directory elsewhere that comes later",
        (WATCH, "-a never,exit -F dir=/etc/docker"),
        (*OPENED_OTHERWISE, *CHANGED_OTHERWISE),
    ),
    (
        "a never rule on a file elsewhere",
        ("-a never,exit -F path=/usr/bin/runc", WATCH),
        (*OPENED_OTHERWISE, *CHANGED_OTHERWISE),
    ),
)


@pytest.mark.parametrize(("rules", "told"), [case[1:] for case in CONDITIONS], ids=[case[0] for case in CONDITIONS])
def test_what_is_missed_although_a_letter_is_recorded_is_told(rules: tuple[str, ...], told: tuple[str, ...]) -> None:
    assert conditions(covered(DOCKERD, *rules), "x86_64", older=False) == told


@pytest.mark.parametrize(("release", "told"), [("6.1", False), ("6.12", True), ("", True)])
def test_a_call_that_may_create_a_file_need_not_look_at_its_directory(release: str, told: bool) -> None:
    writes = "open,openat,openat2,truncate,unlink,unlinkat,rename,renameat,renameat2"
    rules = (f"-a always,exit -S {writes} -F path={DOCKERD}", "-a always,exit -S creat -F path=/usr/bin")
    on = replace(facts(), kernel=KernelBuild(release))
    found = conditions(covered(DOCKERD, *rules, on=on), "x86_64", older=False)
    assert ("except creat" in found) is told


def test_processes_older_than_auditing_are_told_where_there_may_be_any() -> None:
    assert (
        conditions(covered(DOCKERD, WATCH), "x86_64", older=True)[-1]
        == "except processes started before auditing was enabled"
    )


def test_auditing_that_is_off_records_nothing() -> None:
    found = covered(DOCKERD, WATCH, auditing=Auditing(0))
    assert (*letters(found), found.reason.value) == ("", "", "rwxa", "", "disabled")


def data(*, early: bool | None) -> Mount:
    return Mount(2, 1, "/var/lib/docker", "/", "xfs", "8:2", early=early)


@pytest.mark.parametrize(
    ("early", "found"),
    [(True, ("wa", "", "rx", "", "permissions_missing")), (None, ("", "", "rx", "wa", "mounted_after_load"))],
)
def test_a_mount_between_the_rule_s_directory_and_the_path_must_be_there_first(
    early: bool | None, found: tuple[str, ...]
) -> None:
    answer = covered("/var/lib/docker/overlay2", "-w /var -p wa", on=facts(mounts=(data(early=early),)))
    assert (*letters(answer), answer.reason.value) == found


def test_mounts_below_a_directory_that_were_not_there_first_are_left_out() -> None:
    layer = Mount(3, 1, "/var/lib/docker/overlay2", "/", "overlay", "0:50", early=None)
    found = covered("/var/lib/docker", "-w /var/lib/docker -p wa", on=facts(mounts=(layer,)))
    assert found.with_status(CoverageStatus.RECORDED) == "wa"
    assert found.exceptions == ("/var/lib/docker/overlay2",)


def test_another_file_mounted_over_a_watched_name_is_not_watched() -> None:
    other = Mount(2, 1, DOCKERD, "/usr/bin/containerd", "ext4", "8:1", early=None)
    on = facts(mounts=(other,))
    on = with_entries(on, {DOCKERD: on.files["/usr/bin/containerd"]})
    assert covered(DOCKERD, WATCH, on=on).with_status(CoverageStatus.RECORDED) == ""


def test_a_rule_on_the_name_below_a_mount_sees_it_taken_away() -> None:
    on = facts(mounts=(Mount(2, 1, "/opt", "/etc/docker", "ext4", "8:1", early=None),))
    unlink = AuditNamesCollector(FileSystem(on)).access(OPERATIONS["unlink"], "x86_64", "/opt")
    assert unlink is not None
    assert decide(rules_of(("-a always,exit -F path=/opt",), on), unlink, ON).recorded is Truth.YES


@pytest.mark.parametrize("fstype", ["nfs4", "cifs", "fuse.sshfs", "autofs", "ceph"])
def test_a_path_on_a_remote_file_system_is_not_told(fstype: str) -> None:
    remote = Mount(2, 1, "/usr/bin", "/", fstype, "0:40", early=True)
    found = covered(DOCKERD, WATCH, on=facts(mounts=(remote,)))
    assert (*letters(found), found.reason.value) == ("", "", "", "rwxa", "remote_filesystem")
    assert found.error == f"/usr/bin is on {fstype}, which may hang, so it is not touched"


def test_two_rules_on_one_file_may_have_changed_places_since_they_were_loaded() -> None:
    rules = (f"-a never,exit -F path={DOCKERD} -F perm=r", WATCH)
    assert letters(covered(DOCKERD, *rules, fresh=True)) == ("wxa", "", "r", "")
    found = covered(DOCKERD, *rules, fresh=False)
    assert (*letters(found), found.reason.value) == ("wxa", "", "", "r", "replaced")


def test_what_could_not_be_looked_at_is_unknown() -> None:
    on = facts()
    host = AuditedHost(rules_of((WATCH,), on), FileSystem(replace(on, files={"/": on.files["/"]})), ON)
    found = evaluate_path(DOCKERD, host)
    assert (*letters(found), found.reason.value) == ("", "", "", "rwxa", "unreadable")
    assert found.error == "the path could not be looked at"


BAD_PATHS = (
    ("relative", "usr/bin/dockerd", "expected an absolute path"),
    ("empty", "", "expected an absolute path"),
    ("a NUL", "/usr/\0", "expected a path, found a NUL in it"),
    ("too long", "/" + "x" * 4999, "expected a path of fewer than 4096 bytes"),
)


@pytest.mark.parametrize(("path", "error"), [case[1:] for case in BAD_PATHS], ids=[case[0] for case in BAD_PATHS])
def test_what_is_no_path_is_told(path: str, error: str) -> None:
    found = covered(path, WATCH)
    assert (*letters(found), found.reason.value, found.error) == ("", "", "", "rwxa", "bad_path", error)


@pytest.mark.parametrize("path", [*DOCKER, "/etc/*", "/etc/docker/[a-z]*", "/nowhere/at/all"])
def test_the_letters_are_always_rwxa_together(path: str) -> None:
    found = covered(path, WATCH, "-w /etc -p wa", "-a always,exit -F arch=b64 -S execve -F auid>=1000")
    assert sorted("".join(letters(found))) == sorted("rwxa")


def test_of_two_spellings_of_one_name_only_the_last_follows_the_file() -> None:
    rules = ("-w /bin/dockerd -p x", f"-w {DOCKERD} -p wa")
    assert letters(covered(DOCKERD, *rules, fresh=True)) == ("wxa", "", "r", "")
    found = covered(DOCKERD, *rules, fresh=False)
    assert (*letters(found), found.reason.value) == ("wa", "", "r", "x", "replaced")


@pytest.mark.parametrize("machine", ["mips64", "loongarch64", "toaster"])
def test_a_machine_whose_system_calls_nobody_knows_is_unknown(machine: str) -> None:
    found = covered(DOCKERD, WATCH, on=replace(facts(), machine=machine))
    assert (*letters(found), found.reason.value) == ("", "", "", "rwxa", "unreadable")


@pytest.mark.parametrize("machine", ["aarch64", "riscv64", "i686", "armv7l", "ppc64le", "s390x"])
def test_a_call_that_a_machine_lacks_is_recorded_by_nobody(machine: str) -> None:
    on = replace(facts(), machine=machine)
    assert letters(covered(DOCKERD, on=on)) == ("", "", "rwxa", "")
    assert letters(covered(DOCKERD, WATCH, on=on, auditing=Auditing(0))) == ("", "", "rwxa", "")
    assert letters(covered(DOCKERD, WATCH, on=on)) == ("rwxa", "", "", "")


def test_a_32_bit_machine_has_two_calls_for_one_purpose() -> None:
    rule = f"-a always,exit -S chmod,chown,fchmodat,fchownat,setxattr -F path={DOCKERD}"
    assert covered(DOCKERD, rule, on=replace(facts(), machine="i686")).with_status(CoverageStatus.CONDITIONAL) == "a"


def test_a_never_rule_on_the_directory_keeps_removals_of_the_file_out_wherever_it_stands() -> None:
    never = "-a never,exit -F path=/usr/bin"
    for rules in ((WATCH, never), (never, WATCH)):
        assert letters(covered(DOCKERD, *rules)) == ("rxa", "w", "", "")


def test_a_never_rule_on_a_directory_s_own_name_keeps_removals_in_it_out() -> None:
    never = "-a never,exit -S unlink,unlinkat -F path=/etc/docker"
    assert letters(covered("/etc/docker", never, "-w /etc/docker -p wa")) == ("a", "w", "rx", "")


MAGIC_LINKS = ("/proc/77/exe", "/proc/self/root/usr/bin/dockerd", "/proc/1/task/2/cwd/x", "//proc/77/fd/3")


@pytest.mark.parametrize("path", MAGIC_LINKS)
def test_a_link_of_proc_leads_elsewhere_than_its_text_says(path: str) -> None:
    on = facts({**DOCKER, "/proc/77/exe": f"-> {DOCKERD}", "/proc/self/root": "-> /"})
    assert covered(path, WATCH, on=on).with_status(CoverageStatus.UNKNOWN) == "rwxa"


def test_numbers_of_inodes_are_not_known_on_a_file_system_that_tells_stat_others() -> None:
    on = facts()
    btrfs = Mount(2, 1, "/usr", "/", "btrfs", "0:34", MAGIC["btrfs"], early=True)
    rule = f"-a always,exit -S all -F inode={on.files[DOCKERD].ino} -F perm=wa"
    found = covered(DOCKERD, rule, on=replace(on, mounts=(*(on.mounts or ()), btrfs)))
    assert found.with_status(CoverageStatus.RECORDED) == ""


def test_an_argument_s_bits_are_told_apart_from_its_number() -> None:
    rules = (f"-a always,exit -F path={DOCKERD} -F perm=r -F {field}" for field in ("a1=0", "a1&13"))
    assert covered(DOCKERD, *rules).with_status(CoverageStatus.RECORDED) == ""


def test_an_answer_that_waits_for_one_kind_of_subject_alone_has_that_reason() -> None:
    rules = (f"-a never,exit -F path={DOCKERD} -F perm=x -F uid=7", WATCH)
    found = covered(DOCKERD, *rules, fresh=False)
    assert (found.with_status(CoverageStatus.UNKNOWN), found.reason.value) in (("", "conditional"), ("x", "replaced"))


def test_what_is_not_there_by_more_than_one_name_is_judged_by_what_is_above() -> None:
    on = facts({**DOCKER, "/var/run": "-> /run", "/run": "dir"})
    assert letters(covered("/var/run/docker/a/sock", "-w /run -p wa", on=on)) == ("wa", "", "rx", "")
    assert letters(covered("/var/run/docker/a/sock", WATCH, on=on)) == ("", "", "rwxa", "")


def test_a_task_that_is_recorded_whatever_it_does_may_be_older_than_the_rule() -> None:
    told = conditions(covered(DOCKERD, "-a always,task"), "x86_64", older=False)
    assert told[-1] == "except processes started before the rules were loaded"


def test_a_place_left_out_below_a_directory_is_told_where_it_leads() -> None:
    found = covered("/usr/bin", "-a never,exit -F path=/bin/dockerd", "-w /usr/bin -p wa")
    assert found.exceptions == (DOCKERD,)


# A file that binfmt_misc may have run by /x/fmt, as in a guest: a rule on either of the two recorded it.
FORMATS = {**DOCKER, "/x/magic.foo": "file", "/x/fmt": "file"}
ON_FORMATS = (
    ("both", ("-w /x/magic.foo -p x -k magic", "-w /x/fmt -p x -k fmt"), CoverageStatus.RECORDED, Reason.COVERED),
    ("the file", ("-w /x/magic.foo -p x",), CoverageStatus.RECORDED, Reason.COVERED),
    ("the interpreter", ("-w /x/fmt -p x",), CoverageStatus.UNKNOWN, Reason.INTERPRETER),
    (
        "every execution but the interpreter's",
        ("-a never,exit -F path=/x/fmt", "-a always,exit -F arch=b64 -S execve"),
        CoverageStatus.UNKNOWN,
        Reason.INTERPRETER,
    ),
    (
        "the file, but not if the interpreter runs then",
        ("-a never,exit -F arch=b64 -S execve -F exe=/x/fmt -F success=1", "-w /x/magic.foo -p x"),
        CoverageStatus.UNKNOWN,
        Reason.INTERPRETER,
    ),
    ("neither", ("-w /usr/bin/dockerd -p x",), CoverageStatus.UNRECORDED, Reason.NO_RULE),
)


@pytest.mark.parametrize(
    ("rules", "status", "reason"), [row[1:] for row in ON_FORMATS], ids=[row[0] for row in ON_FORMATS]
)
@pytest.mark.parametrize("extension", ["", ".foo"])
def test_an_interpreter_of_binfmt_misc_may_run_a_file(
    rules: tuple[str, ...], status: CoverageStatus, reason: Reason, extension: str
) -> None:
    on = replace(facts(FORMATS), binary_formats=(BinaryFormat("/x/fmt", extension),))
    found = covered("/x/magic.foo", *rules, on=on).permissions[2]
    assert (found.permission, found.status, found.reason) == ("x", status, reason)


@pytest.mark.parametrize("formats", [(), (BinaryFormat("/x/fmt", ".bar"),), (BinaryFormat("/x/none"),)])
def test_a_format_that_a_file_does_not_have_runs_none(formats: tuple[BinaryFormat, ...]) -> None:
    on = replace(facts({**FORMATS, "/x/none": "missing"}), binary_formats=formats)
    assert covered("/x/magic.foo", "-w /x/fmt -p x", on=on).permissions[2].status is CoverageStatus.UNRECORDED

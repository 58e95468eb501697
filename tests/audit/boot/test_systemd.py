from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.boot.boot_targets import default_target, unmet_condition, wanted_by
from auditrules.audit.boot.systemd import ExecCommand, UndeterminedError, Unit, drop_in_folders, find_unit
from auditrules.audit.model.collected import File, Units

NAME = "auditd.service"
ETC, USR = "/etc/systemd/system", "/usr/lib/systemd/system"
RUN = "[Service]\nExecStart=/sbin/auditd\nExecStartPost=-/sbin/augenrules --load\n"


def units(files: Mapping[str, str], links: Mapping[str, str] = {}) -> Units:
    return Units(tuple(File(path, content.encode()) for path, content in files.items()), links)


def read(files: Mapping[str, str], links: Mapping[str, str] = {}) -> Unit:
    found = find_unit(NAME, units(files, links))
    assert found is not None
    return found


def posts(files: Mapping[str, str], links: Mapping[str, str] = {}) -> list[str]:
    return [value for _, value in read({f"{USR}/{NAME}": RUN, **files}, links).values("ExecStartPost")]


def commands(line: str) -> list[ExecCommand]:
    return list(read({f"{USR}/{NAME}": f"[Service]\nExecStart={line}\n"}).commands("ExecStart"))


def test_no_file_is_no_unit() -> None:
    assert find_unit(NAME, units({f"{USR}/other.service": RUN})) is None


def test_the_administrators_file_hides_the_packages() -> None:
    files = {path: f"[Service]\nExecStart={path}\n" for path in (f"/lib/systemd/system/{NAME}", f"{USR}/{NAME}")}
    assert read(files).path == f"{USR}/{NAME}"
    assert read({**files, f"{ETC}/{NAME}": RUN}).path == f"{ETC}/{NAME}"


MASKS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "a link to /dev/null": ({}, {f"{ETC}/{NAME}": "/dev/null"}),
    "a relative link to /dev/null": ({}, {f"{ETC}/{NAME}": "../../../dev/null"}),
    "an empty file": ({f"{ETC}/{NAME}": ""}, {}),
}


@pytest.mark.parametrize(("files", "links"), MASKS.values(), ids=MASKS)
def test_a_unit_is_masked_by(files: dict[str, str], links: dict[str, str]) -> None:
    assert read({f"{USR}/{NAME}": RUN, **files}, links) == Unit(NAME, f"{ETC}/{NAME}", masked=True)


def test_a_mask_below_a_unit_masks_nothing() -> None:
    assert not read({f"{ETC}/{NAME}": RUN, f"{USR}/{NAME}": ""}).masked


def test_a_unit_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(UndeterminedError) as raised:
        find_unit(NAME, Units((File(f"{ETC}/{NAME}", error="Permission denied"),)))
    assert str(raised.value) == "/etc/systemd/system/auditd.service: Permission denied"


def test_a_drop_in_adds_to_a_list() -> None:
    drop_in = {f"{ETC}/{NAME}.d/more.conf": "[Service]\nExecStartPost=/bin/true\n"}
    assert posts(drop_in) == ["-/sbin/augenrules --load", "/bin/true"]


def test_an_empty_assignment_takes_back_what_came_before() -> None:
    drop_in = {f"{ETC}/{NAME}.d/other.conf": "[Service]\nExecStartPost=\nExecStartPost=/bin/true\n"}
    assert posts(drop_in) == ["/bin/true"]


def test_a_dependency_cannot_be_taken_back() -> None:
    files = {
        f"{USR}/{NAME}": "[Unit]\nAfter=local-fs.target audit-rules.service\n",
        f"{ETC}/{NAME}.d/x.conf": "[Unit]\nAfter=\nAfter=time-sync.target\n",
    }
    assert read(files).names("After") == {"local-fs.target", "audit-rules.service", "time-sync.target"}


def test_drop_ins_are_read_by_name_whatever_their_folder() -> None:
    files = {
        f"{ETC}/{NAME}.d/10.conf": "[Service]\nExecStartPost=/bin/one\n",
        f"{USR}/{NAME}.d/20.conf": "[Service]\nExecStartPost=/bin/two\n",
        f"{USR}/service.d/15.conf": "[Service]\nExecStartPost=/bin/common\n",
    }
    assert posts(files)[1:] == ["/bin/one", "/bin/common", "/bin/two"]


def test_a_drop_in_hides_one_of_the_same_name() -> None:
    files = {
        f"{ETC}/{NAME}.d/x.conf": "[Service]\nExecStartPost=/bin/mine\n",
        f"{USR}/{NAME}.d/x.conf": "[Service]\nExecStartPost=/bin/theirs\n",
        f"{ETC}/service.d/x.conf": "[Service]\nExecStartPost=/bin/common\n",
    }
    assert posts(files)[1:] == ["/bin/mine"]


def test_a_masked_drop_in_says_nothing() -> None:
    theirs = {f"{USR}/{NAME}.d/x.conf": "[Service]\nExecStartPost=\n"}
    assert posts(theirs) == []
    assert posts(theirs, {f"{ETC}/{NAME}.d/x.conf": "/dev/null"}) == ["-/sbin/augenrules --load"]


def test_the_folders_of_drop_ins() -> None:
    assert drop_in_folders("audit-rules.service") == ("audit-rules.service.d", "audit-.service.d", "service.d")


SAYS_NOTHING = {
    "a comment": "[Service]\n#ExecStartPost=/bin/x\n;ExecStartPost=/bin/x\n",
    "another section": "[Unit]\nExecStartPost=/bin/x\n[X-Mine]\nExecStartPost=/bin/x\n",
    "no section": "ExecStartPost=/bin/x\n",
    "no equals sign": "[Service]\nExecStartPost /bin/x\n",
    "no conf file": "",
}


@pytest.mark.parametrize("content", SAYS_NOTHING.values(), ids=SAYS_NOTHING)
def test_a_drop_in_says_nothing_with(content: str) -> None:
    assert posts({f"{ETC}/{NAME}.d/x.conf": content}) == ["-/sbin/augenrules --load"]


def test_a_line_goes_on_after_a_backslash_and_over_comments() -> None:
    assert commands("/bin/x \\\n# not this\n  one \\\ntwo") == [ExecCommand(("/bin/x", "one", "two"))]


def test_a_backslash_at_the_end_of_a_file_ends_the_line() -> None:
    found = read({f"{USR}/{NAME}": "[Service]\nExecStart=/bin/x \\"})
    assert list(found.commands("ExecStart")) == [ExecCommand(("/bin/x",))]


COMMANDS: dict[str, tuple[str, list[ExecCommand]]] = {
    "words": ("/bin/x  -a b", [ExecCommand(("/bin/x", "-a", "b"))]),
    "a failure that counts not": ("-/bin/x", [ExecCommand(("/bin/x",), ignored=True)]),
    "all prefixes": ("+-!!:/bin/x", [ExecCommand(("/bin/x",), ignored=True, privileged=True)]),
    "another name for itself": ("@/bin/x y z", [ExecCommand(("/bin/x", "z"))]),
    "quotes": ("/bin/sh -c 'a b' \"c d\"", [ExecCommand(("/bin/sh", "-c", "a b", "c d"))]),
    "several": ("/bin/x 1 ; -/bin/y ;", [ExecCommand(("/bin/x", "1")), ExecCommand(("/bin/y",), ignored=True)]),
}


@pytest.mark.parametrize(("line", "said"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_line_has(line: str, said: list[ExecCommand]) -> None:
    assert commands(line) == said


def test_a_quote_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(UndeterminedError) as raised:
        commands("/bin/sh -c 'a")
    assert str(raised.value) == "auditd.service: ExecStart=/bin/sh -c 'a: No closing quotation"


WANTS = "multi-user.target.wants"


def test_links_in_folders_of_dependencies_want_a_unit() -> None:
    links = {
        f"{ETC}/{WANTS}/{NAME}": f"{USR}/{NAME}",
        f"{USR}/sysinit.target.requires/{NAME}": f"../{NAME}",
        f"{ETC}/{WANTS}/other.service": f"{USR}/other.service",
        f"{ETC}/deeper/x.target.wants/{NAME}": f"{USR}/{NAME}",
        f"{ETC}/{NAME}": f"{USR}/{NAME}",
    }
    assert wanted_by(NAME, units({}, links)) == ("multi-user.target", "sysinit.target")


def test_a_link_to_nothing_takes_a_packages_wish_back() -> None:
    links = {f"{USR}/{WANTS}/{NAME}": f"../{NAME}", f"{ETC}/{WANTS}/{NAME}": "/dev/null"}
    assert wanted_by(NAME, units({}, links)) == ()


def test_the_default_target_is_the_first_links() -> None:
    links = {f"{USR}/default.target": "graphical.target"}
    assert default_target(units({})) == ""
    assert default_target(units({}, links)) == "graphical.target"
    assert default_target(units({}, {**links, f"{ETC}/default.target": f"{USR}/rescue.target"})) == "rescue.target"


# Conditions, the kernel's command line, and the one that does not hold.
CONDITIONS: tuple[tuple[str, str, str], ...] = (
    ("", "audit=0", ""),
    ("ConditionKernelCommandLine=!audit=0", "quiet", ""),
    ("ConditionKernelCommandLine=!audit=0", "quiet audit=0", "ConditionKernelCommandLine=!audit=0"),
    ("ConditionKernelCommandLine=!audit=0", "audit=01 xaudit=0", ""),
    ("ConditionKernelCommandLine=audit", "audit=1", ""),
    ("ConditionKernelCommandLine=audit", "audit", ""),
    ("ConditionKernelCommandLine=audit", "auditor=1", "ConditionKernelCommandLine=audit"),
    ("AssertKernelCommandLine=audit=1", "", "AssertKernelCommandLine=audit=1"),
    ("ConditionKernelCommandLine=|a\nConditionKernelCommandLine=|b", "b", ""),
    ("ConditionKernelCommandLine=|a\nConditionKernelCommandLine=|!b", "b", "ConditionKernelCommandLine=|a"),
    ("ConditionKernelCommandLine=a\nConditionKernelCommandLine=|b", "b", "ConditionKernelCommandLine=a"),
    ("ConditionKernelCommandLine=a\nConditionSecurity=", "", ""),
    ("ConditionVirtualization=!container\nConditionSecurity=audit", "", ""),
)


@pytest.mark.parametrize(("lines", "cmdline", "said"), CONDITIONS)
def test_a_condition_is_met_or_named(lines: str, cmdline: str, said: str) -> None:
    assert unmet_condition(read({f"{USR}/{NAME}": f"[Unit]\n{lines}\n"}), cmdline.split()) == said


@pytest.mark.parametrize("line", ["PathExists=/etc/x", "Virtualization=vm", "KernelCommandLine=!"])
def test_a_condition_that_cannot_be_decided_is_an_error(line: str) -> None:
    with pytest.raises(UndeterminedError) as raised:
        unmet_condition(read({f"{USR}/{NAME}": f"[Unit]\nCondition{line}\n"}), ())
    assert str(raised.value) == f"auditd.service: whether Condition{line} holds is not known"

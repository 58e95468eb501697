"""AIDE's configuration. Which rule is for a file was compared with `aide --path-check` of AIDE 0.18.3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.model.collected import File
from auditrules.benchmarks.configuration.aide import AideAnswer, read_aide
from auditrules.benchmarks.configuration.aide_rules import AideFile, AideInclude, AideLookup, AideRules
from auditrules.benchmarks.configuration.aide_selection import Selected, rule_for

CONF = "/etc/aide/aide.conf"
TOOL = "/usr/sbin/auditctl"
NEEDED = "p+i+n+u+g+s+b+acl+xattrs+sha512"


def rules(
    content: str | bytes,
    included: Mapping[str, Sequence[File]] = {},
    there: Sequence[str] = (),
    packaged: Sequence[str] = (),
) -> AideRules:
    """Read a configuration, with the files that each path or folder gives."""
    text = content if isinstance(content, bytes) else content.encode()
    reading = read_aide(File(CONF, text, mode=0o600))
    answer: AideAnswer = None
    while True:
        try:
            wish = reading.send(answer)
        except StopIteration as stop:
            found: AideRules = stop.value
            return found
        match wish:
            case AideInclude():
                answer = [AideFile(file, file.path.rpartition("/")[2] in packaged) for file in included[wish.path]]
            case AideLookup():
                answer = wish.path in there


def found(content: str, path: str = TOOL) -> Selected:
    read = rules(content)
    assert read.unclear == ()
    return rule_for(read.rules, path)


@pytest.mark.parametrize(
    ("content", "attributes"),
    [
        (f"{TOOL} {NEEDED}", NEEDED),
        (f"{TOOL}\t{NEEDED}", NEEDED),
        (f"{TOOL}  p + i", "p+i"),
        (f"  {TOOL} p", "p"),
        (f"Tools = {NEEDED}\n{TOOL} Tools", NEEDED),
        ("A=p+i\nB = A+u-p\n/usr B", "i+u"),
        ("A = p\nA = i\n/usr A", "i"),
        ("/usr/sbin R-m-c", "p+ftype+i+n+u+g+s+l+acl+selinux+xattrs+e2fsattrs+caps"),
        ("/usr/sbin H", "sha256+sha512"),
        ("/usr/sbin X", "acl+selinux+xattrs+e2fsattrs+caps"),
        ("/usr/sbin E", ""),
        ("/usr/sbin f p", "p"),
        ("/usr/sbin f,l p", "p"),
        ("/usr/sbin 0 p", "p"),
        ("/usr/sbin/audit(ctl|d)$ p", "p"),
        ("/usr/.*ctl$ p", "p"),
        ("/ p", "p"),
        ("@@define D /usr\n@@define T sbin\n/@@{none}usr/@@{T} p", "p"),
        # The rule of the deepest folder counts, and of these the first.
        (f"/usr p\n{TOOL} i", "i"),
        ("/usr/sbin p\n/usr/sbin/ i", "i"),
        ("/usr p\n/usr i", "p"),
        ("=/usr/sbin/auditctl p\n/usr/sbin/auditctl i", "p"),
        ("/ p\n=/usr i", "p"),
        ("@@ifdef D\n/usr p\n@@else\n/usr i\n@@endif", "i"),
        ("@@define D\n@@ifdef D\n/usr p\n@@else\n/usr i\n@@endif", "p"),
        ("@@define D x\n@@undef D\n@@ifndef D\n/usr p\n@@endif", "p"),
        ("@@if not defined D\n@@ifdef D\n/usr i\n@@else\n/usr p\n@@endif\n@@endif", "p"),
        ("@@ifdef D\n@@ifndef D\n/usr i\n@@endif\n@@else\n/usr p\n@@endif", "p"),
        # Other rules, other lines.
        ("!/usr/bin\n/usr p", "p"),
        ("!/usr/sbin/auditctl d\n/usr p", "p"),
        ("database_in=file:/x\ngzip_dbout=yes\nverbose=5\ndatabase=file:/y\n/usr p", "p"),
        ("# /usr i\n\n#\n/usr p\r\n", "p"),
        ("@@x_include_setenv A b\n/usr p", "p"),
    ],
)
def test_a_file_is_checked(content: str, attributes: str) -> None:
    chosen = found(content)
    assert not chosen.left_out
    assert chosen.rule is not None
    assert chosen.rule.attributes == {*filter(None, attributes.split("+"))}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "/usr/sbin/auditd p",
        "/sbin/auditctl p",  # a link on merged systems: the file is elsewhere
        "/usr/sbin$ p",
        "/usr/sbin d p",
        "=/usr p",
        "/usr/sbin/auditctl2 p",
        "/opt/usr/sbin p",
    ],
)
def test_a_file_that_no_rule_is_for(content: str) -> None:
    assert found(content) == Selected()


@pytest.mark.parametrize(
    "content",
    [f"!{TOOL}\n{TOOL} p", "/usr p\n!/usr/sbin", "/usr p\n!/usr/sbin/.*", "/usr p\n-/usr/sbin/auditctl$", "!/ f\n/ p"],
)
def test_a_rule_that_leaves_out_wins_wherever_it_stands(content: str) -> None:
    assert found(content).left_out


@pytest.mark.parametrize("sign", ["!", "-"])
def test_whether_a_folder_that_is_left_out_takes_its_files_along_is_not_known(sign: str) -> None:
    assert found(f"/usr p\n{sign}/usr/sbin$").unclear


@pytest.mark.parametrize(
    "expression",
    [
        *("/usr/(?i)sbin", "/usr/sbin/(a+)+$", "/usr/sbin/a(?=x)", r"/usr/\Qsbin", "/usr/sbin/[[:graph:]]+", "/usr/("),
        *("/usr/sbin/a*+", r"/usr/\x73bin", "/usr/.*.*.*.*.*", "/usr/(*UCP)s", "/usr/s{2}{3}", "/usr/(s?){9}"),
    ],
)
def test_an_expression_that_python_may_take_otherwise_is_not_known(expression: str) -> None:
    chosen = rule_for(rules(f"{expression} p\n").rules, TOOL)
    assert chosen.unclear.startswith(f"{CONF}, line 1: whether '")


@pytest.mark.parametrize(
    "expression",
    [
        *("/usr/[[:alpha:]]{4}/", "/usr/sbin/([[:alnum:]]{8})?", "/usr/([a-z]{4}/){1}", "/usr/sbin/[^/\\.]+$"),
        *("/(usr|opt)/sbin/a[t-z]ditctl", "/usr/sbin/audit(?:ctl|d)$"),
    ],
)
def test_an_expression_that_both_take_alike(expression: str) -> None:
    assert found(f"{expression} p").rule is not None


def test_an_expression_of_another_folder_does_not_matter() -> None:
    assert found("/opt/(?i)x p\n/usr p").rule is not None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/usr p+nothing", "the group nothing is not defined"),
        ("A = p+B", "the group B is not defined"),
        ("/usr", "expected attributes after the path"),
        ("/usr p+", "expected attributes, found 'p+'"),
        ("/usr p # x", "expected attributes, found 'p # x'"),
        ("usr p", "expected a rule, a group or an option, found 'usr p'"),
        ("root_prefix=/mnt", "expected a rule, a group or an option, found 'root_prefix=/mnt'"),
        ("@@include /etc/@@{HOSTNAME}", "expected to include a path without a prefix for rules"),
        ("@@endif", "expected an @@if before @@endif"),
        ("@@include relative", "expected to include a path without a prefix for rules, found 'relative'"),
        ("@@include /a b /c", "expected to include a path without a prefix"),
        ("@@unknown", "expected a rule"),
        ("\x1b[1m", "expected a rule, a group or an option, found '\\x1b[1m'"),
    ],
)
def test_a_line_that_is_not_clear_is_told(line: str, why: str) -> None:
    (unclear,) = rules(line).unclear
    assert unclear.startswith(f"{CONF}, line 1: ")
    assert why in unclear


# What is not known of other folders does not matter, and of this one it does.
@pytest.mark.parametrize(
    ("content", "clear"),
    [
        ("@@ifhost web\n/opt i\n@@else\n/srv i\n@@endif\n/usr p", True),
        ("@@ifhost web\n/usr/sbin i\n@@endif\n/usr p", False),
        ("@@ifhost web\n!/usr/sbin\n@@endif\n/usr p", False),
        ("@@ifhost web\nA = p\n@@endif\n/usr A", False),
        ("@@ifhost web\n@@define D usr\n@@endif\n/@@{D}/sbin p\n/usr p", False),
        ("@@ifhost web\n@@define D usr\n@@endif\n/opt/@@{D} i\n/usr p", True),
        ("@@if @@{AIDE_VERSION} version_ge 0.18\n/usr/sbin i\n@@endif\n/usr p", False),
        ("/home/@@{HOSTNAME} i\n/usr p", True),
        ("!/@@{HOSTNAME}/auditctl\n/usr p", False),
        ("!/@@{HOSTNAME}/dockerd\n/usr p", True),
        ("/usr/sbin f=ext4 i\n/usr p", False),
    ],
)
def test_what_is_not_known(content: str, clear: bool) -> None:
    assert bool(found(content).unclear) is not clear


def test_a_condition_on_a_path_is_looked_at() -> None:
    content = "@@if exists /etc/x\n/usr p\n@@else\n/usr i\n@@endif\n"
    assert [each.attributes for each in rules(content, there=["/etc/x"]).rules] == [{"p"}]
    assert [each.attributes for each in rules(content).rules] == [{"i"}]


def part(name: str, content: str, mode: int = 0o644) -> File:
    return File(f"/etc/aide/aide.conf.d/{name}", content.encode(), mode=mode)


def test_an_included_file_stands_in_its_place() -> None:
    read = rules("A = p\n@@include /x\n/usr A\n", {"/x": [part("x", "A = i\n")]})
    assert read.rules[0].attributes == {"i"}


def test_files_of_a_folder_count_by_their_names() -> None:
    files = [part("10_a", "/usr p\n"), part("audit.conf", f"{TOOL} {NEEDED}\n")]
    read = rules("@@x_include /d ^[a-zA-Z0-9_-]+$\n", {"/d": files})
    assert [each.expression for each in read.rules] == ["/usr"]


def test_an_included_program_is_not_run() -> None:
    read = rules("@@x_include /d .*\n/usr p\n", {"/d": [part("a", "#!/bin/sh\n", 0o755)]})
    assert read.unclear == ("/etc/aide/aide.conf.d/a: AIDE would run it, and what it prints is not known",)


def test_what_a_program_of_the_package_prints_is_taken_to_concern_no_program_of_audit() -> None:
    files = [part("a", "#!/bin/sh\n", 0o755), part("b", "!/@@{RUN}/log\n@@ifdef X\n/usr/sbin i\n@@endif\n")]
    read = rules("/usr p\n@@x_include /d .*\n", {"/d": files}, packaged=["a"])
    assert (read.unclear, read.programs) == ((), 1)
    # It may have defined variables.
    assert [(each.expression, each.certain) for each in read.rules] == [
        ("/usr", True),
        ("/\0/log", True),
        ("/usr/sbin", False),
    ]


def test_a_program_that_is_only_included_is_text() -> None:
    assert rules("@@include /d .*\n", {"/d": [part("a", "/usr p\n", 0o755)]}).unclear == ()


def test_files_that_include_each_other_end() -> None:
    loop = File("/x", b"@@include /x\n", mode=0o644)
    assert rules("@@include /x\n", {"/x": [loop]}).unclear == ("/x: not read, as it is one of too many",)


def test_without_a_file_there_are_no_rules() -> None:
    with pytest.raises(StopIteration) as stop:
        next(read_aide(None))
    assert stop.value.value == AideRules()


@given(st.one_of(st.binary(), st.text(alphabet='/usr sbin!=@{}p+i-R\n#"\\$*').map(str.encode)))
def test_law_any_bytes_are_rules_or_unclear(content: bytes) -> None:
    if b"include" in content or b"exists" in content:
        return
    read = rules(content)
    chosen = rule_for(read.rules, TOOL)
    assert all(each.isprintable() for each in (*read.unclear, chosen.unclear))
    if chosen.rule is not None and not chosen.left_out:
        assert b"/" in content

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditrules.audit.auditctl.rules_file import lines
from auditrules.audit.boot.augenrules import (
    HEADER,
    IS_A_DIRECTORY,
    NO_SUCH_FILE,
    AugenrulesRun,
    Awk,
    Content,
    LineOrigin,
    MergedLine,
    MergedRules,
    SourceLine,
    Treatment,
    augenrules,
    merge,
)
from auditrules.audit.model.host_facts import DEFAULT_VERSION, Version

V4: Version = (4, 0, 5)
V42: Version = (4, 2, 1)


def merged(files: Mapping[str, Content], awk: Awk = Awk.MAWK, version: Version = DEFAULT_VERSION) -> MergedRules:
    return merge(files, awk, version)


def one(content: bytes, awk: Awk = Awk.MAWK, version: Version = DEFAULT_VERSION) -> list[bytes]:
    """The lines below the header that one file leads to."""
    head, *rest, end = merged({"a.rules": content}, awk, version).content.split(b"\n")
    assert (head, end) == (HEADER, b"")
    return rest


def became(files: Mapping[str, Content]) -> list[tuple[str, int, str, int | None]]:
    return [(each.origin.name, each.origin.line, each.treatment.value, each.number) for each in merged(files).became]


def test_controls_go_to_their_places_and_rules_keep_their_order() -> None:
    assert one(b"-w /b\n-e 2\n-f 2\n-w /a\n-b 9\n-D\n") == [b"-D", b"-b 9", b"-f 2", b"-w /b", b"-w /a", b"-e 2"]


def test_absent_controls_leave_empty_lines() -> None:
    assert one(b"-w /a\n") == [b"", b"", b"", b"-w /a", b""]


# What looks like a control counts as one, whatever else the line says.
TAKEN = ("-exit", "-e2", "-b8192", "-backlog", "-foo", "-b 8192 -w /x", "-D")
LEFT = ("-D -k x", "-Dx", "--backlog_wait_time 1", "--loginuid-immutable", "-i", "-c", "-r 5", "-w /a -e 2")


@pytest.mark.parametrize("line", TAKEN)
def test_a_line_that_begins_as_a_control_is_one(line: str) -> None:
    assert [each.treatment for each in merged({"a.rules": f"{line}\n".encode()}).became] == [Treatment.HOISTED]


@pytest.mark.parametrize("line", LEFT)
def test_other_lines_stay_in_place(line: str) -> None:
    assert one(f"{line}\n".encode()) == [b"", b"", b"", line.encode(), b""]


def test_each_line_says_what_became_of_it() -> None:
    files = {"a.rules": b"# c\n-b 1\n-w /a\n\n", "b.rules": b"-b 2\n-e 1\n-w /b\n"}
    assert became(files) == [
        ("a.rules", 1, "dropped", None),
        ("a.rules", 2, "replaced", None),
        ("a.rules", 3, "kept", 5),
        ("a.rules", 4, "dropped", None),
        ("b.rules", 1, "hoisted", 3),
        ("b.rules", 2, "hoisted", 7),
        ("b.rules", 3, "kept", 6),
    ]


def test_each_made_line_says_where_it_comes_from() -> None:
    assert merged({"a.rules": b"-w /a\n-e 1\n"}).lines == (
        MergedLine(1, HEADER),
        MergedLine(2, b""),
        MergedLine(3, b""),
        MergedLine(4, b""),
        MergedLine(5, b"-w /a", (LineOrigin("a.rules", 1),)),
        MergedLine(6, b"-e 1", (LineOrigin("a.rules", 2),)),
    )


def test_a_file_without_a_final_newline_swallows_the_next_ones_first_line() -> None:
    made = merged({"a.rules": b"-w /a", "b.rules": b"-w /b", "c.rules": b"\n-w /c\n"})
    origins = (LineOrigin("a.rules", 1), LineOrigin("b.rules", 1), LineOrigin("c.rules", 1))
    assert made.lines[4:6] == (
        MergedLine(5, b"-w /a-w /b", origins),
        MergedLine(6, b"-w /c", (LineOrigin("c.rules", 2),)),
    )


def test_a_comment_without_a_newline_drops_the_next_files_first_rule() -> None:
    files = {"a.rules": b"# end", "b.rules": b"-w /b\n-w /c\n"}
    assert became(files) == [
        ("a.rules", 1, "dropped", None),
        ("b.rules", 1, "dropped", None),
        ("b.rules", 2, "kept", 5),
    ]


def test_an_empty_file_neither_separates_nor_says_anything() -> None:
    made = merged({"a.rules": b"-w /a", "b.rules": b"", "c.rules": b"-w /c"})
    assert made.lines[4].origins == (LineOrigin("a.rules", 1), LineOrigin("c.rules", 1))


# A line, and what becomes of it with the awks that know \s and with those that take it for the letter s.
DIALECTS: tuple[tuple[bytes, str, str], ...] = (
    (b"\t# c", "dropped", "kept"),
    (b"  # c", "dropped", "kept"),
    (b" -e 2", "hoisted", "kept"),
    (b"\t-D", "hoisted", "kept"),
    (b"-D ", "hoisted", "kept"),
    (b"-D\r", "hoisted", "kept"),
    (b"\v-f 1", "hoisted", "kept"),
    (b"s# c", "kept", "dropped"),
    (b"ss-e 2", "kept", "hoisted"),
    (b"-Ds", "kept", "hoisted"),
    (b" ", "kept", "kept"),
    (b"\r", "kept", "kept"),
    (b"-w /s# c", "kept", "kept"),
)


@pytest.mark.parametrize(("line", "knowing", "literal"), DIALECTS, ids=repr)
def test_white_space_is_what_the_awk_takes_for_it(line: bytes, knowing: str, literal: str) -> None:
    said = {awk: merged({"a.rules": line + b"\n"}, awk).became[0].treatment.value for awk in Awk}
    assert said == {Awk.GAWK: knowing, Awk.BUSYBOX: knowing, Awk.MAWK: literal, Awk.ORIGINAL: literal}


NULS = {
    Awk.MAWK: [b"", b"", b"", b"-w /a\0-D", b"-w /b", b""],
    Awk.GAWK: [b"", b"", b"", b"-w /a\0-D", b"-w /b", b""],
    Awk.BUSYBOX: [b"-D", b"", b"", b"-w /a", b"-w /b", b""],
    Awk.ORIGINAL: [b"", b"", b"", b"-w /a", b"-w /b", b""],
}


@pytest.mark.parametrize("awk", Awk)
def test_a_nul_is_what_the_awk_makes_of_it(awk: Awk) -> None:
    assert one(b"-w /a\0-D\n-w /b\n", awk) == NULS[awk]


@pytest.mark.parametrize(("version", "kept"), [((3, 0, 9), b"\r"), ((3, 1, 0), b"\r"), ((3, 1, 1), b""), (V4, b"")])
def test_the_end_of_a_dos_line_is_kept_until_audit_3_1_1(version: Version, kept: bytes) -> None:
    assert one(b"-w /a\r\n-e 1\r\n", version=version) == [b"", b"", b"", b"-w /a" + kept, b"-e 1" + kept]


def test_one_cr_is_taken_off_and_a_line_of_nothing_else_is_blank() -> None:
    assert one(b"\r\n-w /a\r\r\n", version=V4) == [b"", b"", b"", b"-w /a\r", b""]


def test_files_come_in_version_order() -> None:
    files = {f"{name}.rules": f"-w /{name}\n".encode() for name in ("b", "10", "9", "B")}
    assert merged(files).content.split(b"\n")[4:-2] == [b"-w /9", b"-w /10", b"-w /B", b"-w /b"]


SPACED: dict[str, Content] = {"my file.rules": b"-w /spaced\n", "ok.rules": b"-w /ok\n"}


def test_a_name_with_a_space_is_two_names_to_older_scripts() -> None:
    made = merged(SPACED)
    assert made.lines[4:-1] == (MergedLine(5, b"-w /ok", (LineOrigin("ok.rules", 1),)),)
    assert made.complaints == (("my", NO_SUCH_FILE), ("file.rules", NO_SUCH_FILE))
    assert made.lost == ("my file.rules",)


def test_a_word_of_such_a_name_may_be_another_file() -> None:
    made = merged({"a ok.rules": b"-w /spaced\n", "ok.rules": b"-w /ok\n"})
    assert [line.text for line in made.lines[4:-1]] == [b"-w /ok", b"-w /ok"]


def test_a_name_with_a_newline_is_two_lines_of_which_grep_takes_those_that_end_as_rules_do() -> None:
    assert merged({"a\nb.rules": b"-w /a\n"}).complaints == (("b.rules", NO_SUCH_FILE),)


def test_a_name_with_a_space_is_one_name_from_audit_4_2() -> None:
    made = merged(SPACED, version=V42)
    assert [line.text for line in made.lines[4:-1]] == [b"-w /spaced", b"-w /ok"]
    assert (made.complaints, made.lost) == ((), ())


def test_what_is_no_file_is_left_out_with_a_complaint() -> None:
    files: dict[str, Content] = {"a.rules": IS_A_DIRECTORY, "b.rules": NO_SUCH_FILE, "c.rules": b"-w /c\n"}
    assert merged(files).complaints == (("a.rules", "Is a directory"), ("b.rules", "No such file or directory"))
    assert merged(files, version=V42).complaints == (("a.rules", "Is a directory"),)
    assert merged(files).content == merged(files, version=V42).content == merged({"c.rules": b"-w /c\n"}).content


def test_numbers_are_those_of_auditctl_which_splits_long_lines() -> None:
    long = b"-w /" + b"a" * 13_000
    made = merged({"a.rules": b"# " + b"c" * 7_000 + b"\n" + long + b"\n-w /b\n"})
    assert [(line.number, line.origins) for line in made.lines[4:6]] == [
        (5, (LineOrigin("a.rules", 3),)),
        (8, (LineOrigin("a.rules", 6),)),
    ]
    for number, text in lines(made.content):
        assert text.encode() in made.at(number).text


def test_a_number_beyond_the_file_has_no_line() -> None:
    with pytest.raises(IndexError) as raised:
        merged({}).at(6)
    assert str(raised.value) == "expected one of the 5 lines that augenrules made, found line 6"


FILES: dict[str, Content] = {"a.rules": b"-w /a\n"}
MADE = merged(FILES)
OLD = b"-w /old\n"
SAYS = "/usr/sbin/augenrules: "
RUNS: dict[str, tuple[list[str], dict[str, Content] | None, bytes | None, AugenrulesRun]] = {
    "writes": ([], FILES, OLD, AugenrulesRun(MADE.content, "", 0, MADE, written=True)),
    "writes and loads": (
        ["--load"],
        FILES,
        None,
        AugenrulesRun(MADE.content, "", None, MADE, written=True, loads=True),
    ),
    "no change": ([], FILES, MADE.content, AugenrulesRun(MADE.content, SAYS + "No change", 0, MADE)),
    "no change, and loads": (
        ["--load"],
        FILES,
        MADE.content,
        AugenrulesRun(MADE.content, SAYS + "No change", None, MADE, loads=True),
    ),
    "looks": (["--check"], FILES, OLD, AugenrulesRun(OLD, SAYS + "Rules have changed and should be updated", 0, MADE)),
    "looks, and would load": (
        ["--load", "--check"],
        FILES,
        OLD,
        AugenrulesRun(OLD, SAYS + "Rules have changed and should be updated", 0, MADE),
    ),
    "no folder": ([], None, OLD, AugenrulesRun(OLD, SAYS + "No rules directory - /etc/audit/rules.d", 1)),
    "no folder, and loads": (
        ["--load"],
        None,
        OLD,
        AugenrulesRun(OLD, SAYS + "No rules directory - /etc/audit/rules.d", 1, loads=True),
    ),
    "misused": (["--foo"], FILES, OLD, AugenrulesRun(OLD, "Usage: /usr/sbin/augenrules [--check|--load]", 1)),
}


@pytest.mark.parametrize(("arguments", "files", "existing", "done"), RUNS.values(), ids=RUNS)
def test_a_run_of_the_script(
    arguments: list[str], files: dict[str, Content] | None, existing: bytes | None, done: AugenrulesRun
) -> None:
    assert augenrules(arguments, files, existing, Awk.MAWK, DEFAULT_VERSION) == done


def test_a_folder_without_files_replaces_the_old_rules() -> None:
    assert augenrules([], {}, OLD, Awk.MAWK, DEFAULT_VERSION).content == HEADER + b"\n\n\n\n\n"


def test_a_line_that_becomes_nothing_has_no_number() -> None:
    assert merged({"a.rules": b"#\n"}).became == (SourceLine(LineOrigin("a.rules", 1), Treatment.DROPPED),)

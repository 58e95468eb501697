"""Links among the rules that a command line names: who fills a folder may be somebody else than who names it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from auditrules.cli.command import Problem
from auditrules.cli.rules_input import rules_input
from tests.cli.ran import ran

HASHES = "root:$6$salt$hash:19000:0:99999:7:::\n"
WATCH = b"-w /etc/passwd -p wa -k id\n"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What is on the machine, outside of the image."""
    made = tmp_path / "shadow"
    made.write_text(HASHES)
    return made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = tmp_path / "image"
    (made / "etc/audit/rules.d").mkdir(parents=True)
    (made / "usr/share").mkdir(parents=True)
    (made / "usr/share/id.rules").write_bytes(WATCH)
    return made


def only_file(folder: Path, root: str = "") -> tuple[bytes | None, str]:
    (file,) = rules_input(str(folder), root).files
    return file.content, file.error


@pytest.mark.parametrize("with_root", [False, True])
@pytest.mark.parametrize("relative", [False, True])
def test_a_link_in_a_folder_leads_to_no_file_outside(
    image: Path, outside: Path, *, relative: bool, with_root: bool
) -> None:
    folder = image / "etc/audit/rules.d"
    (folder / "10.rules").symlink_to("../../../../shadow" if relative else outside)
    content, error = only_file(folder, str(image) if with_root else "")
    assert (content, bool(error)) == (None, True)


@pytest.mark.parametrize(
    "command",
    [["lint"], ["check", "--at", "boot", "--rules"], ["coverage", "/etc/passwd", "--rules"], ["rules", "--minimise"]],
)
def test_no_command_shows_what_a_link_leads_to_outside(image: Path, outside: Path, command: list[str]) -> None:
    folder = image / "etc/audit/rules.d"
    (folder / "10.rules").symlink_to(outside)
    code, out, err = ran(*command, str(folder), "--root", str(image))
    assert (code == 0, "$6$" in out + err) == (False, False)


def test_a_link_that_leads_out_is_told_with_what_to_do(image: Path, outside: Path) -> None:
    folder = image / "etc/audit/rules.d"
    (folder / "10.rules").symlink_to(outside)
    assert only_file(folder)[1] == (
        f"it is a link to {outside}, out of the folder, which is not followed: put the file itself there, or name the "
        "root folder of the image that both are in as --root DIR"
    )


@pytest.mark.parametrize("target", ["/usr/share/id.rules", "../../../usr/share/id.rules"])
def test_with_a_root_a_link_leads_where_it_does_in_the_image(image: Path, target: str) -> None:
    folder = image / "etc/audit/rules.d"
    (folder / "10.rules").symlink_to(target)
    assert only_file(folder, str(image)) == (WATCH, "")


def test_a_link_inside_of_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/id").write_bytes(WATCH)
    (tmp_path / "10.rules").symlink_to("shared/id")
    assert only_file(tmp_path) == (WATCH, "")


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "10.rules").symlink_to("none")
    assert only_file(tmp_path) == (None, "No such file or directory")


@pytest.mark.parametrize("name", ["etc/audit/rules.d", "etc/audit/rules.d/10.rules"])
def test_a_path_below_the_root_that_leads_out_of_it_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "host/audit/rules.d").mkdir(parents=True)
    (tmp_path / "host/audit/rules.d/10.rules").write_bytes(WATCH)
    (tmp_path / "image/etc").mkdir(parents=True)
    (tmp_path / "image/etc/audit").symlink_to(tmp_path / "host/audit")
    root = str(tmp_path / "image")
    with pytest.raises(Problem, match="a link leads out of --root"):
        rules_input(f"{root}/{name}", root)


def test_a_file_that_somebody_names_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(WATCH)
    (tmp_path / "a.rules").symlink_to("real")
    (file,) = rules_input(str(tmp_path / "a.rules")).files
    assert file.content == WATCH


@pytest.mark.parametrize(
    "command", [["check", "--at", "boot", "--rules"], ["coverage", "/etc/passwd", "--rules"], ["rules", "--minimise"]]
)
def test_rules_of_which_a_file_cannot_be_read_are_not_judged(tmp_path: Path, command: list[str]) -> None:
    folder = tmp_path / "rules.d"
    folder.mkdir()
    (folder / "10.rules").write_bytes(WATCH)
    (folder / "20.rules").symlink_to("none")
    said = f"auditrules: cannot read {folder}/20.rules: No such file or directory\n"
    assert ran(*command, str(folder)) == (2, "", said)


def test_a_socket_is_called_one(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
        with pytest.raises(Problem, match="expected a regular file, found a socket"):
            rules_input(str(tmp_path / "s"))


def test_a_file_that_is_written_and_dated_back_while_it_is_read_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.rules"
    file.write_bytes(WATCH)
    moments = iter([0, 1])
    real = os.fstat

    def fstat(number: int) -> object:
        found = real(number)
        parts = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**{**parts, "st_ctime_ns": next(moments)})

    monkeypatch.setattr("auditrules.cli.rules_input.os.fstat", fstat)
    with pytest.raises(Problem, match="it changed while it was read"):
        rules_input(str(file))


@pytest.mark.parametrize("command", [["diff", "-"], ["check", "--root", "/", "--rules"], ["rules", "--minimise"]])
def test_utf_16_is_named_where_no_line_of_it_is_loaded(tmp_path: Path, command: list[str]) -> None:
    file, other = tmp_path / "a.rules", tmp_path / "b.rules"
    file.write_bytes(WATCH.decode().encode("utf-16"))
    other.write_bytes(WATCH)
    words = [str(other) if each == "-" else each for each in command]
    if "check" in words:
        words = [*words[:-1], "--control", "1.2.3", words[-1]]
    _, out, err = ran(*words, str(file))
    assert f"{file}: the file is in UTF-16" in out + err


def test_a_name_with_a_newline_is_told_in_one_line(tmp_path: Path) -> None:
    code, out, err = ran("lint", f"{tmp_path}/no\nsuch\x1b[1m")
    assert (code, out) == (2, "")
    assert err == f"auditrules: cannot read {tmp_path}/no\\x0asuch\\x1b[1m: No such file or directory\n"

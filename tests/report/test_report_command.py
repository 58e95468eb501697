"""The command `auditrules report`: what it asks for, prints, writes and exits with."""

from __future__ import annotations

import gc
import io
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditrules.benchmarks import BENCHMARKS
from auditrules.cli.atomic_file import AtomicFile
from auditrules.cli.command import Problem
from auditrules.cli.entry import main
from tests.report.logs import NOON, row, snapshot, write
from tests.sampled import numbered, sampled

UNTIL = "2026-11-23T12:00"
NAMES = ", ".join(dict.fromkeys(each.short_name for each in BENCHMARKS))


def run(*arguments: str | Path) -> tuple[int, str, str]:
    stdout, stderr = io.StringIO(), io.StringIO()
    code = main(["report", *map(str, arguments)], stdout=stdout, stderr=stderr)
    return code, stdout.getvalue(), stderr.getvalue()


def log(folder: Path, *statuses: str) -> Path:
    lines = [snapshot(f"h{number}", NOON - 60, row(status)) for number, status in enumerate(statuses)]
    return write(folder / "osqueryd.snapshots.log", lines)


def test_a_report_is_a_summary_by_default(tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass", "fail"), "--until", UNTIL)
    assert (code, err) == (0, "")
    assert out.startswith("auditrules report 0.1.0\n")
    assert "1 of 2 pass" in out


@pytest.mark.parametrize("form", ["json", "csv", "ocsf", "junit", "oscal"])
def test_a_report_is_written_in_every_form(form: str, tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass", "fail"), "--until", UNTIL, "--format", form)
    assert (code, err) == (0, "")
    assert "1.2.3" in out


PROGRAM = Path(sys.executable).with_name("auditrules")


@pytest.mark.parametrize("closed", ["<&-", "</dev/null"])
def test_a_standard_input_that_holds_nothing_is_told(closed: str) -> None:
    found = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" report - {closed}', str(PROGRAM)], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (2, "", 1)
    assert found.stderr.startswith("auditrules: no verdict was found")


def test_results_that_are_all_later_are_told_with_a_time_to_ask_for(tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass", "fail"), "--until", "2026-11-01")
    assert (code, out) == (2, "")
    assert err == (
        "auditrules: no result is of 2026-11-01 00:00 UTC or before: 2 verdicts are later, the first of "
        "2026-11-23 11:59 UTC: give a later --until, such as 2026-11-23T11:59\n"
    )
    assert run(tmp_path, "--until", "2026-11-23T11:59")[0] == 0


def test_results_that_are_all_later_are_told_where_an_inventory_has_hosts(tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text("host\nh0\n")
    code, out, _ = run(log(tmp_path, "pass"), "--until", "2026-11-01", "--inventory", tmp_path / "hosts.csv")
    assert code == 0
    assert "no result is of 2026-11-01 00:00 UTC or before: 1 verdict is later" in out


def test_results_that_are_all_old_are_told_with_a_time_to_ask_for(tmp_path: Path) -> None:
    _, out, _ = run(log(tmp_path, "pass"), "--until", "2026-11-30")
    note = (
        "every result is older than 26 hours and counts as unknown, the last is of 2026-11-23 11:59 UTC: for what was "
        "known then, give --until 2026-11-23T11:59"
    )
    assert note in " ".join(out.split())
    assert "every result is older" not in run(tmp_path, "--until", "2026-11-23T11:59")[1]


def test_a_column_that_is_nowhere_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text("host,site\nh0,x\n")
    asked = (log(tmp_path, "pass"), "--until", UNTIL, "--group-by", "nocol", "--inventory", tmp_path / "hosts.csv")
    code, out, err = run(*asked)
    assert (code, out) == (2, "")
    assert err == (
        "auditrules: expected a decoration of the logs or a column of the inventory for --group-by (host, host_uuid, "
        "hostname, site), found nocol\n"
    )


def test_a_folder_without_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty" / "below").mkdir(parents=True)
    assert run(tmp_path / "empty")[::2] == (2, f"auditrules: expected logs, found no file in {tmp_path / 'empty'}\n")


def test_a_control_of_another_version_is_told_with_the_benchmarks_that_have_it(tmp_path: Path) -> None:
    code, _, err = run(log(tmp_path, "pass"), "--benchmark", "cis-docker:1.2.0", "--control", "1.1.18")
    assert code == 2
    assert "found 1.1.18, which is of CIS Docker Benchmark 1.3.1, CIS Docker Benchmark 1.5.0, " in err


@pytest.mark.parametrize("path", ["log", "nothing"])
def test_whoever_collects_garbage_still_does_afterwards(path: str, tmp_path: Path) -> None:
    log(tmp_path, "pass")
    run(tmp_path / path)
    assert gc.isenabled()


def test_a_page_is_written_beside_what_is_printed(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, err = run(log(tmp_path, "pass"), "--until", UNTIL, "--html", page)
    assert (code, out[:10], err) == (0, "auditrules", "")
    assert page.read_text().startswith("<!DOCTYPE html>")


def test_a_page_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old", encoding="utf-8")
    assert run(log(tmp_path, "pass"), "--until", UNTIL, "--html", page)[0] == 0
    assert page.read_text().startswith("<!DOCTYPE html>")


@pytest.fixture
def umask() -> Iterator[None]:
    """Let the group read, and nobody else."""
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_a_page_has_the_mode_that_the_umask_leaves(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    AtomicFile(str(page)).write("page")
    assert stat.S_IMODE(page.stat().st_mode) == 0o640


def test_nothing_but_the_page_is_left_in_its_folder(tmp_path: Path) -> None:
    AtomicFile(str(tmp_path / "report.html")).write("page")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    place = AtomicFile(str(tmp_path / "report.html"))
    (tmp_path / "report.html").mkdir()
    with pytest.raises(Problem, match=r"report\.html: cannot write the page: Is a directory"):
        place.write("page")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_page_that_nobody_waits_for_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        AtomicFile(str(tmp_path / "report.html")).write("page")
    assert list(tmp_path.iterdir()) == []


def test_a_link_of_the_name_that_is_written_first_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditrules.cli.atomic_file.secrets.token_hex", lambda _: "0")
    other = tmp_path / "other"
    (tmp_path / ".auditrules-0.new").symlink_to(other)
    with pytest.raises(Problem, match=r"cannot write the page: File exists"):
        AtomicFile(str(tmp_path / "report.html")).write("page")
    assert not other.exists()


def test_a_page_takes_the_place_of_no_link_device_pipe_or_socket(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "socket"))
    found = []
    for place in (tmp_path / "link", tmp_path / "pipe", tmp_path / "socket", Path("/dev/full")):
        with pytest.raises(Problem) as raised:
            AtomicFile(str(place))
        found.append(str(raised.value).removeprefix(f"{place}: expected a regular file for the page, or none yet, "))
    assert found == ["found a symbolic link", "found a pipe", "found a socket", "found a device"]


# Statuses of hosts, --fail-on, and the exit code.
CODES = [
    (("pass",), "fail,unknown", 0),
    (("pass", "fail", "unknown"), "", 0),
    (("pass", "fail", "unknown"), "fail", 1),
    (("pass", "fail", "unknown"), "unknown", 3),
    (("pass", "fail", "unknown"), "unknown,fail", 1),
    (("pass", "unknown"), "fail", 0),
    (("pass", "unknown"), "fail,unknown", 3),
    (("not_applicable",), "fail,unknown", 0),
]


@sampled(("statuses", "fail_on", "code"), numbered(CODES), one_in=3)
def test_the_exit_code_is_what_was_asked_for(
    statuses: tuple[str, ...], fail_on: str, code: int, tmp_path: Path
) -> None:
    asked = ("--fail-on", fail_on) if fail_on else ()
    assert run(log(tmp_path, *statuses), "--until", UNTIL, *asked)[0] == code


@pytest.mark.parametrize(
    ("status", "fail_on", "code"),
    [("pass", "fail,unknown", 0), ("pass", "unread", 4), ("fail", "unread,fail", 1), ("unknown", "unread,unknown", 3)],
)
@pytest.mark.parametrize("unread", ["a line", pytest.param("a file", marks=pytest.mark.full)])
def test_a_pipeline_can_fail_on_what_could_not_be_read(
    unread: str, status: str, fail_on: str, code: int, tmp_path: Path
) -> None:
    logs = log(tmp_path, status)
    bad = write(tmp_path / "bad", ["{cut" if unread == "a line" else "\x01"])
    assert run(logs, bad, "--until", UNTIL, "--fail-on", fail_on)[0] == code


@sampled("status", numbered(["pass", "fail", "unknown"]), one_in=3)
def test_where_all_was_read_nothing_is_unread(status: str, tmp_path: Path) -> None:
    assert run(log(tmp_path, status), "--until", UNTIL, "--fail-on", "unread")[0] == 0


def test_without_until_a_log_of_long_ago_is_stale(tmp_path: Path) -> None:
    old = write(tmp_path / "log", [snapshot("a", 1_500_000_000, row())])
    assert run(old, "--fail-on", "unknown")[0] == 3


def test_a_waiver_lets_a_pipeline_pass(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        '[[waiver]]\nhosts = "h0*"\ncontrol = "*"\nreason = "r"\nowner = "o"\nexpires = 2026-11-23\n', encoding="utf-8"
    )
    logs = log(tmp_path, "fail")
    assert run(logs, "--until", UNTIL, "--fail-on", "fail", "--waivers", waivers)[0] == 0
    assert run(logs, "--until", "2026-11-24T00:00", "--fail-on", "fail", "--waivers", waivers)[0] == 1


def test_a_typo_in_a_waiver_is_told_and_the_report_is_made(tmp_path: Path) -> None:
    waivers = tmp_path / "waivers.toml"
    waivers.write_text('[[waiver]]\nhost = "h0"\n', encoding="utf-8")
    code, out, err = run(log(tmp_path, "fail"), "--until", UNTIL, "--waivers", waivers, "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["notes"][0] == (
        f"{waivers}, waiver 1: expected one of hosts, control, reason, owner, expires, found host (is hosts meant?): "
        "it waives nothing"
    )


def test_a_host_that_is_missing_is_unknown(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("host\nh0\nh9\n", encoding="utf-8")
    assert run(log(tmp_path, "pass"), "--until", UNTIL, "--inventory", hosts, "--fail-on", "unknown")[0] == 3


@pytest.mark.parametrize(
    "store", [(), ("--store", "s3a://bucket/store", "--engine", "spark")], ids=["none", "an address"]
)
def test_what_is_compacted_is_a_folder(store: tuple[str, ...], tmp_path: Path) -> None:
    assert run(*store, tmp_path, "--compact") == (
        2,
        "",
        "auditrules: expected --store with a folder beside --compact\n",
    )


def test_a_store_is_read_on(tmp_path: Path) -> None:
    logs, store = log(tmp_path, "pass"), tmp_path / "store"
    for lines in (1, 0):
        out = run(logs, "--until", UNTIL, "--store", store, "--format", "json")[1]
        assert json.loads(out)["reading"]["lines"] == lines


# What cannot be done, and the whole of what is said; LOG and FOLDER are paths.
PROBLEMS = {
    "nothing there": (
        ["FOLDER/nothing"],
        "auditrules: FOLDER/nothing: expected a file, a directory or a glob that matches one, found nothing\n",
    ),
    "an empty directory": (["FOLDER/empty"], "auditrules: expected logs, found no file in FOLDER/empty\n"),
    "another pack": (
        ["FOLDER/other"],
        "auditrules: no verdict was found in 1 line of 1 file: they are osquery's, and none is of a query of ours\n",
    ),
    "no such inventory": (["LOG", "--inventory", "FOLDER/x"], "auditrules: FOLDER/x: No such file or directory\n"),
    "no such waivers": (["LOG", "--waivers", "FOLDER/x"], "auditrules: FOLDER/x: No such file or directory\n"),
    "a page where none can be": (
        ["LOG", "--html", "FOLDER/x/y.html"],
        "auditrules: FOLDER/x/y.html: cannot write the page: No such file or directory\n",
    ),
    "a page that is a directory": (
        ["LOG", "--html", "FOLDER/empty"],
        "auditrules: FOLDER/empty: expected a regular file for the page, or none yet, found a directory\n",
    ),
    "a page below a file": (["LOG", "--html", "LOG/x"], "auditrules: LOG/x: cannot write the page: Not a directory\n"),
    "a page that is the root": (
        ["LOG", "--html", "/"],
        "auditrules: /: expected the name of a file for the page, found none\n",
    ),
    "a page that is the folder one is in": (
        ["LOG", "--html", "."],
        "auditrules: .: expected the name of a file for the page, found none\n",
    ),
    "a page with a slash at its end": (
        ["LOG", "--html", "FOLDER/x/"],
        "auditrules: FOLDER/x/: expected the name of a file for the page, found none\n",
    ),
    "a window that ends before it starts": (
        ["LOG", "--since", "2026-11-24"],
        (
            "auditrules: expected a time for --since that is not after --until, 2026-11-23T12:00:00Z, found "
            "2026-11-24T00:00:00Z\n"
        ),
    ),
    "an age that begins before there was time": (
        ["LOG", "--since", "999999999w"],
        "auditrules: expected a time in the years 1970 to 9999, or an age that begins there, found 999999999w\n",
    ),
    "a version that is none": (
        ["LOG", "--benchmark", "cis-docker:1.2.O"],
        (
            "auditrules: expected a version of CIS Docker Benchmark out of 1.2.0, 1.3.1, 1.5.0, 1.6.0, 1.7.0, 1.8.0, "
            "found '1.2.O'\n"
        ),
    ),
    "a version alone": (
        ["LOG", "--benchmark", "1.8.0"],
        (
            "auditrules: expected NAME or NAME:VERSION as the benchmark, found the version 1.8.0 alone: write "
            "cis-docker:1.8.0\n"
        ),
    ),
    "a benchmark that is none": (
        ["LOG", "--benchmark", "cis-dockr"],
        f"auditrules: expected a benchmark out of {NAMES}, found 'cis-dockr': did you mean cis-docker?\n",
    ),
    "a host that is none": (
        ["LOG", "--host", "h0*", "--host", "zz*"],
        (
            "auditrules: expected a host's name or key, or a glob of them, for --host, of those in the logs or the "
            "inventory (h0.example.net), found zz*\n"
        ),
    ),
    "a host where nothing was read": (
        ["FOLDER/other", "--host", "zz*"],
        "auditrules: no verdict was found in 1 line of 1 file: they are osquery's, and none is of a query of ours\n",
    ),
    "a store that is a file": (
        ["LOG", "--store", "LOG"],
        "auditrules: LOG: expected a folder as the store, found a file\n",
    ),
}


@pytest.mark.parametrize(("arguments", "said"), PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    logs = log(tmp_path, "pass")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "other", [{"name": "x", "hostIdentifier": "h", "unixTime": 1, "columns": {}, "action": "added"}])
    words = [each.replace("FOLDER", str(tmp_path)).replace("LOG", str(logs)) for each in (*arguments, said)]
    assert run(*words[:-1], "--until", UNTIL) == (2, "", words[-1])


@pytest.mark.parametrize("until", ["999999999w", "9999999d", "1969-12-31", "9999-12-31T23:59:59-10:00"])
def test_a_time_that_no_log_can_have_is_no_end_of_a_window(until: str, tmp_path: Path) -> None:
    assert run(log(tmp_path, "pass"), "--until", until) == (
        2,
        "",
        f"auditrules: expected a time in the years 1970 to 9999, or an age that begins there, found {until}\n",
    )


@pytest.mark.parametrize("until", ["1970-01-01", "9999-12-31T23:59:59"])
def test_a_report_of_a_time_when_there_are_no_logs_can_be_asked_for(until: str, tmp_path: Path) -> None:
    assert "Traceback" not in run(log(tmp_path, "pass"), "--until", until)[2]


def test_a_window_that_starts_in_the_future_is_said(tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass"), "--since", "9999-12-31")
    assert (code, out) == (2, "")
    assert err.startswith("auditrules: expected a time for --since that is not after now, ")


@pytest.mark.parametrize("fail_on", ["fail", "fail,unknown"])
def test_a_control_that_is_none_is_a_problem_whatever_fails(fail_on: str, tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass"), "--until", UNTIL, "--control", "1.2.33", "--fail-on", fail_on)
    assert (code, out) == (2, "")
    assert err.startswith("auditrules: expected a control for --control, of those known or in the logs (")
    assert err.endswith("), found 1.2.33\n")


def test_a_control_of_another_version_is_said(tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass"), "--until", UNTIL, "--benchmark", "cis-docker", "--control", "1.2.3")
    assert (code, out) == (2, "")
    assert err.startswith(
        "auditrules: expected a control of CIS Docker Benchmark 1.8.0 for --control, of those known or in the logs "
    )


def test_what_only_the_logs_know_can_be_asked_for(tmp_path: Path) -> None:
    own = write(tmp_path / "log", [snapshot("h", NOON - 60, row(benchmark="Ours", version="7", control="a.1"))])
    code, out, err = run(own, "--until", UNTIL, "--benchmark", "ours", "--control", "a.1", "--format", "csv")
    assert (code, err) == (0, "")
    assert ",Ours,7,a.1," in out


def test_a_host_that_only_the_inventory_knows_can_be_asked_for(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("host\nh9\n", encoding="utf-8")
    code, out, err = run(
        log(tmp_path, "pass"), "--until", UNTIL, "--inventory", hosts, "--host", "H9", "--format", "csv"
    )
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith("h9,h9,,missing,")


@pytest.mark.parametrize("form", ["csv", "ocsf", "junit", "oscal"])
def test_a_host_that_never_said_a_word_of_what_is_asked_is_in_every_form(form: str, tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass"), "--until", UNTIL, "--control", "1.2.12", "--format", form)
    assert (code, err) == (0, "")
    assert "no_rows" in out


USAGE = {
    ("--max-age", "26"): "argument --max-age: expected a number of s, m, h, d or w, such as 26h, found '26'",
    ("--max-age", "0h"): "argument --max-age: expected a number of s, m, h, d or w, such as 26h, found '0h'",
    ("--fail-on", "pass"): "argument --fail-on: expected fail, unknown or unread, found 'pass'",
    ("--since", "monday"): (
        "argument --since: expected a time such as 2026-11-23 or 2026-11-23T12:00, in UTC, or an age such as 7d, found "
        "'monday'"
    ),
}


@pytest.mark.parametrize(("option", "said"), USAGE.items())
def test_an_option_that_cannot_be_read_is_said(option: tuple[str, str], said: str, tmp_path: Path) -> None:
    code, out, err = run(log(tmp_path, "pass"), *option)
    assert (code, out) == (2, "")
    assert err.endswith(f"auditrules report: error: {said}\n")


@pytest.mark.parametrize("package", ["duckdb", "pyarrow", "orjson", "zstandard", "rich"])
def test_a_package_that_is_not_there_is_named(package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(sys.modules):
        if name.startswith("auditrules.report") or name.split(".")[0] == package:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    code, out, err = run(log(tmp_path, "pass"))
    assert (code, out, err) == (
        2,
        "",
        (
            f"auditrules: the Python package {package} is not there: "
            "in a clone, pip install '.[report]' (docs/operation.md)\n"
        ),
    )


def test_hostile_text_reaches_no_terminal(tmp_path: Path) -> None:
    name = "\x1b]0;mine\x07"
    line = snapshot(
        "a", NOON, row("fail", target=name, evidence=name), hostIdentifier=name, decorations={"hostname": name}
    )
    _, out, err = run(write(tmp_path / "log", [line, name]), "--until", UNTIL)
    assert "\x1b" not in out + err


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        (["cis-docker:1.2.0"], {"1.2.0"}),
        (["CIS Docker Benchmark:1.8.0"], {"1.8.0"}),
        (["cis-docker:1.2.0", "cis-docker:1.8.0"], {"1.2.0", "1.8.0"}),
        (["cis-docker"], {"1.8.0"}),
    ],
)
def test_only_the_benchmarks_that_are_asked_for_are_reported(
    names: list[str], versions: set[str], tmp_path: Path
) -> None:
    both = [
        snapshot("h", NOON - 60, row()),
        snapshot("h", NOON - 60, row("fail", "1.1.3", version="1.8.0")),
        snapshot("h", NOON - 60, row("fail", "1.2.3", benchmark="Ours", version="1.2.0")),
    ]
    options = [word for name in names for word in ("--benchmark", name)]
    code, out, err = run(write(tmp_path / "log", both), "--until", UNTIL, *options, "--format", "json")
    assert (code, err) == (0, "")
    found = {(each["benchmark"], each["version"]) for each in json.loads(out)["verdicts"]}
    assert found == {("CIS Docker Benchmark", version) for version in versions}

"""The command line: what goes to which stream, and the exit code, over given worlds and over a real root."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from auditrules import __version__, cli
from auditrules.audit.model.collected import File, Kernel, Sources
from auditrules.audit.model.host_facts import Entry
from auditrules.benchmarks import BENCHMARKS, CIS_DOCKER, Benchmark, BenchmarkControl
from auditrules.benchmarks.requirement import Fact
from auditrules.benchmarks.services import Services
from auditrules.check import COLUMNS
from auditrules.cli import entry, main
from auditrules.cli.check import CATALOGUE
from auditrules.cli.environment import Environment
from auditrules.host import HostError
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table
from auditrules.tables import HostView
from auditrules.tables.schemas import AUDIT_VERDICTS
from tests.cli.ran import Ran, ran, refused
from tests.fixtures.hosts import listing
from tests.fixtures.hosts import root as make_root
from tests.fixtures.judged import DAEMON
from tests.fixtures.site import SITE, write_site

STATUS = Schema("audit_status", "Status.", (Column("reader", ColumnType.TEXT, "Who read"),), ())


def control(number: str, status: str) -> tuple[BenchmarkControl, str]:
    """A control, and the status that the table of verdicts has for it."""
    return replace(DAEMON, benchmark="CIS Docker Benchmark", version="1.0", id=number, title="T"), status


@dataclass
class FakeHost:
    """A host that counts how often it is read."""

    root: str
    kernel: str
    release: str = ""
    reads: int = 0

    def sources(self) -> Sources:
        self.reads += 1
        return Sources(Kernel(f"{self.kernel} of {self.root}, read {self.reads}"))

    def look(self, _paths: Iterable[str]) -> Mapping[str, Entry]:
        return {}

    def site(self) -> tuple[File, ...]:
        return ()

    def fact(self, fact: Fact) -> object:
        return Services() if fact is Fact.DOCKER else None


def build(host: HostView) -> tuple[Table, ...]:
    return (Table(STATUS, lambda _: [{"reader": host.audit().collected.kernel.reader, "rowid": "1"}]),)


def environment(*controls: tuple[BenchmarkControl, str]) -> Environment:
    """A environment with one benchmark, whose verdicts are given; the evidence is who read the host."""

    def judged(host: HostView) -> tuple[Table, ...]:
        def rows(_context: Context) -> Iterable[Row]:
            reader = host.audit().collected.kernel.reader
            for number, (each, status) in enumerate(controls):
                cells = {"benchmark": each.benchmark, "version": each.version, "control": each.id, "title": each.title}
                told = {"status": status, "evidence": reader, "rowid": str(number)}
                yield {**dict.fromkeys(AUDIT_VERDICTS.names, ""), **cells, **told}

        return (*build(host), Table(AUDIT_VERDICTS, rows))

    benchmark = Benchmark("CIS Docker Benchmark", "1.0", "cis-docker", load=lambda: tuple(each for each, _ in controls))
    return Environment(host=FakeHost, build=judged, benchmarks=[benchmark] if controls else [])


def run(*argv: str, given: Environment | None = None) -> Ran:
    return ran(*argv, environment=given or environment())


def test_a_query_prints_a_table() -> None:
    assert run("query", "SELECT 1 AS one, 'x' AS two") == Ran(0, "one  two\n---  ---\n  1  x\n", "")


FORMATS = (
    ("table", "reader\n-----------------\nauto of /, read 1\n"),
    ("json", '[\n  {"reader": "auto of /, read 1"}\n]\n'),
    ("csv", 'reader\r\n"auto of /, read 1"\r\n'),
    ("line", "reader = auto of /, read 1\n"),
)


@pytest.mark.parametrize(("form", "text"), FORMATS)
def test_a_query_prints_the_format_asked_for(form: str, text: str) -> None:
    assert run("query", "SELECT reader FROM audit_status", "--format", form) == Ran(0, text, "")


def test_root_and_kernel_reach_the_host() -> None:
    ran = run("query", "SELECT reader FROM audit_status", "--root", "/mnt", "--kernel", "x.txt", "--format", "line")
    assert ran == Ran(0, "reader = x.txt of /mnt, read 1\n", "")


def test_a_command_reads_the_host_once() -> None:
    given = environment(control("1.1", "pass"), control("1.2", "pass"))
    rows = json.loads(run("check", "--format", "json", given=given).out)
    assert [row["evidence"] for row in rows] == ["auto of /, read 1"] * 2


def test_the_stand_ins_are_there() -> None:
    sql = "SELECT name, version FROM osquery_extensions"
    assert run("query", sql, "--format", "csv").out == f"name,version\r\nauditrules,{__version__}\r\n"


CHECKS = (
    (("pass", "not_applicable"), 0, "0 fail, 0 unknown, 1 pass, 1 not applicable"),
    (("pass", "unknown"), 3, "0 fail, 1 unknown, 1 pass, 0 not applicable"),
    (("unknown", "fail"), 1, "1 fail, 1 unknown, 0 pass, 0 not applicable"),
)


@pytest.mark.parametrize(("statuses", "code", "count"), CHECKS)
def test_the_exit_code_of_a_check_tells_its_worst_status(statuses: tuple[str, ...], code: int, count: str) -> None:
    ran = run("check", given=environment(*(control(f"1.{number}", status) for number, status in enumerate(statuses))))
    assert (ran.code, ran.out.splitlines()[-1], ran.err) == (code, count, "")


TABLE = """\
CIS Docker Benchmark 1.0
status          control  title  target  reason
--------------  -------  -----  ------  ------
FAIL            1.1      T
PASS            1.2      T
NOT APPLICABLE  1.3      T
NOT APPLICABLE  1.4      T

FAIL  1.1
      evidence  auto of /, read 1

NOT APPLICABLE  1.3, 1.4
      evidence  auto of /, read 1

1 fail, 0 unknown, 1 pass, 2 not applicable
"""


def test_a_check_prints_a_table_and_tells_equal_evidence_once() -> None:
    statuses = ("fail", "pass", "not_applicable", "not_applicable")
    given = environment(*(control(f"1.{number}", status) for number, status in enumerate(statuses, start=1)))
    assert run("check", given=given).out == TABLE


def test_details_are_a_paragraph_for_each_control() -> None:
    assert run("check", "--details", given=environment(control("1.1", "fail"))).out == (
        "FAIL  CIS Docker Benchmark 1.0  1.1  T\n      evidence  auto of /, read 1\n\n"
        "1 fail, 0 unknown, 0 pass, 0 not applicable\n"
    )


def test_a_check_in_json_has_the_columns_of_a_verdict() -> None:
    rows = json.loads(run("check", "--format", "json", given=environment(control("1.1", "fail"))).out)
    assert [tuple(row) for row in rows] == [(*COLUMNS, "grep_verdict")]


def test_a_check_in_another_format_exits_alike() -> None:
    assert run("check", "--format", "csv", given=environment(control("1.1", "unknown"))).code == 3


def test_controls_are_chosen_by_id() -> None:
    given = environment(control("1.1", "fail"), control("1.2", "pass"), control("1.3", "pass"))
    ran = run("check", "--control", "1.3", "--control", "1.2", "--format", "json", given=given)
    assert (ran.code, [row["control"] for row in json.loads(ran.out)]) == (0, ["1.3", "1.2"])


def test_a_control_that_is_named_twice_is_judged_once() -> None:
    given = environment(control("1.1", "fail"), control("1.2", "pass"))
    ran = run("check", "--control", "1.1", "--control", "1.1", "--format", "json", given=given)
    assert [row["control"] for row in json.loads(ran.out)] == ["1.1"]


def test_an_unknown_control_is_told_with_those_there_are() -> None:
    given = environment(control("1.1", "fail"), control("1.2", "pass"))
    assert run("check", "--benchmark", "cis-docker", "--control", "9", "--control", "1.1", given=given) == Ran(
        2, "", "auditrules: expected a control out of 1.1, 1.2 of cis-docker:1.0, found 9\n"
    )


def test_a_control_without_a_verdict_is_a_problem() -> None:
    given = environment(control("1.1", "pass"), control("1.2", "fine"))
    assert run("check", given=given) == Ran(
        2,
        "",
        "auditrules: CIS Docker Benchmark 1.0, control 1.2: audit_verdicts gave the status 'fine', expected one of "
        "fail, unknown, pass, not_applicable\n",
    )


def test_an_error_in_the_sql_is_shown_with_its_place() -> None:
    assert run("query", "SELECT redaer FROM audit_status") == Ran(
        2,
        "",
        "auditrules: no such column: redaer; columns spelt alike: reader\n"
        "SELECT redaer FROM audit_status\n"
        "       ^\n",
    )  # fmt: skip


def test_an_error_sends_no_control_bytes() -> None:
    ran = run("query", 'SELECT 1 FROM "\x1b[31m\u202e"')
    assert ran.err.split("\n")[0] == (
        "auditrules: no such table: \\x1b[31m\\u202e; tables: audit_status, audit_verdicts, file, mounts, "
        "osquery_extensions, osquery_flags, osquery_registry, processes"
    )
    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err


def test_a_host_that_cannot_be_collected_is_a_problem() -> None:
    def refuse(_root: str, _kernel: str, _release: str) -> FakeHost:
        raise HostError("kernel: expected\x07 something else")

    assert run("query", "SELECT 1", given=Environment(host=refuse, build=build)) == Ran(
        2, "", "auditrules: kernel: expected\\x07 something else\n"
    )


def test_without_apsw_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "auditrules.sql.database", raising=False)
    monkeypatch.setitem(sys.modules, "apsw", None)
    assert run("check") == Ran(
        2,
        "",
        "auditrules: the Python package apsw is not there: pip install 'apsw>=3.42', "
        "or the distribution's package python3-apsw\n",
    )


def test_an_interrupt_exits_as_a_shell_has_it() -> None:
    def stop(_root: str, _kernel: str, _release: str) -> FakeHost:
        raise KeyboardInterrupt

    assert run("query", "SELECT 1", given=Environment(host=stop, build=build)) == Ran(130, "", "")


def test_a_bug_does_not_look_like_a_verdict() -> None:
    def fail(_root: str, _kernel: str, _release: str) -> FakeHost:
        raise RuntimeError("a bug")

    ran = run("check", given=replace(environment(control("1.1", "pass")), host=fail))
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", "RuntimeError: a bug")


def test_the_version_is_printed() -> None:
    assert run("--version") == Ran(0, f"auditrules {__version__}\n", "")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "auditrules", "--version"], check=True, capture_output=True, text=True)
    assert done.stdout == f"auditrules {__version__}\n"


_NOT_SET = "is a variable not set?"
USAGE = (
    ((), "auditrules: error: the following arguments are required: COMMAND"),
    (("query",), "auditrules query: error: the following arguments are required: SQL"),
    (("check", "--contro", "1"), "auditrules check: error: unrecognized arguments: --contro 1"),
    *(
        (argv, f"auditrules {argv[0]}: error: expected a word behind {option}, found an empty one: {_NOT_SET}")
        for option, argv in (
            ("--root", ("check", "--root", "")),
            ("--root", ("check", "--details", "--root=", "--format", "json")),
            ("--machine", ("check", "--at", "boot", "--machine", "")),
            ("--system", ("rules", "--benchmark", "cis-docker", "--system", "")),
            ("--output", ("pack", "export", "--output", "")),
        )
    ),
)


@pytest.mark.parametrize(("argv", "message"), USAGE)
def test_a_usage_error_exits_2_and_says_what_is_wrong(argv: tuple[str, ...], message: str) -> None:
    ran = run(*argv)
    assert (ran.code, ran.out, ran.err.splitlines()[-1]) == (2, "", message)


def test_an_unknown_format_is_a_usage_error() -> None:
    assert run("check", "--format", "xml").code == 2


def examples(*argv: str) -> list[list[str]]:
    """Return the commands that a help text shows, without what stands beside them."""
    lines = run(*argv, "--help").out.splitlines()
    shown = [line.partition("    ")[0] for line in map(str.strip, lines) if line.startswith("auditrules ")]
    return [shlex.split(line)[1:] for line in shown]


@pytest.mark.parametrize("argv", [(), ("check",), ("query",), ("doctor",)])
def test_help_has_examples_that_the_parser_takes(argv: tuple[str, ...]) -> None:
    shown = examples(*argv)
    assert len(shown) >= 2
    for example in shown:
        entry.parser_for(example).parse_args(example)


@pytest.mark.parametrize(
    "example", [each for argv in ((), ("query",)) for each in examples(*argv) if each[0] == "query"]
)
def test_the_queries_that_help_shows_run(example: list[str], tmp_path: Path) -> None:
    assert run(*example, "--root", str(tmp_path), given=Environment()).code == 0


class Ascii(io.TextIOWrapper):
    """A stream of a terminal that knows no more than ASCII."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="ascii", newline="")


def test_what_the_encoding_lacks_becomes_an_escape() -> None:
    out = Ascii()
    main(["query", "SELECT 'é漢' AS a", "--format", "line"], stdout=out, environment=environment())
    out.seek(0)
    assert out.read() == "a = \\xe9\\u6f22\n"


READ = """\
import sys
from auditrules.cli import main
main(["report", "--help"])
print(*(name for name in sys.modules if name.startswith(("auditrules.host", "auditrules.tables", "auditrules.packs"))))
"""


def test_a_command_that_looks_at_no_host_reads_nothing_that_does() -> None:
    done = subprocess.run([sys.executable, "-c", READ], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == ""


MAIN = "import sys; from auditrules.cli import main; sys.exit(main())"

# The table itself presses Ctrl-C a moment after the endless query has begun with it.
ENDLESS = """\
import os, signal, sys, threading
from auditrules.cli import main
from auditrules.cli.environment import Environment
from auditrules.plugin.context import Context
from auditrules.plugin.row import Row
from auditrules.plugin.schema import Column, ColumnType, Schema
from auditrules.plugin.table import Table

def rows(context):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    return [{"a": "1", "rowid": "1"}]

signal.signal(signal.SIGINT, signal.default_int_handler)
table = Table(Schema("t", "T.", (Column("a", ColumnType.BIGINT, "A"),), ()), rows)
sql = "WITH RECURSIVE c(x) AS (SELECT a FROM t UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c"
sys.exit(main(["query", sql], environment=Environment(build=lambda sources: (table,))))
"""


def process(code: str, *argv: str, stdout: int) -> tuple[int, bytes]:
    """Run a program of its own, and give its exit code and what it wrote to stderr."""
    source = str(Path(cli.__file__).parents[2])
    program = [sys.executable, "-c", code, *argv]
    ran = subprocess.run(
        program,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source},
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stderr


def test_a_reader_that_has_gone_is_no_noise(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = process(MAIN, "query", "SELECT 1", "--root", str(tmp_path), stdout=writer)
    os.close(writer)
    assert ran == (141, b"")


def test_a_long_result_is_written_piece_by_piece() -> None:
    out = io.StringIO()
    written = []

    def pieces() -> Iterator[str]:
        for piece in ("one\n", "two\n", ""):
            written.append(out.getvalue())
            yield piece

    entry.write(pieces(), out)
    assert written == ["", "one\n", "one\ntwo\n"]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = process(MAIN, "query", "SELECT 1", "--root", str(tmp_path), stdout=full.fileno())
    assert ran == (2, b"auditrules: cannot write the result: No space left on device\n")


def test_ctrl_c_ends_an_endless_query() -> None:
    assert process(ENDLESS, stdout=subprocess.DEVNULL) == (130, b"")


DOCKERD = "-w /usr/bin/dockerd -p rwxa -k docker\n"
STATUS_TEXT = "enabled 1\nfailure 1\npid 500\nrate_limit 0\nbacklog_limit 8192\nlost 0\nbacklog 0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a host with a Docker daemon, and a file of rules that watches it."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/dockerd").touch(mode=0o755)
    (tmp_path / "etc/audit/rules.d").mkdir(parents=True)
    (tmp_path / "etc/audit/rules.d/docker.rules").write_text(DOCKERD, "utf-8")
    return tmp_path


def real(*argv: str) -> Ran:
    return run(*argv, given=Environment())


def test_a_query_reads_the_rules_of_a_root(root: Path) -> None:
    sql = "SELECT source, path, permissions, keys, rule FROM audit_rules WHERE path = '/usr/bin/dockerd'"
    ran = real("query", sql, "--root", str(root), "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == [
        {
            "source": "rules.d",
            "path": "/usr/bin/dockerd",
            "permissions": "rwxa",
            "keys": "docker",
            "rule": "-a always,exit -S all -F path=/usr/bin/dockerd -F perm=rwxa -F key=docker",
        }
    ]


NAMES = ", ".join(dict.fromkeys(each.short_name for each in BENCHMARKS))
LISTINGS = (
    (DOCKERD + STATUS_TEXT, 0, "pass"),
    (DOCKERD, 0, "pass"),
    (DOCKERD + STATUS_TEXT.replace("enabled 1", "enabled 0"), 1, "fail"),
    ("No rules\n" + STATUS_TEXT, 1, "fail"),
    ("-w /usr/bin/dockerd-rootless.sh -p rwxa\n" + STATUS_TEXT, 1, "fail"),
    ("-a never,task\n" + DOCKERD + STATUS_TEXT, 1, "fail"),
    ("-w /usr/bin/dockerd -p rwxa", 3, "unknown"),
)


@pytest.mark.parametrize(("listing", "code", "status"), LISTINGS)
def test_a_saved_listing_is_judged(root: Path, tmp_path: Path, listing: str, code: int, status: str) -> None:
    saved = tmp_path / "listing"
    saved.write_text(listing, "utf-8")
    ran = real("check", "--control", "1.2.3", "--root", str(root), "--kernel", str(saved), "--format", "json")
    assert (ran.code, [row["status"] for row in json.loads(ran.out)], ran.err) == (code, [status], "")


def test_another_root_without_a_listing_is_unknown(root: Path) -> None:
    ran = real("check", "--control", "1.2.3", "--root", str(root))
    assert (ran.code, ran.out.splitlines()[3].split()[:2], ran.err) == (3, ["UNKNOWN", "1.2.3"], "")


def test_a_host_without_docker_is_not_applicable(tmp_path: Path) -> None:
    ran = real("check", "--control", "1.2.3", "--root", str(tmp_path))
    assert (ran.code, ran.out.splitlines()[0]) == (
        0,
        "CIS Docker Benchmark 1.2.0: control 1.2.3 does not apply here",
    )


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        ((), ["1.8.0"]),
        (("cis-docker",), ["1.8.0"]),
        (("CIS Docker Benchmark:1.2.0",), ["1.2.0"]),
        (("cis-docker:1.6.0", "CIS-DOCKER:1.3.1"), ["1.6.0", "1.3.1"]),
        (("cis-docker", "cis-docker:1.8.0"), ["1.8.0"]),
    ],
)
def test_every_control_of_the_benchmarks_that_are_meant_gives_a_verdict(
    root: Path, names: tuple[str, ...], versions: list[str]
) -> None:
    options = [word for name in names for word in ("--benchmark", name)]
    rows = json.loads(real("check", *options, "--root", str(root), "--format", "json").out)
    assert [(row["benchmark"], row["version"], row["control"]) for row in rows] == [
        each.key for version in versions for one in CIS_DOCKER if one.version == version for each in one.controls
    ]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (
            "1.8.0",
            "expected NAME or NAME:VERSION as the benchmark, found the version 1.8.0 alone: write cis-docker:1.8.0",
        ),
        (
            "cis-docker:1.4.0",
            "expected a version of CIS Docker Benchmark out of 1.2.0, 1.3.1, 1.5.0, 1.6.0, 1.7.0, 1.8.0, found '1.4.0'",
        ),
        ("CIS Docker", f"expected a benchmark out of {NAMES}, found 'CIS Docker': did you mean cis-docker?"),
        ("nope", f"expected a benchmark out of {NAMES}, found 'nope'"),
    ],
)  # fmt: skip
def test_a_benchmark_that_is_not_there_is_told_with_what_to_write(name: str, complaint: str) -> None:
    assert real("check", "--benchmark", name) == Ran(2, "", f"auditrules: {complaint}\n")


@pytest.mark.parametrize(("number", "version"), [("1.2.3", "1.2.0"), ("1.1.3", "1.8.0")])
def test_a_control_alone_is_of_the_newest_version_that_has_it(root: Path, number: str, version: str) -> None:
    (row,) = json.loads(real("check", "--control", number, "--root", str(root), "--format", "json").out)
    assert (row["version"], row["control"]) == (version, number)


def test_a_control_of_another_version_is_told_with_those_of_the_one_asked_for(root: Path) -> None:
    ran = real("check", "--benchmark", "cis-docker:1.8.0", "--control", "1.2.3", "--root", str(root))
    assert (ran.code, ran.err.rpartition(" of cis-docker:1.8.0")[2]) == (
        2,
        ", found 1.2.3, which is of cis-docker:1.2.0\n",
    )


def test_an_explained_control_says_why_it_matters_and_what_it_maps_to(root: Path) -> None:
    told = " ".join(real("check", "--control", "1.2.3", "--explain", "--root", str(root)).out.split())
    assert "mappings CIS Controls: 6.3, CIS Controls: 6.6.2, CIS Controls: 7.6.2" in told
    assert all(f"{name} " in told for name in ("description", "rationale", "impact", "default", "level", "links"))


@pytest.mark.parametrize("form", ["json", "csv", "line"])
def test_what_explains_a_control_is_in_every_format(form: str, root: Path) -> None:
    ran = real("check", "--control", "1.2.3", "--explain", "--format", form, "--root", str(root))
    assert all(name in ran.out for name in ("status", *CATALOGUE, "CIS Controls: 7.6.2"))


def test_each_verdict_in_json_has_its_own_explanation(root: Path) -> None:
    ran = real("check", "--benchmark", "cis-docker:1.2.0", "--explain", "--format", "json", "--root", str(root))
    rows = json.loads(ran.out)
    assert [row["control"] for row in rows if not row["rationale"]] == []
    assert {row["control"]: row["description"] for row in rows}["1.2.8"] != rows[0]["description"]


@pytest.mark.parametrize("control", [" ", "\t"])
def test_a_control_that_cannot_be_seen_is_quoted(control: str) -> None:
    assert real("check", "--control", control).err.endswith(f"found {control!r}, which none has\n")
    assert real("check", "--benchmark", "cis-docker", "--control", control).err.endswith(f", found {control!r}\n")


COMMAND = str(Path(sys.executable).with_name("auditrules"))


def shell(line: str) -> Ran:
    """Run a line of the shell in which `auditrules` is the command."""
    done = subprocess.run(["/bin/sh", "-c", line.replace("auditrules", COMMAND, 1)], capture_output=True, text=True)  # noqa: PLW1510
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_listing_is_read_from_standard_input() -> None:
    ran = shell(f"auditrules check --kernel - --control 1.2.3 <{shlex.quote(str(listing('covered')))}")
    assert (ran.code, ran.out.splitlines()[3].split()[:2], ran.err) == (0, ["PASS", "1.2.3"], "")


NO_READER = "expected auto, netlink, auditctl, none or the path of a saved `auditctl -l`"
CLOSED = (
    ("--kernel - <&-", "kernel: cannot read the saved listing '-': Bad file descriptor"),
    ("--kernel none >&-", "standard output is closed: nothing can be written to it"),
    (
        "--kernel nofile",
        f"kernel: {NO_READER}, found 'nofile', and there is no such file",
    ),
    (
        "--kernel /bin/true",
        "kernel: '/bin/true' is no saved listing: expected what auditctl -l printed, found bytes that are no text",
    ),
)


@pytest.mark.parametrize(("line", "complaint"), CLOSED)
def test_what_cannot_be_read_or_written_is_one_line_and_exit_code_2(line: str, complaint: str) -> None:
    assert shell(f"auditrules check {line}") == Ran(2, "", f"auditrules: {complaint}\n")


def test_a_word_that_a_command_lacks_shows_the_usage_of_that_command() -> None:
    ran = run("check", "--contrl", "1")
    assert ran.code == 2
    assert ran.err.startswith("usage: auditrules check ")
    assert ran.err.endswith("auditrules check: error: unrecognized arguments: --contrl 1\n")


def test_a_listing_without_a_root_is_another_hosts(tmp_path: Path) -> None:
    (tmp_path / "listing").write_text(DOCKERD + STATUS_TEXT, "utf-8")
    ran = real("check", "--control", "1.2.3", "--kernel", str(tmp_path / "listing"), "--format", "json")
    (row,) = json.loads(ran.out)
    assert (ran.code, row["status"], row["target"]) == (0, "pass", "/usr/bin/dockerd")
    assert "files and programs of that host are not known: paths are taken to be there" in row["evidence"]


def test_a_listing_with_a_root_is_judged_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "listing").write_text(DOCKERD + STATUS_TEXT, "utf-8")
    arguments = ["--kernel", str(tmp_path / "listing"), "--root", str(tmp_path), "--format", "json"]
    (row,) = json.loads(real("check", "--control", "1.2.3", *arguments).out)
    assert row["status"] == "not_applicable"


UNREAD_ADVICE = (
    (None, "No loaded rules were read."),
    ("-w /usr/bin/dockerd -p rwxa", "Save the listing again, whole and as root"),
    ("", "Save the listing again, whole and as root"),
)


@pytest.mark.parametrize(("listing", "advice"), UNREAD_ADVICE)
def test_what_to_do_about_rules_that_are_not_known_hangs_on_how_they_were_read(
    root: Path, tmp_path: Path, listing: str | None, advice: str
) -> None:
    if listing is not None:
        (tmp_path / "listing").write_text(listing, "utf-8")
    kernel = [] if listing is None else ["--kernel", str(tmp_path / "listing")]
    ran = real("check", "--control", "1.2.3", "--root", str(root), *kernel, "--format", "json")
    (row,) = json.loads(ran.out)
    assert (row["status"], row["remediation"].startswith(advice)) == ("unknown", True)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal; its size is that of the file behind it, given by `os`."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


def shown(monkeypatch: pytest.MonkeyPatch, columns: int, *options: str) -> list[str]:
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((columns, 24)))
    out = Terminal()
    main(["check", "--kernel", str(listing("short")), *options], stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("columns", [100, 120])
@pytest.mark.parametrize("options", [(), ("--details",)], ids=["table", "details"])
def test_no_line_is_longer_than_the_terminal_is_wide(
    monkeypatch: pytest.MonkeyPatch, columns: int, options: tuple[str, ...]
) -> None:
    lines = [line for line in shown(monkeypatch, columns, *options) if line.startswith(" ") or not options]
    assert [line for line in lines if len(line) > columns] == []


def test_long_evidence_is_cut_on_a_terminal_and_whole_with_details(monkeypatch: pytest.MonkeyPatch) -> None:
    end = "after the next boot: unknown (unreadable)"
    assert not any(end in line for line in shown(monkeypatch, 80, "--control", "1.1.3"))
    assert end in " ".join(line.strip() for line in shown(monkeypatch, 80, "--control", "1.1.3", "--details"))


def test_an_unreadable_listing_is_told(root: Path) -> None:
    assert real("check", "--root", str(root), "--kernel", "/nope/listing") == Ran(
        2, "", "auditrules: kernel: cannot read the saved listing '/nope/listing': no such file\n"
    )


def test_a_root_that_is_none_is_told() -> None:
    assert real("check", "--root", "/nope") == Ran(2, "", "auditrules: root: expected a folder, found '/nope'\n")


def test_a_control_that_no_benchmark_has_is_told() -> None:
    assert real("check", "--control", "0") == Ran(
        2, "", "auditrules: expected a control of a benchmark, found 0, which none has\n"
    )


def test_control_bytes_of_a_rule_are_not_sent_raw(root: Path) -> None:
    (root / "etc/audit/rules.d/odd.rules").write_bytes(b"-w /tmp/\x1b[31m\xff -p wa -k x\n")
    for form in ("table", "line", "csv", "json"):
        ran = real("query", "SELECT * FROM audit_rules", "--root", str(root), "--format", form)
        assert ran.code == 0
        assert "\x1b" not in ran.out


# Which benchmarks are judged


def judged_by(folder: Path, *arguments: str) -> tuple[set[str], str]:
    """The benchmarks whose controls a check of a root judges, and what it warns of."""
    ran = real("check", "--root", str(folder), "--format", "json", *arguments)
    return {f"{row['benchmark']} {row['version']}" for row in json.loads(ran.out)}, ran.err


DEBIAN = {"etc/os-release": "ID=debian\nVERSION_ID=12\n"}


def test_the_newest_benchmarks_of_the_system_are_judged_and_docker_where_it_is(tmp_path: Path) -> None:
    here = make_root(tmp_path / "with", DEBIAN)
    bare = make_root(tmp_path / "without", DEBIAN, docker=False)
    assert judged_by(here) == ({"CIS Debian Linux 12 Benchmark 1.1.0", "CIS Docker Benchmark 1.8.0"}, "")
    assert judged_by(bare) == ({"CIS Debian Linux 12 Benchmark 1.1.0"}, "")


def test_a_number_means_the_newest_that_has_it_of_those_that_apply(tmp_path: Path) -> None:
    here = make_root(tmp_path, DEBIAN)
    assert judged_by(here, "--control", "6.2.3.4") == ({"CIS Debian Linux 12 Benchmark 1.1.0"}, "")


def test_a_rule_set_is_judged_where_it_is_named(tmp_path: Path) -> None:
    here = make_root(tmp_path, DEBIAN)
    name = "audit-userspace rules for PCI DSS 3.1 ea855020"
    assert judged_by(here, "--benchmark", "audit-userspace-pci-dss") == ({name}, "")


def test_where_the_system_is_not_known_that_is_told(tmp_path: Path) -> None:
    found, warned = judged_by(make_root(tmp_path))
    assert found == {"CIS Docker Benchmark 1.8.0"}
    assert warned.startswith("auditrules: which system this is is not known, as there is no /etc/os-release")
    assert warned.endswith(": no benchmark for an operating system is judged; name one with --benchmark\n")


def test_a_folder_of_benchmarks_of_ones_own_takes_part(tmp_path: Path) -> None:
    here = make_root(tmp_path / "root", DEBIAN)
    own = write_site(tmp_path, {"site.json": SITE, "bad.json": []})
    found, warned = judged_by(here, "--benchmarks", str(own), "--benchmark", "example")
    assert found == {"Example Baseline 2"}
    assert warned == f"auditrules: left out: {own}/bad.json: expected an object, found []\n"


def test_a_folder_of_benchmarks_that_is_none_is_told(tmp_path: Path) -> None:
    ran = real("check", "--root", str(tmp_path), "--benchmarks", str(tmp_path / "x"))
    assert ran == Ran(2, "", f"auditrules: --benchmarks: expected a folder, found '{tmp_path / 'x'}'\n")


@pytest.mark.parametrize(
    "words",
    [
        "lint - -",
        "diff - -",
        "diff - listing:-",
        "diff listing:- listing:-",
        "check --rules - --rules -",
        "check --kernel - --rules -",
        "check --kernel=- --rules=-",
        "coverage /etc --rules - --rules -",
        "coverage /etc --kernel - --rules -",
        "rules --minimise - -",
        "report - -",
    ],
)
def test_standard_input_twice_is_refused(words: str) -> None:
    assert refused(*words.split()) == "auditrules: standard input can be read once: expected one -, found more\n"


@pytest.mark.parametrize("argv", [["lint", ""], ["diff", "", "x"], ["diff", "x", ""], ["lint", "x", ""]])
def test_an_empty_path_is_taken_for_a_variable_that_is_not_set(argv: list[str]) -> None:
    code, out, err = ran(*argv)
    assert (code, out) == (2, "")
    assert err.endswith(f"auditrules {argv[0]}: error: expected a path, found an empty word: {_NOT_SET}\n")


@pytest.mark.parametrize("kind", ["listing:", "root:"])
def test_a_kind_without_a_path_is_taken_for_a_variable_that_is_not_set(kind: str) -> None:
    assert refused("diff", kind, kind) == f"auditrules: expected a path behind {kind}, found nothing: {_NOT_SET}\n"

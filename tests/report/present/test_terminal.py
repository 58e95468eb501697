"""The report at a terminal, and the bar while it is read."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.report.model import Broken, Change, ChangeKind, Counts, HostState, HostSummary, Report, WaiverState
from auditrules.report.present.progress import progress
from auditrules.report.present.summary import MOST
from auditrules.report.present.terminal import LONGEST, render
from auditrules.status import Status
from tests.laws import law
from tests.report.present.sample import NOON, NOTHING, WAIVER, hostile, sample, stray, verdict
from tests.report.present.texts import TEXTS, short

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)
STYLE = re.compile(r"\x1b\[[0-9;]*m")

WHOLE = """\
auditrules report 0.1.0
  logs      2026-11-21T12:00:00Z to 2026-11-23T12:00:00Z; results expire after 26 hours; made at 2026-11-23T13:00:00Z
  hosts     1 of 3 pass, 33.3 %; 2 fail, 1 unknown, 0 n/a; 4 in all, the inventory names 4
  verdicts  3 of 5 pass, 60 %; 2 fail, 2 unknown, 1 n/a; 1 waived
            Pass rate = pass / (pass + fail); unknown and n/a are in neither.

Controls of CIS Docker Benchmark 1.2.0, by hosts
  1.2.3  Auditing for the Docker daemon executable   ##########xxxxx?????  2 of 3 pass, 66.6 %  1 fail, 1 unknown, 0 n/a
         is configured
  1.2.4  Auditing for /var/lib/docker is configured  #####xxxxx?????.....  1 of 2 pass, 50 %    1 fail, 1 unknown, 1 n/a

By environment, by hosts and controls
  production  2 hosts  ##########xxxxxxxxxx  2 of 4 pass, 50 %
  (none)      2 hosts  #####??????????.....  1 of 1 pass, 100 %

Failing hosts: 2
  web-1.example.net  1.2.3  /usr/bin/dockerd  since 2026-11-22T12:00:00Z  no_rule: what uuid-web-1 says of
                                                                          /usr/bin/dockerd
  db-1.example.net   1.2.4  /var/lib/docker   since 2026-11-22T12:00:00Z  no_rule: what uuid-db-1 says of
                                                                          /var/lib/docker; waiver (active), until
                                                                          2026-12-31, by storage team: moves to the new
                                                                          storage in December

Hosts not reporting: 1
  cache-1  missing  never  the inventory names it, and no log does

Changes: 2
  2026-11-23T11:00:00Z  newly failing  web-1.example.net  1.2.3  /usr/bin/dockerd
  2026-11-22T12:00:00Z  fixed          db-1.example.net   1.2.3  /usr/bin/dockerd

Waivers that waive nothing: 1
  web-9  *  waiver (expired), until 2026-01-31, by nobody: a host of tests

Data-quality warnings
  1 host has a clock that is ahead by 364 days: its rows count as said when the log ends

Read
  40 lines of 3 files: 12 verdicts, 2 duplicates, 5 lines of other queries, 1 broken
  broken: web-1/osqueryd.results.log:7: expected a JSON object, found {
"""


def plain(report: Report, width: int = 120) -> str:
    return render(report, width, colour=False)


def test_the_whole_summary() -> None:
    assert plain(sample()) == WHOLE


def test_a_report_of_nothing_says_so() -> None:
    assert plain(NOTHING) == (
        "auditrules report 0.1.0\n"
        "  logs      no results; results expire after 26 hours; made at 2026-11-23T13:00:00Z\n"
        "  hosts     none judged; 0 fail, 0 unknown, 0 n/a; 0 in all, no inventory\n"
        "  verdicts  none judged; 0 fail, 0 unknown, 0 n/a; 0 waived\n"
        "            Pass rate = pass / (pass + fail); unknown and n/a are in neither.\n"
        "\n"
        "Read\n"
        "  0 lines of 0 files: 0 verdicts, 0 duplicates, 0 lines of other queries, 0 broken\n"
    )


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_a_pipe_gets_printable_ascii_whatever_a_host_says(hostility: str) -> None:
    assert [c for c in plain(hostile(hostility)) if not (c.isascii() and c.isprintable()) and c != "\n"] == []


@pytest.mark.parametrize("hostility", TEXTS, ids=short)
def test_a_terminal_gets_no_control_byte_but_styles_of_ours(hostility: str) -> None:
    shown = STYLE.sub("", render(hostile(hostility), 100, colour=True))
    assert [c for c in shown if not c.isprintable() and c != "\n"] == []


@law(0.4)
@given(hostility=ANY, width=st.integers(1, 200))
def test_any_text_fits_into_any_width(hostility: str, width: int) -> None:
    assert render(hostile(hostility), width, colour=True).encode()


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 120])
def test_nothing_is_cut_off_where_it_is_narrow(width: int) -> None:
    assert sorted("".join(plain(sample(), width).split())) == sorted("".join(plain(sample(), 400).split()))


def test_text_of_a_host_is_no_markup() -> None:
    assert "[red]a[/red]" in plain(hostile("[red]a[/red]"))


def test_colour_only_adds_colour() -> None:
    shown = STYLE.sub("", render(sample(), 120, colour=True))
    letters = str.maketrans(
        {"\N{FULL BLOCK}": "#", "\N{DARK SHADE}": "x", "\N{LIGHT SHADE}": "?", "\N{MIDDLE DOT}": "."}
    )
    assert shown.translate(letters) == WHOLE


def test_a_long_text_is_cut_and_says_so() -> None:
    report = replace(sample(), notes=("a" * (LONGEST + 5),))
    assert "(5 more characters)" in plain(report).replace("\n", " ")


@pytest.mark.parametrize(
    ("counts", "share"),
    [
        (Counts(passed=1, failed=2), "1 of 3 pass, 33.3 %"),
        (Counts(passed=2, failed=1), "2 of 3 pass, 66.6 %"),
        (Counts(passed=9999, failed=1), "9999 of 10000 pass, 99.9 %"),
        (Counts(passed=1, failed=9999), "1 of 10000 pass, under 0.1 %"),
        (Counts(passed=3), "3 of 3 pass, 100 %"),
        (Counts(failed=3), "0 of 3 pass, 0 %"),
        (Counts(passed=3, unknown=97), "3 of 3 pass, 100 %"),
        (Counts(unknown=97), "none judged"),
    ],
)
def test_a_share_states_its_denominator_and_rounds_nobody_away(counts: Counts, share: str) -> None:
    assert f"  hosts     {share}; " in plain(replace(sample(), host_counts=counts))


@pytest.mark.parametrize(
    ("counts", "bar"),
    [
        (Counts(passed=10000, failed=1), "#" * 19 + "x"),
        (Counts(passed=1, failed=10000), "#" + "x" * 19),
        (Counts(passed=1, failed=1, unknown=1, not_applicable=100000), "#x?" + "." * 17),
        (Counts(unknown=3), "?" * 20),
    ],
)
def test_what_is_there_has_a_cell_in_the_bar(counts: Counts, bar: str) -> None:
    report = replace(sample(), controls=(replace(sample().controls[0], counts=counts),))
    assert f"  {bar}  " in plain(report)


def test_each_benchmark_has_its_own_section() -> None:
    first, second = sample().controls
    report = replace(sample(), controls=(first, replace(second, version="1.8.0")))
    assert re.findall(r"^Controls of (.*), by hosts\n  (\S+) ", plain(report, 160), re.MULTILINE) == [
        ("CIS Docker Benchmark 1.2.0", "1.2.3"),
        ("CIS Docker Benchmark 1.8.0", "1.2.4"),
    ]


def test_a_host_that_fails_many_controls_does_not_hide_the_others() -> None:
    many = tuple(replace(verdict("uuid-web-1", Status.FAIL), control=f"6.2.3.{n}") for n in range(1, 61))
    text = plain(replace(sample(), verdicts=(*many, verdict("uuid-db-1", Status.FAIL))))
    lines = [line.split()[:2] for line in text.splitlines() if line.startswith("  web-1")]
    assert lines[:10] == [["web-1.example.net", f"6.2.3.{n}"] for n in range(1, 11)]
    assert "\n  web-1.example.net  and 50 more" in text
    assert "\n  db-1.example.net   1.2.3" in text


HOSTS = tuple(
    HostSummary(f"h{n}", f"host-{n}", "", HostState.REPORTING, Status.FAIL, NOON, "") for n in range(MOST + 3)
)
FAILING = replace(
    sample(), hosts=HOSTS, verdicts=tuple(verdict(f"h{n}", Status.FAIL) for n in range(MOST + 3)), changes=()
)


def test_as_many_failing_hosts_are_listed_as_fit() -> None:
    assert plain(FAILING).count("\n  host-") == MOST


def test_how_many_more_fail_is_said() -> None:
    assert f"Failing hosts: {MOST + 3}\n" in plain(FAILING)
    assert "\n  and 3 more\n" in plain(FAILING)


def test_a_host_that_nobody_waived_is_listed_first() -> None:
    waived = tuple(replace(each, waiver=WAIVER) for each in FAILING.verdicts[:-1])
    shown = plain(replace(FAILING, verdicts=(*waived, FAILING.verdicts[-1])))
    assert shown.index(f"host-{MOST + 2} ") < shown.index("host-0 ")


def test_unknown_of_a_host_that_reports_is_listed() -> None:
    host = replace(sample().hosts[0], status=Status.UNKNOWN)
    report = replace(sample(), hosts=(host,), verdicts=(verdict(host.key, Status.UNKNOWN),), changes=())
    assert (
        "Reporting hosts with an unknown control: 1\n"
        "  web-1.example.net  1.2.3  /usr/bin/dockerd  since 2026-11-22T12:00:00Z  "
        "unreadable: what uuid-web-1 says of\n"
    ) in plain(report)


def test_each_target_that_fails_is_named() -> None:
    said = verdict("uuid-web-1", Status.FAIL)
    report = replace(sample(), verdicts=(said, replace(said, target="/usr/local/bin/dockerd")))
    shown = [line.split()[2] for line in plain(report).splitlines() if line.startswith("  web-1.example.net  1.2.3 ")]
    assert shown == ["/usr/bin/dockerd", "/usr/local/bin/dockerd"]


def test_a_verdict_whose_host_is_not_listed_is_in_the_summary() -> None:
    assert "\n  uuid-lost          9.9    /var/lib/docker" in plain(stray())


@pytest.mark.parametrize("state", [state for state in HostState if state is not HostState.REPORTING])
def test_a_host_that_does_not_report_is_listed_with_its_state_and_why(state: HostState) -> None:
    host = replace(sample().hosts[0], state=state, note="a note")
    report = replace(
        sample(), hosts=(host,), verdicts=(replace(verdict(host.key, Status.UNKNOWN), evidence="why"),), changes=()
    )
    shown = f"  web-1.example.net  {state.value.replace('_', ' ')}  2026-11-23T12:00:00Z  why; a note\n"
    assert f"Hosts not reporting: 1\n{shown}" in plain(report)


def test_why_a_host_does_not_report_is_said_once() -> None:
    host = replace(sample().hosts[0], state=HostState.FAILING, note="why")
    report = replace(
        sample(), hosts=(host,), verdicts=(replace(verdict(host.key, Status.UNKNOWN), evidence="why"),), changes=()
    )
    assert "  web-1.example.net  failing  2026-11-23T12:00:00Z  why\n" in plain(report)


def test_a_waiver_with_nothing_to_waive_is_listed() -> None:
    report = replace(sample(), waivers=(replace(WAIVER, state=WaiverState.UNUSED),))
    assert "Waivers that waive nothing: 1\n  db-*  1.2.4  waiver (unused), until 2026-12-31" in plain(report)


def test_as_many_changes_are_listed_as_fit() -> None:
    change = Change(NOON, ChangeKind.OTHER, "uuid-web-1", "b", "v", "1.2.3", "", "pass", "unknown", "")
    assert f"\n  and {100 - MOST} more\n" in plain(replace(sample(), changes=(change,) * 100))


def test_a_file_that_can_not_be_read_is_named_without_a_line() -> None:
    reading = replace(sample().reading, unreadable=(Broken("web-2.log.gz", 0, "cut off"),), broken=30)
    assert plain(replace(sample(), reading=reading)).endswith(
        "  unreadable: web-2.log.gz: cut off\n"
        "  broken: web-1/osqueryd.results.log:7: expected a JSON object, found {\n"
        "  and 29 more broken lines\n"
    )


# The bar while something is read


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_progress_is_written_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with progress(stream, "reading", 10) as advance:
        advance(10)
    assert not stream.getvalue()


def test_a_bar_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with progress(stream, "[red]reading[/red]", 10) as advance:
        advance(10)
    assert "[red]reading[/red]" in stream.getvalue()

"""The page as text: what is in it, what can't be, and how it says numbers. What a browser makes of it is apart."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.audit.coverage.answer import Reason
from auditrules.benchmarks import BY_ID
from auditrules.report.model import Broken, Counts, Day, HostState, Report
from auditrules.report.present.html import FIRST, SHORT, render
from auditrules.report.present.html.chart import WHOLE, bar, chart
from auditrules.report.present.html.data import script
from auditrules.report.present.html.findings import remediations
from auditrules.report.present.html.wording import LONGEST, share, shown, utc, why, words
from auditrules.report.present.reasons import REASONS
from auditrules.report.present.wording import percent
from auditrules.status import Status
from tests.report.present.fleet import fleet
from tests.report.present.sample import (
    HOSTILE,
    NOON,
    NOTHING,
    WAIVER,
    hostile,
    only,
    sample,
    stray,
    two_systems,
    verdict,
)


class Page(HTMLParser):
    """The elements of a page with their attributes, its text, and what its scripts and styles hold."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.source = render(report)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._open = ""
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag == self._open else self._open

    def handle_data(self, data: str) -> None:
        if self._open in self.raw:
            self.raw[self._open].append(data)
        else:
            self.text += data

    @property
    def data(self) -> dict[str, dict[str, dict[str, list[object]]]]:
        """What the block of data says."""
        found: dict[str, dict[str, dict[str, list[object]]]] = json.loads(self.raw["script"][0])
        return found

    @property
    def shapes(self) -> set[tuple[str, frozenset[str]]]:
        """The kinds of elements, by what they are called and which attributes they have."""
        return {(tag, frozenset(attributes)) for tag, attributes in self.elements}

    def attributes(self, name: str) -> list[str | None]:
        """The values of an attribute, wherever it is."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]


PLAIN = Page(sample())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_element_and_no_attribute(text: str) -> None:
    alone = {("a", frozenset({"href"}))}  # what stands in the page whatever is in it
    assert Page(hostile(text)).shapes <= PLAIN.shapes | alone


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_ends_no_script(text: str) -> None:
    page = Page(hostile(text))
    assert [len(page.raw["script"]), len(page.raw["style"])] == [2, 1]
    assert page.raw["script"][1] == PLAIN.raw["script"][1]
    assert page.data["hosts"]["name"]["texts"] == [shown(text)]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_invisible_reaches_the_page(text: str) -> None:
    assert {each for each in Page(hostile(text)).source if not each.isprintable()} == {"\n"}


def test_bytes_that_are_no_text_reach_the_page_as_escapes() -> None:
    assert r"<li>a\xffb</li>" in render(hostile("a\udcffb")).encode().decode()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_in_no_remedy(text: str) -> None:
    assert "No remediation" in Page(hostile(text)).text
    assert "auditctl" not in Page(hostile(text)).text


@given(st.text() | st.sampled_from(HOSTILE))
def test_the_block_of_data_holds_no_markup_and_says_what_was_put_in(text: str) -> None:
    found = script({"text": text})
    assert not set(found) & set("<>&\u2028\u2029\x7f")
    assert found.isascii()
    assert json.loads(found) == {"text": text}


def test_the_policy_knows_the_style_and_the_script_by_their_hashes() -> None:
    def digest(text: str) -> str:
        return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"

    expected = (
        f"default-src 'none'; style-src '{digest(PLAIN.raw['style'][0])}'; "
        f"script-src '{digest(PLAIN.raw['script'][1])}'; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert expected in PLAIN.attributes("content")


def test_the_policy_stands_before_all_that_it_governs() -> None:
    assert PLAIN.source.index("Content-Security-Policy") < PLAIN.source.index("<style>")


def test_the_page_refers_to_itself_only() -> None:
    assert PLAIN.attributes("src") == []
    assert {str(each)[0] for each in PLAIN.attributes("href")} == {"#"}
    source = PLAIN.source
    for each in {link for control in BY_ID.values() for link in control.links}:
        source = source.replace(f"<dd>{each}</dd>", "")  # links of the catalogue stand there as text
    assert not re.search(r"url\(|@import|https?:", source)


def test_no_element_has_a_style_or_a_handler_of_its_own() -> None:
    names = {name for _, attributes in PLAIN.elements for name in attributes}
    assert {name for name in names if name == "style" or name.startswith("on")} == set()


def test_the_script_makes_no_markup_out_of_text() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval|Function\(", PLAIN.raw["script"][1])


def test_each_reference_has_its_element_and_each_element_its_own_id() -> None:
    ids = Counter(PLAIN.attributes("id"))
    wanted = {str(each)[1:] for each in PLAIN.attributes("href")} | {
        name
        for attribute in ("for", "aria-labelledby")
        for each in PLAIN.attributes(attribute)
        for name in str(each).split()
    }
    assert wanted <= set(ids)
    assert set(ids.values()) == {1}


def test_each_table_has_a_caption_and_each_head_a_scope() -> None:
    tags = Counter(tag for tag, _ in PLAIN.elements)
    assert tags["caption"] == tags["table"] == 8
    assert {attributes.get("scope") for tag, attributes in PLAIN.elements if tag == "th"} == {"col", "row"}


def test_a_report_on_nothing_says_so() -> None:
    text = Page(NOTHING).text
    said = (
        "No control was found",
        "no results",
        "none judged",
        "Nothing was judged.",
        "Every host reports.",
        "The logs hold no verdict.",
        "No day to show.",
        "No host fails a control.",
        "Nothing fails.",
        "Nothing changed.",
        "No waiver was given.",
        "Every line could be read.",
    )
    assert [each for each in said if each not in text] == []


def test_without_scripts_the_first_failures_are_there_and_the_rest_is_counted() -> None:
    report = fleet(1000)
    page = Page(report)
    failing = report.counts.failed
    assert failing > FIRST
    assert page.source.count('<td><span class="badge fail">fail</span></td><th scope="row">') == FIRST
    assert f"The first {FIRST} of {failing} failures are shown" in page.text


def test_names_that_a_host_makes_up_do_not_make_the_page_endless() -> None:
    plain = sample()
    names = [f"made-up-{number}" for number in range(SHORT + 500)]
    page = Page(
        replace(
            plain,
            controls=tuple(replace(plain.controls[0], benchmark=name, control=name) for name in names),
            groups=tuple(replace(plain.groups[0], group=name) for name in names),
            verdicts=tuple(replace(plain.verdicts[0], benchmark=name, control=name) for name in names),
        )
    )
    assert "The first 500 of 1,000 controls are shown." in page.text
    assert "The first 500 of 1,000 groups are shown." in page.text
    assert "The first 500 of 1,000 remediations are shown." in page.text
    assert "and 991 more" in page.text


def test_a_host_that_fails_by_two_targets_counts_once_beside_the_remedy() -> None:
    said = sample().verdicts[0]
    twice = remediations([said, replace(said, title="another title", evidence="more"), replace(said, host="uuid-db-1")])
    assert [(each.control, each.title, each.hosts, each.waived) for each in twice] == [("1.2.3", said.title, 2, 0)]


def test_the_trend_is_told_by_its_ends_with_their_denominators() -> None:
    silent = Day("2026-11-24", Counts(unknown=8))
    text = Page(replace(sample(), trend=(*sample().trend, silent))).text
    assert (
        "2026-11-21: 40 % of the 5 judged pass (2 of 5); 1 not applicable is not counted."
        "2026-11-24: Nothing was judged; 8 unknown are not counted."
    ) in text


def test_what_helps_most_hosts_comes_first() -> None:
    first, other = verdict("uuid-web-1", Status.FAIL), verdict("uuid-web-1", Status.FAIL, "1.2.4")
    found = remediations([first, other, replace(other, host="uuid-db-1")])
    assert [(each.control, each.hosts) for each in found] == [("1.2.4", 2), ("1.2.3", 1)]


def test_a_host_is_waived_where_all_that_a_remedy_is_for_is_waived() -> None:
    said = verdict("uuid-web-1", Status.FAIL)
    under = replace(said, waiver=WAIVER)
    assert [each.waived for each in remediations([said, under])] == [0]
    assert [each.waived for each in remediations([under, under])] == [1]


def test_broken_lines_and_files_that_could_not_be_read_are_named() -> None:
    reading = replace(sample().reading, broken=12, unreadable=(Broken("old.log.gz", 0, "ends in the middle"),))
    text = Page(replace(sample(), reading=reading)).text
    assert "the first 1 of 12 broken lines" in text
    assert "old.log.gzthe fileends in the middle" in text
    assert "web-1/osqueryd.results.log7expected a JSON object, found {" in text


def test_a_control_tells_its_version_where_there_are_two() -> None:
    first, second = sample().controls
    later = replace(second, version="1.6.0", control="1.1.5")
    said = replace(verdict("uuid-web-1", Status.FAIL), version="1.6.0", control="1.1.5")
    page = Page(replace(sample(), controls=(first, later), verdicts=(verdict("uuid-web-1", Status.PASS), said)))
    assert [each[0] for each in page.data["controls"]] == ["1.2.3 (1.2.0)", "1.1.5 (1.6.0)"]


def test_controls_are_grouped_by_benchmark() -> None:
    source = Page(two_systems()).source
    part = source[source.index('<section id="controls"') : source.index('<section id="trend"')]
    assert re.findall(r"<h3>(.*?)</h3>|data-place=\"(\d+)\"", part)[:4] == [
        ("CIS Debian Linux 12 1.0.0", ""),
        ("", "0"),
        ("CIS Debian Linux 13 1.0.0", ""),
        ("", "1"),
    ]


def test_a_control_tells_its_benchmark_where_another_has_its_number_and_version() -> None:
    assert [each[0] for each in Page(two_systems()).data["controls"]] == [
        "6.2.3.9 (CIS Debian Linux 12 1.0.0)",
        "6.2.3.9 (CIS Debian Linux 13 1.0.0)",
    ]


def test_controls_can_be_chosen_by_what_they_differ_in() -> None:
    source = Page(two_systems()).source
    assert re.findall(r'data-filter="(benchmark|family|level)"', source) == ["benchmark", "level"] * 2
    assert Page(two_systems()).data["about"] == {
        "benchmark": {"texts": ["CIS Debian Linux 12 1.0.0", "CIS Debian Linux 13 1.0.0"], "codes": [0, 1]},
        "family": {"texts": ["perm_mod"], "codes": [0, 0]},
        "level": {"texts": ["L2 server", "L1 server"], "codes": [0, 1]},
    }


def test_controls_of_one_benchmark_level_and_family_are_not_to_be_chosen_by_them() -> None:
    assert re.findall(r'data-filter="(benchmark|family|level)"', Page(sample()).source) == []


def test_a_verdict_whose_host_and_control_are_not_listed_is_in_the_page() -> None:
    data: dict[str, Any] = {**Page(stray()).data}
    assert data["controls"][-1] == ["9.9", "a control of nobody"]
    assert data["hosts"]["name"]["texts"][-1] == "uuid-lost"
    assert (data["findings"]["host"][-1], data["findings"]["control"][-1]) == (4, 2)
    assert data["changes"]["host"]["texts"] == ["uuid-lost"]


def test_each_text_stands_in_the_data_once() -> None:
    report = fleet(200)
    texts = Page(report).data["findings"]["target"]["texts"]
    assert len(texts) == len(set(map(str, texts))) < 20


def test_a_column_outside_the_list_reaches_no_page() -> None:
    assert set(PLAIN.data["findings"]) == {
        *("host", "control", "target", "status", "logged", "reason", "evidence", "next_boot", "since", "seen"),
        *("remediation", "waiver"),
    }


SHARES = (
    (Counts(), "Nothing was judged"),
    (Counts(unknown=1), "Nothing was judged; 1 unknown is not counted"),
    (Counts(passed=5), "100 % of the 5 judged pass (5 of 5)"),
    (
        Counts(passed=3, failed=2, unknown=2, not_applicable=1),
        "60 % of the 5 judged pass (3 of 5); 2 unknown and 1 not applicable are not counted",
    ),
    (
        Counts(failed=1200, not_applicable=1),
        "0 % of the 1,200 judged pass (0 of 1,200); 1 not applicable is not counted",
    ),
)


@pytest.mark.parametrize(("counts", "said"), SHARES)
def test_a_share_says_what_it_is_a_share_of(counts: Counts, said: str) -> None:
    assert share(counts) == said


PERCENTS = (
    (Counts(passed=99_999, failed=1), "99.9 %"),
    (Counts(passed=1, failed=99_999), "under 0.1 %"),
    (Counts(passed=2, failed=1, unknown=50), "66.6 %"),
    (Counts(unknown=1), "none judged"),
)


@pytest.mark.parametrize(("counts", "said"), PERCENTS)
def test_a_share_is_rounded_to_nothing_that_it_is_not(counts: Counts, said: str) -> None:
    assert percent(counts) == said


TIMES = (
    (NOON, "2026-11-23 12:00"),
    (0, "1970-01-01 00:00"),
    (-1, "1969-12-31 23:59"),
    (10**30, f"@{10**30}"),
    (None, "never"),
)


@pytest.mark.parametrize(("seconds", "said"), TIMES)
def test_a_time_is_in_utc(seconds: int | None, said: str) -> None:
    assert utc(seconds) == said


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    assert shown("x" * LONGEST) == "x" * LONGEST
    assert shown("x" * (LONGEST + 1500)) == f"{'x' * LONGEST}… (1,500 more characters)"


def test_a_host_that_does_not_report_says_why() -> None:
    host = replace(sample().hosts[0], state=HostState.FAILING, note="no such table: audit_coverage")
    assert why(host) == (
        "it reports, but a query fails there or the extension is not loaded; no such table: audit_coverage"
    )


COUNTS = st.builds(Counts, *[st.integers(0, 10**6)] * 4)


@given(COUNTS)
def test_a_bar_is_whole_and_shows_all_that_is_there(counts: Counts) -> None:
    parts = bar(counts)
    assert sum(part.length for part in parts) == (WHOLE if counts.total else 0)
    assert all(part.length > 0 and part.start >= 0 for part in parts)
    assert sum(part.count for part in parts) == counts.total


@given(st.lists(COUNTS))
def test_columns_stand_side_by_side_and_none_is_higher_than_the_chart(counts: list[Counts]) -> None:
    made = chart([Day("2026-11-23", each) for each in counts])
    assert made.top == max((each.total for each in counts), default=0)
    assert all(sum(part.length for part in column.parts) <= WHOLE for column in made.columns)
    ends = [column.x + column.width for column in made.columns]
    assert all(
        end <= column.x + 0.02
        for end, column in zip([0.0, *ends], made.columns, strict=False)  # two decimals
    )
    assert all(end <= WHOLE + 0.02 for end in ends)


def test_a_control_opens_to_what_its_benchmark_says() -> None:
    text = Page(sample()).text
    known = BY_ID["CIS Docker Benchmark", "1.2.0", "1.2.3"]
    says = (known.description, known.rationale, known.impact, *known.mappings, *known.links)
    assert all(each in text for each in (*says, *known.notes) if each)


def test_the_control_that_fails_on_most_hosts_comes_first() -> None:
    page = Page(fleet(60))
    failed = [each.counts.failed for each in fleet(60).controls]
    heads = re.findall(r'<tr data-place="\d+"><th scope="row" data-value="([\d.]+)"><a', page.source)
    by_number = {each.control: each.counts.failed for each in fleet(60).controls}
    assert [by_number[each] for each in heads] == sorted(failed, reverse=True)


def test_a_cause_is_told_once_however_many_hosts_have_it() -> None:
    said = verdict("uuid-web-1", Status.FAIL)
    hosts = [replace(said, host=f"h{number}") for number in range(1000)]
    found = remediations([*hosts, replace(said, reason="symlink")])
    assert [(each.reason, each.hosts) for each in found] == [(said.reason, 1000), ("symlink", 1)]


def test_what_is_unknown_is_told_by_cause_after_what_fails() -> None:
    fails, unknown = verdict("uuid-web-1", Status.FAIL), verdict("uuid-web-1", Status.UNKNOWN, "1.2.4")
    silent = [replace(unknown, host=f"h{number}", reason="stale") for number in range(3)]
    found = remediations([*silent, unknown, fails])
    assert [(each.status, each.control, each.reason, each.hosts) for each in found] == [
        (Status.FAIL, "1.2.3", fails.reason, 1),
        (Status.UNKNOWN, "1.2.4", "stale", 3),
        (Status.UNKNOWN, "1.2.4", unknown.reason, 1),
    ]
    page = Page(replace(sample(), verdicts=(fails, replace(unknown, reason="stale"))))
    assert "Unknown on 1 host." in page.text
    assert "Is the host up, does osqueryd run there, and do its logs still arrive?" in page.text


def test_a_line_feed_in_evidence_is_a_line_break() -> None:
    said = replace(verdict("uuid-web-1", Status.FAIL), evidence="one\ntwo\x1b")
    source = Page(only(said)).source
    assert "one\ntwo\\x1b" in source
    assert "\\x0a" not in source


def test_a_host_whose_queries_fail_is_not_called_failing() -> None:
    assert words(HostState.FAILING) == "query fails"


def test_a_reason_is_told_in_words_beside_its_code() -> None:
    assert "no rule records it" in Page(sample()).text
    assert set(REASONS) >= {each.value for each in Reason}


ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("page", ["tables", "benchmarks"])
def test_every_reason_that_a_page_tells_is_told_in_the_report(page: str) -> None:
    text = (ROOT / f"docs/{page}.md").read_text("utf-8")
    tables = re.findall(r"^\| reason \| what it means \|\n\|---\|---\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    words = {
        word for table in tables for row in table.splitlines() for word in re.findall("`(\\w+)`", row.split("|")[1])
    }
    assert words
    assert words - set(REASONS) == set()

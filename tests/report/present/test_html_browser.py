"""What Chromium makes of the page: `make browser`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from auditrules.report.model import HostState, Report, Verdict
from auditrules.report.present.html import render
from auditrules.report.present.html.wording import number, parts, share, shown
from auditrules.status import Status
from tests.report.present import browser as chromium
from tests.report.present.browser import Browser
from tests.report.present.fleet import fleet
from tests.report.present.pictures import take
from tests.report.present.sample import HOSTILE, NOTHING, hostile, sample, two_systems

COMMANDS = "echo '-w /usr/bin/dockerd -k docker' >>/etc/audit/rules.d/docker.rules\naugenrules --load"

pytestmark = pytest.mark.browser

FLEET = fleet(120)
NAMES = {host.key: host.name for host in FLEET.hosts}
GROUPS = {host.key: host.group for host in FLEET.hosts}


@pytest.fixture(scope="module")
def started() -> Iterator[Browser]:
    with chromium.browser() as made:
        yield made


@pytest.fixture
def page(started: Browser) -> Browser:
    started.look()
    return started


def status(page: Browser, table: str = "findings") -> str:
    return page.texts(f"#{table} .shown")[0]


def choose(page: Browser, field: str, said: str) -> None:
    select = Select(page.find(f"#{field}"))
    select.select_by_visible_text(next(each.text for each in select.options if each.text.startswith(f"{said} (")))


def write(page: Browser, field: str, text: str) -> None:
    page.find(f"#{field}").send_keys(text)


def hosts_shown(page: Browser) -> list[str]:
    return page.texts("#findings tbody tr > th strong")


def hosts_of(*wanted: Status) -> list[str]:
    return [NAMES[each.host] for each in FLEET.verdicts if each.status in wanted]


@pytest.mark.parametrize("report", [sample(), FLEET], ids=["sample", "fleet"])
def test_the_numbers_on_the_page_are_the_reports(page: Browser, report: Report) -> None:
    page.open(report)
    shown_counts = page.ask(
        "return Object.fromEntries([...document.querySelectorAll('[data-count]')]"
        ".map((each) => [each.dataset.count, each.textContent]))"
    )
    silent = [each for each in report.hosts if each.state is not HostState.REPORTING]
    read = report.reading
    expected = {
        f"{name}.{each.value}": number(count)
        for name, counts in (("hosts", report.host_counts), ("controls", report.counts))
        for each, count in parts(counts)
    }
    expected |= {"controls.waived": number(report.counts.waived)}
    expected |= {"reporting": number(len(report.hosts) - len(silent)), "known": number(len(report.hosts))}
    expected |= {
        f"state.{state.value}": number(sum(each.state is state for each in report.hosts)) for state in HostState
    }
    expected |= {
        f"read.{name}": number(count)
        for name, count in {
            "files": read.files,
            "lines": read.lines,
            "verdicts": read.rows,
            "duplicates": read.repeated,
            "lines of other queries": read.passed_over,
            "broken lines": read.broken,
        }.items()
    }
    assert shown_counts == expected
    assert page.texts("[data-share]") == [f"{share(report.host_counts)}.", f"{share(report.counts)}."]


def test_each_control_has_its_numbers_and_a_bar_that_says_them(page: Browser) -> None:
    page.open(FLEET)
    rows = page.ask(
        "return [...document.querySelectorAll('#controls tbody tr')].map((row) => "
        "[row.querySelector('strong').textContent, row.querySelector('svg').getAttribute('aria-label'), "
        "...[...row.querySelectorAll('.number')].slice(0, 5).map((each) => Number(each.dataset.value))])"
    )
    assert rows == [
        [
            each.control,
            ", ".join(f"{count} {status.value.replace('_', ' ')}" for status, count in parts(each.counts) if count),
            each.counts.passed,
            each.counts.failed,
            each.counts.unknown,
            each.counts.not_applicable,
            each.counts.waived,
        ]
        for each in sorted(FLEET.controls, key=lambda each: (-each.counts.failed, -each.counts.unknown))
    ]


def test_the_number_of_failures_leads_to_these_hosts(page: Browser) -> None:
    page.open(FLEET)
    most = max(FLEET.controls, key=lambda each: each.counts.failed)
    page.find("#controls a[data-control]").click()
    shown = page.ask(
        "return [...document.querySelectorAll('#findings td:nth-child(3) strong')].map((each) => each.textContent)"
    )
    assert set(shown) == {most.control}


def test_a_host_has_an_address_that_shows_all_of_its_controls(page: Browser) -> None:
    page.open(FLEET)
    page.find("#hosts tbody a").click()
    key = page.ask("return decodeURIComponent(location.hash.slice('#host='.length))")
    own = [each.control for each in FLEET.verdicts if each.host == key]
    assert sorted(page.texts("#findings td:nth-child(3) strong")) == sorted(own)


def test_what_is_filtered_is_saved_as_csv(page: Browser) -> None:
    page.open(FLEET)
    page.ask("URL.createObjectURL = (blob) => { window.saved = blob; return '#'; }")
    page.find("#controls a[data-control]").click()
    page.find("#findings [data-csv]").click()
    page.ask("window.saved.text().then((text) => { window.text = text; })")
    lines = page.ask("return window.text").splitlines()
    failing = [each for each in FLEET.verdicts if each.status is Status.FAIL]
    most = max(FLEET.controls, key=lambda each: each.counts.failed)
    assert len(lines) - 1 == sum(each.control == most.control for each in failing)


def test_the_chart_has_a_column_a_day_and_a_table_of_the_same(page: Browser) -> None:
    page.open(FLEET)
    days = [day.day for day in FLEET.trend]
    assert [title.partition(":")[0] for title in page.texts(".plot g title")] == days
    assert page.texts("#trend tbody th") == days
    assert page.texts("#trend tbody td:nth-child(3)") == [number(day.counts.failed) for day in FLEET.trend]


def test_the_console_has_nothing_to_say(page: Browser) -> None:
    page.open(FLEET)
    page.find("#findings .opener").click()
    write(page, "findings-text", "docker")
    page.find("#findings [data-clear]").click()
    assert page.complaints() == []


def test_no_request_leaves_the_page(page: Browser) -> None:
    address = page.open(FLEET)
    page.find("#findings .opener").click()
    assert page.requests() == [address]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_runs_nothing_and_is_read_as_it_is(page: Browser, text: str) -> None:
    page.open(sample())
    plain = set(page.ask("return [...document.querySelectorAll('*')].map((each) => each.localName)"))
    address = page.open(hostile(text))
    for select in ("findings-status", "hosts-state"):
        choose(page, select, "All")
    for opener in page.driver.find_elements("css selector", ".opener"):
        opener.click()
    tags = page.ask("return [...document.querySelectorAll('*')].map((each) => each.localName)")
    assert set(tags) <= plain | {"dl", "dt", "dd", "h3"}
    assert tags.count("script") == 2
    assert set(page.texts("#findings tbody tr > th strong")) == {shown(text)}
    assert set(page.texts("#findings tbody .evidence")) == {shown(text)}
    assert page.complaints() == []
    assert page.requests() == [address]


GOT_IN = (
    '<script>document.title = "mine"</script>',
    '<img src="https://example.net/x" onerror="document.title = 1">',
    '<link rel="stylesheet" href="https://example.net/x.css">',
    '<iframe src="https://example.net/"></iframe>',
    '<p style="position: fixed; inset: 0">mine</p>',
    "<style>main { display: none }</style>",
)


@pytest.mark.parametrize("markup", GOT_IN)
def test_markup_that_would_get_in_runs_nothing_and_asks_nobody(page: Browser, markup: str) -> None:
    address = page.open_text(render(sample()).replace('<section id="summary"', f'{markup}<section id="summary"'))
    assert page.driver.title.startswith("What the fleet audits")
    assert page.find("main").is_displayed()
    assert page.requests() == [address]
    assert "Content Security Policy" in page.complaints()[0]


def test_the_page_can_make_no_markup_out_of_text(page: Browser) -> None:
    page.open(sample())
    refused = page.ask("try { document.body.innerHTML = '<p>'; return '' } catch (error) { return error.name }")
    assert refused == "TypeError"
    assert "TrustedHTML" in page.complaints()[0]


def test_failures_are_shown_first(page: Browser) -> None:
    page.open(FLEET)
    assert hosts_shown(page) == hosts_of(Status.FAIL)
    count = FLEET.counts.failed
    assert status(page) == f"Shown: {count} of {count} matching; 1,200 in all"


@pytest.mark.parametrize("wanted", [Status.UNKNOWN, Status.NOT_APPLICABLE])
def test_a_status_can_be_chosen(page: Browser, wanted: Status) -> None:
    page.open(FLEET)
    choose(page, "findings-status", wanted.value.replace("_", " "))
    assert hosts_shown(page) == hosts_of(wanted)[:100]


def test_a_control_can_be_chosen(page: Browser) -> None:
    page.open(FLEET)
    choose(page, "findings-status", "All")
    choose(page, "findings-control", "1.2.4 Auditing for /var/lib/docker is configured")
    assert set(page.texts("#findings tbody td:nth-child(3) strong")) == {"1.2.4"}
    assert status(page) == "Shown: 100 of 120 matching; 1,200 in all"


def test_a_group_can_be_chosen(page: Browser) -> None:
    page.open(FLEET)
    choose(page, "findings-group", "staging")
    assert hosts_shown(page) == [
        NAMES[each.host] for each in FLEET.verdicts if each.status is Status.FAIL and GROUPS[each.host] == "staging"
    ]


def test_what_is_waived_can_be_put_aside(page: Browser) -> None:
    page.open(sample())
    choose(page, "findings-waiver", "Not waived")
    assert hosts_shown(page) == ["web-1.example.net"]
    choose(page, "findings-waiver", "Waived")
    assert hosts_shown(page) == ["db-1.example.net"]
    assert (
        "waiver (active), until 2026-12-31, by storage team: moves to the new storage"
        in page.texts("#findings .waiver")[0]
    )


def test_each_word_of_a_search_is_somewhere_in_a_row(page: Browser) -> None:
    page.open(FLEET)
    choose(page, "findings-status", "All")
    write(page, "findings-text", "WEB-1. /etc/docker/")
    assert page.texts("#findings tbody code") == ["/etc/docker/daemon.json"]
    assert hosts_shown(page) == ["web-1.example.net"]


def test_a_search_without_a_match_says_so_and_can_be_cleared(page: Browser) -> None:
    page.open(FLEET)
    write(page, "findings-text", "nowhere")
    assert page.texts("#findings tbody td") == ["No row matches."]
    assert status(page) == "Shown: 0 of 0 matching; 1,200 in all"
    page.find("#findings [data-clear]").click()
    assert status(page) == "Shown: 100 of 1,200 matching; 1,200 in all"


def test_a_report_on_nothing_says_so_and_breaks_nothing(page: Browser) -> None:
    page.open(NOTHING)
    assert page.texts("td.none, #controls .none") == [
        *("The logs hold no verdict.", "No host fails a control.", "Every host reports.", "Nothing changed."),
        "No waiver was given.",
    ]
    choose(page, "findings-status", "pass")
    assert page.texts("#findings td") == ["No row matches."]
    assert page.complaints() == []


def test_more_rows_are_shown_when_asked_for(page: Browser) -> None:
    page.open(FLEET)
    page.find("#findings [data-clear]").click()
    further = page.find("#findings .further")
    assert further.text == "Show 100 more of 1,100"
    further.click()
    assert len(hosts_shown(page)) == 200


SORTS: tuple[tuple[str, Callable[[Verdict], Any]], ...] = (
    ("status", lambda each: list(Status).index(each.status)),
    ("host", lambda each: natural(NAMES[each.host])),
    ("control", lambda each: natural(each.control)),
    ("target", lambda each: each.target),
    ("since", lambda each: each.since or 0),
)


def natural(text: str) -> list[str | int]:
    """A text by its words and numbers, so that 2 comes before 10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)]


@pytest.mark.parametrize(("column", "key"), SORTS, ids=[each[0] for each in SORTS])
def test_a_column_sorts_up_and_down(page: Browser, column: str, key: Callable[[Verdict], Any]) -> None:
    page.open(FLEET)
    choose(page, "findings-status", "All")
    head = f'#findings th[data-column="{column}"]'
    for direction in ("ascending", "descending"):
        page.find(f"{head} button").click()
        rows = sorted(FLEET.verdicts, key=key, reverse=direction == "descending")  # equal rows keep their order
        assert page.find(head).get_attribute("aria-sort") == direction
        assert hosts_shown(page) == [NAMES[each.host] for each in rows[:100]]


def test_every_column_of_every_table_sorts(page: Browser) -> None:
    page.open(sample())
    page.find("#trend summary").click()
    heads = page.driver.find_elements("css selector", "thead th:not([data-unsorted])")
    for head in heads:
        head.find_element("css selector", "button").click()
        assert head.get_attribute("aria-sort") == "ascending"
    assert len(heads) == len(page.driver.find_elements("css selector", "thead th")) - 2  # the bars
    assert len(page.driver.find_elements("css selector", '[aria-sort="ascending"]')) == 8  # one a table


def test_numbers_sort_as_numbers(page: Browser) -> None:
    page.open(FLEET)
    page.find("#controls thead th:nth-child(4) button").click()
    assert page.texts("#controls tbody td:nth-child(4)") == [
        str(count) for count in sorted(each.counts.passed for each in FLEET.controls)
    ]


def test_hosts_that_do_not_report_are_shown_with_why_and_all_can_be(page: Browser) -> None:
    page.open(sample())
    assert page.texts("#hosts tbody tr > *") == [
        *("missing", "cache-1", "", "unknown", "0", "never", "the inventory names it, and no log does")
    ]
    choose(page, "hosts-state", "All")
    assert len(page.texts("#hosts tbody tr")) == 4


def test_a_kind_of_change_can_be_chosen(page: Browser) -> None:
    page.open(sample())
    choose(page, "changes-kind", "fixed")
    assert page.texts("#changes tbody tr > *") == [
        *("2026-11-22 12:00", "fixed", "db-1.example.net", "1.2.3", "/usr/bin/dockerd", "fail", "pass"),
        "what uuid-db-1 says of /usr/bin/dockerd",
    ]


def test_a_failing_row_opens_to_its_remediation(page: Browser) -> None:
    page.open(sample())
    page.find("#findings .opener").click()
    assert page.texts("#findings .detail pre") == [COMMANDS]
    assert page.find("#findings .opener").get_attribute("aria-expanded") == "true"
    page.find("#findings .opener").click()
    assert page.texts("#findings .detail") == []


def test_a_remediation_is_copied_or_else_selected(page: Browser) -> None:
    page.open(sample())
    page.ask("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    page.find("#remediation .copy").click()
    assert page.ask("return window.copied") == COMMANDS
    assert page.texts("#announcement") == ["The commands are copied."]
    page.ask("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    page.find("#remediation .copy").click()
    assert page.ask("return getSelection().toString()") == COMMANDS
    assert page.texts("#announcement") == ["The commands are selected: copy them with the keyboard."]


def test_the_first_key_leads_past_the_links(page: Browser) -> None:
    page.open(sample())
    ActionChains(page.driver).send_keys(Keys.TAB).perform()
    assert page.ask("return document.activeElement.textContent") == "Skip to the report"
    ActionChains(page.driver).send_keys(Keys.ENTER).perform()
    assert page.ask("return document.activeElement.id") == "main"


def test_the_keyboard_reaches_all_that_the_mouse_does_and_shows_where_it_is(page: Browser) -> None:
    page.open(sample())
    wanted = page.ask(
        "return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex=\"0\"]')]"
        ".filter((each) => each.checkVisibility()).map((each, place) => { each.dataset.place = place; return place })"
    )
    seen = {}
    for _ in wanted:
        ActionChains(page.driver).send_keys(Keys.TAB).perform()
        place, outline = page.ask(
            "return [document.activeElement.dataset.place, getComputedStyle(document.activeElement).outlineStyle]"
        )
        seen[int(place)] = outline
    assert sorted(seen) == wanted
    assert set(seen.values()) == {"solid"}


def test_the_keyboard_sorts_and_opens(page: Browser) -> None:
    page.open(sample())
    page.find('#findings th[data-column="host"] button').send_keys(Keys.ENTER)
    assert hosts_shown(page) == ["db-1.example.net", "web-1.example.net"]
    page.find("#findings .opener").send_keys(Keys.SPACE)
    assert page.texts("#findings .detail pre") == [COMMANDS.replace("/usr/bin/dockerd", "/var/lib/docker")]


def test_each_control_of_the_page_has_a_name(page: Browser) -> None:
    page.open(sample())
    names = [
        each.accessible_name
        for each in page.driver.find_elements(
            "css selector", "button, input, select, summary, table, [role=region], svg"
        )
        if each.is_displayed()
    ]
    assert len(names) > 60
    assert "" not in names


# The ratio of the luminances of a text and of what is behind it, as in WCAG 2.2, for each text that can be seen.
CONTRASTS = """
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgba = (colour) => {
  canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = ([r, g, b]) => [r, g, b].map((each) => each / 255)
  .map((each) => each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4)
  .reduce((sum, each, place) => sum + each * [.2126, .7152, .0722][place], 0);
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const colour = rgba(getComputedStyle(each).backgroundColor);
    if (colour[3] === 255) return colour;
  }
};
const low = [];
for (const each of document.querySelectorAll('body *')) {
  if (!each.checkVisibility() || each.closest('svg, script, .unseen, .skip')) continue;
  if (![...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
  const [a, b] = [luminance(rgba(getComputedStyle(each).color)), luminance(behind(each))].sort((x, y) => y - x);
  const ratio = (a + .05) / (b + .05);
  if (ratio < 4.5) low.push(`${each.localName}.${each.className} ${ratio.toFixed(2)} ${each.textContent.slice(0, 30)}`);
}
return [low, luminance(behind(document.body))];
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_can_be_read_in_the_light_and_in_the_dark(page: Browser, *, dark: bool) -> None:
    page.look(dark=dark)
    page.open(FLEET)
    page.find("#findings .opener").click()
    low, ground = page.ask(CONTRASTS)
    assert low == []
    assert (ground < 0.05) if dark else (ground > 0.8)


def test_paper_has_the_numbers_and_nothing_to_press(page: Browser) -> None:
    page.look(printed=True, dark=True)
    page.open(sample())
    low, ground = page.ask(CONTRASTS)
    assert (low, ground) == ([], 1)
    assert (
        page.ask(
            "return [...document.querySelectorAll('nav, .filters, .copy, .opener, .further, summary')]"
            ".filter((each) => each.checkVisibility()).length"
        )
        == 0
    )
    assert page.ask("return document.querySelector('#trend td').checkVisibility({contentVisibilityAuto: true})")


def test_a_narrow_window_scrolls_its_tables_and_not_the_page(page: Browser) -> None:
    page.look(360, 800)
    page.open(hostile("x" * 300))
    assert page.ask("return document.documentElement.scrollWidth") == 360


def test_without_scripts_the_page_can_be_read(page: Browser) -> None:
    page.look(scripts=False)
    page.open(FLEET)
    shown_hosts = [each.text for each in page.driver.find_elements("css selector", "#findings tbody tr > th strong")]
    assert shown_hosts == hosts_of(Status.FAIL)[:100]
    assert not page.find("#findings .filters").is_displayed()
    assert page.find("#controls tbody tr").is_displayed()


def test_a_moment_that_no_calendar_reaches_is_a_number(page: Browser) -> None:
    plain = sample()
    page.open(replace(plain, verdicts=tuple(replace(each, since=10**15) for each in plain.verdicts)))
    assert page.texts("#findings tbody td:last-child")[0] == f"@{10**15}"


def test_ten_thousand_hosts_are_filtered_and_sorted(page: Browser) -> None:
    report = fleet(10_000)
    page.open(report)
    assert status(page) == f"Shown: 100 of {report.counts.failed:,} matching; 100,000 in all"
    page.find("#findings [data-clear]").click()
    page.find('#findings th[data-column="since"] button').click()
    write(page, "findings-text", "web-1999.")
    assert set(hosts_shown(page)) == {"web-1999.example.net"}
    assert status(page) == "Shown: 10 of 10 matching; 100,000 in all"
    assert page.complaints() == []
    assert page.ask("return document.querySelectorAll('*').length") < 10_000


def test_pictures_of_the_page_can_be_made_and_are_small(page: Browser, tmp_path: Path) -> None:
    made = take(page, tmp_path)
    assert [file.name for file in made if file.stat().st_size > 150_000] == []
    assert [file.read_bytes()[:4] for file in made] == [b"\x89PNG"] * 4


# What controls are chosen by


def test_the_tables_of_controls_show_what_is_chosen(page: Browser) -> None:
    page.open(two_systems())
    choose(page, "controls-level", "L1 server")
    for of in ("h3", "tr[data-place]"):
        found = page.driver.find_elements("css selector", f"#controls [data-benchmark] {of}")
        assert [each.is_displayed() for each in found] == [False, True]
    assert page.texts("#announcement") == ["1 of 2 controls are shown."]


@pytest.mark.parametrize(
    ("field", "said"), [("benchmark", "CIS Debian Linux 12 1.0.0"), ("level", "L2 server")], ids=["benchmark", "level"]
)
def test_findings_are_chosen_by_what_their_controls_are(page: Browser, field: str, said: str) -> None:
    page.open(two_systems())
    choose(page, f"findings-{field}", said)
    assert page.texts("#findings tbody td:nth-child(3) strong") == ["6.2.3.9 (CIS Debian Linux 12 1.0.0)"]
    assert status(page) == "Shown: 1 of 1 matching; 2 in all"


def test_on_paper_headings_are_words_that_chromium_repeats_on_each_page(page: Browser) -> None:
    buttons = "return document.querySelectorAll('thead button').length"
    headings = "return [...document.querySelectorAll('thead th')].map((each) => each.textContent)"
    on_screen = page.driver.execute_script(headings)
    before = page.driver.execute_script(buttons)
    page.driver.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert (page.driver.execute_script(buttons), page.driver.execute_script(headings)) == (0, on_screen)
    page.driver.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.driver.execute_script(buttons) == before > 0

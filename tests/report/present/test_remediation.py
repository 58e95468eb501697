"""What to do about a verdict, and that no host has a say in it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditrules.benchmarks.remediation import ADVICE
from auditrules.report.model import Verdict
from auditrules.report.present.remediation import Remediation, find_remediation
from auditrules.status import Status
from tests.report.present.sample import HOSTILE, verdict

FAILING = verdict("web-1", Status.FAIL)
LINE = "-w /usr/bin/dockerd -k docker"
OWN = Remediation(
    f"Put the line {LINE} into /etc/audit/rules.d/docker.rules, then run augenrules --load. If the rules are locked "
    "(enabled 2), they load at the next boot. Afterwards auditctl -l must show the rule.",
    LINE,
    "/usr/bin/dockerd",
    elsewhere=False,
)
LOCAL = "/usr/local/bin/dockerd"

CASES = (
    ("the benchmark's own path", FAILING, OWN),
    ("no target", replace(FAILING, target=""), OWN),
    (
        "another place that the benchmark's data names",
        replace(FAILING, target=LOCAL),
        replace(OWN, text=OWN.text.replace(OWN.path, LOCAL), line=LINE.replace(OWN.path, LOCAL), path=LOCAL),
    ),
    ("a place that it does not name", replace(FAILING, target="/srv/dockerd"), replace(OWN, elsewhere=True)),
    (
        "something else stands in the way",
        replace(FAILING, reason="disabled"),
        Remediation(ADVICE["disabled"].text, "", OWN.path, elsewhere=False),
    ),
    (
        "something else stands in the way, and the line is needed too",
        replace(FAILING, reason="suppressed"),
        replace(OWN, text=f"{ADVICE['suppressed'].text} {OWN.text}"),
    ),
    ("no known benchmark", replace(FAILING, version="0.9"), None),
    ("no known control", replace(FAILING, control="9.9"), None),
    ("it passes", replace(FAILING, status=Status.PASS), None),
    ("it is unknown", replace(FAILING, status=Status.UNKNOWN), None),
)


@pytest.mark.parametrize(("said", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_remediation_is_the_benchmarks(said: Verdict, expected: Remediation | None) -> None:
    assert find_remediation(said) == expected


@given(st.text() | st.sampled_from(HOSTILE), st.text() | st.sampled_from(HOSTILE))
def test_a_row_writes_no_word_of_a_remediation(target: str, text: str) -> None:
    said = replace(
        FAILING, target=target, title=text, reason=text, evidence=text, logged=text, next_boot=text, host=text
    )
    found = find_remediation(said)
    assert found is not None
    assert replace(found, elsewhere=False) == OWN

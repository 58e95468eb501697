"""The validator says no to what Fleet says no to."""

from __future__ import annotations

import pytest

from tests.fixtures.fleet import applied_complaints, complaints, table_complaints

POLICY = {"name": "p", "query": "SELECT 1;", "platform": "linux"}
REPORT = {**POLICY, "interval": 60}
LABEL = {"name": "l", "query": "SELECT 1;"}
COLUMN = {"name": "c", "type": "text", "description": "d"}
TABLE = {"name": "t", "description": "d", "platforms": ["linux"], "columns": [COLUMN]}


@pytest.mark.parametrize(
    ("kind", "item", "complaint"),
    [
        ("policy", {**POLICY, "cis_id": "1"}, "p: cis_id: there is no such key"),
        ("policy", {"name": "p"}, "p: query: missing"),
        ("policy", {**POLICY, "query": ""}, "p: query: missing"),
        ("policy", {**POLICY, "critical": "no"}, "p: critical: found str"),
        ("policy", {**POLICY, "platform": "linux,debian"}, "p: platform: found debian"),
        ("policy", {**POLICY, "description": "a $b"}, "p: description: a dollar sign is taken for a variable"),
        ("policy", {**POLICY, "description": "e\u0301"}, "p: description: not in normal form C"),
        ("policy", {**POLICY, "labels_include_all": ["x"]}, "p: labels_include_all: there is no label 'x'"),
        (
            "policy",
            {**POLICY, "labels_include_all": [], "labels_include_any": []},
            "p: labels_include_any and labels_include_all exclude one another",
        ),
        (
            "policy",
            {**POLICY, "labels_exclude_all": [], "labels_exclude_any": []},
            "p: labels_exclude_any and labels_exclude_all exclude one another",
        ),
        ("policy", "p", "expected an object, found 'p'"),
        ("report", {**REPORT, "interval": True}, "p: interval: found bool"),
        ("report", {**REPORT, "logging": "all"}, "p: logging: found all"),
        ("report", {**REPORT, "resolution": "x"}, "p: resolution: there is no such key"),
        ("label", {**LABEL, "hosts": []}, "l: expected one of query, hosts and criteria"),
        ("label", {"name": "l"}, "l: expected one of query, hosts and criteria"),
        ("label", {**LABEL, "label_membership_type": "x"}, "l: label_membership_type: found x"),
        (
            "label",
            {**LABEL, "description": "x" * 256},
            "l: expected a name in ASCII and a description of at most 255 characters",
        ),
    ],
)
def test_a_mistake_is_told(kind: str, item: object, complaint: str) -> None:
    assert complaints(kind, [item]) == [complaint]


def test_a_name_that_is_there_twice_is_told() -> None:
    assert complaints("policy", [POLICY, POLICY]) == ["p: the name is there twice"]


def test_what_is_no_list_is_told() -> None:
    assert complaints("policy", {"policies": []}) == ["expected a list, found dict"]


@pytest.mark.parametrize(("kind", "item"), [("policy", POLICY), ("report", REPORT), ("label", LABEL)])
def test_what_is_right_is_not_complained_of(kind: str, item: object) -> None:
    assert complaints(kind, [item]) == []


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"kind": "policy", "spec": {}}, "expected apiVersion, kind and spec, found {'kind': 'policy', 'spec': {}}"),
        ({"apiVersion": "v1", "kind": "query", "spec": POLICY}, "expected v1 and policy, found v1 and query"),
        ({"apiVersion": "v1", "kind": "policy", "spec": {**POLICY, "x": 1}}, "p: x: there is no such key"),
        ({"apiVersion": "v1", "kind": "policy", "spec": {**POLICY, "cis_id": 1.2}}, "p: cis_id: found float"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_document_is_told(document: object, complaint: str) -> None:
    assert applied_complaints([document]) == [complaint]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({**TABLE, "url": "x"}, "t: url: there is no such key"),
        ({**TABLE, "columns": []}, "t: columns: missing"),
        ({**TABLE, "columns": [{**COLUMN, "index": True}]}, "c: index: there is no such key"),
        ({**TABLE, "columns": [{**COLUMN, "type": "int"}]}, "c: type: expected text, integer or bigint, found int"),
    ],
)
def test_a_mistake_in_a_table_is_told(table: object, complaint: str) -> None:
    assert table_complaints(table) == [complaint]

"""A store that has an address: who reads it, and what the command says where that can't be."""

from __future__ import annotations

import io
import sys

import pytest

from auditrules.cli import main

LAKE = "s3a://bucket/auditrules"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--store", LAKE), f"{LAKE}: expected a folder: a store with an address is read with --engine spark"),
        (
            ("--store", LAKE, "--engine", "spark", "/var/log/osquery"),
            f"{LAKE}: expected no logs beside a store with an address, which is only read: /var/log/osquery",
        ),
        (
            ("--store", LAKE, "--engine", "spark"),
            "the Python package pyspark is not there: in a clone, pip install '.[spark]' (docs/operation.md)",
        ),
        (
            ("/dev/null", "--engine", "spark"),
            "the Python package pyspark is not there: in a clone, pip install '.[spark]' (docs/operation.md)",
        ),
        (("--engine", "spark"), "the following arguments are required: PATH"),
        (("--store", "/srv/store"), "the following arguments are required: PATH"),
    ],
    ids=["DuckDB", "logs beside it", "without pyspark", "logs, without pyspark", "nothing", "a folder alone"],
)
def test_the_command_says_what_it_expects(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.delitem(sys.modules, "auditrules.report.evaluate.spark_engine", raising=False)
    out, err = io.StringIO(), io.StringIO()
    assert main(["report", *arguments], stdout=out, stderr=err) == 2
    assert (out.getvalue(), err.getvalue()) == ("", f"auditrules: {said}\n")

"""docs/reporting.md says what the code does."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path

import pytest
import yaml

from auditrules.report import model
from auditrules.report.present.formats import FORMATS, write
from auditrules.report.present.formats.document import FORMAT
from auditrules.report.present.formats.rows import COLUMNS
from tests.report.present.sample import WAIVER, sample

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found]

PAGE = (Path(__file__).parents[2] / "docs" / "reporting.md").read_text("utf-8")
DEFINED = [each for each in vars(model).values() if isinstance(each, type)]
MODELS = [each for each in DEFINED if is_dataclass(each)]
WORDS = [word.value for words in DEFINED if issubclass(words, Enum) for word in words]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    return PAGE.partition(f"\n### {title}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_a_section(form: str) -> None:
    assert section(form)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_of_a_report_is_told(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_of_csv_is_told(column: str) -> None:
    assert f"`{column}`" in section("csv")


@pytest.mark.parametrize("key", sorted({field.name for model in MODELS for field in fields(model)}))
def test_every_key_of_json_is_told(key: str) -> None:
    assert f"`{key}`" in section("json")


def test_the_name_of_the_format_is_told() -> None:
    assert f"`{FORMAT}`" in section("json")


def test_the_line_of_ocsf_is_the_one_that_is_written() -> None:
    (shown,) = blocks("json")
    assert json.loads(shown) == json.loads(next(write(sample(), "ocsf")))


def test_the_waiver_that_is_shown_is_the_one_of_the_sample() -> None:
    (shown,) = blocks("toml")
    (waiver,) = tomllib.loads(shown)["waiver"]
    wanted = {
        field.name: getattr(WAIVER, field.name)
        for field in fields(model.Waiver)
        if not isinstance(getattr(WAIVER, field.name), Enum)
    }
    assert {name: str(value) for name, value in waiver.items()} == wanted


def test_the_configuration_of_filebeat_is_yaml() -> None:
    (shown,) = blocks("yaml")
    assert sorted(yaml.safe_load(shown)) == [
        "filebeat.inputs",
        "output.elasticsearch",
        "processors",
        "setup.ilm.enabled",
        "setup.template",
    ]

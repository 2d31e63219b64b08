"""docs/generators.md is complete, and what it shows can be pasted into a blueprint."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from assay.distributions import DISTRIBUTIONS
from assay.spec import Arm, Blueprint, Generate, Planted, load_blueprint
from assay.spec.law import read_law
from assay.spec.model import Model

HERE = Path(__file__).parents[3]
PAGE = (HERE / "docs/generators.md").read_text()
SMALL = load_blueprint(HERE / "tests/data/blueprints/small.yaml")
MODELS: dict[str, type[Model]] = {
    "How a fact is drawn": Generate,
    "What an arm changes": Arm,
    "What goes wrong": Planted,
}


def rows(heading: str) -> dict[str, str]:
    """First cell to YAML of the table below a heading."""
    section = PAGE.split(f"## {heading}")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| `(.+?)` \|", section, flags=re.MULTILINE))


LAWS = rows("Laws")
FIELDS = [(heading, field) for heading in MODELS for field in rows(heading)]


def test_every_law_and_every_field_is_there_once() -> None:
    assert set(LAWS) == set(DISTRIBUTIONS)
    for heading, model in MODELS.items():
        assert list(rows(heading)) == list(model.model_fields), heading
    table_rows = re.findall(r"^\| `\w+` \|", PAGE, flags=re.MULTILINE)
    assert len(table_rows) == len(LAWS) + len(FIELDS)


@pytest.mark.parametrize("name", LAWS)
def test_the_law_of_a_row_is_read(name: str) -> None:
    assert read_law(yaml.safe_load(LAWS[name])).name == name


@pytest.mark.parametrize(("heading", "field"), FIELDS)
def test_a_blueprint_with_the_line_of_a_row_is_valid(heading: str, field: str) -> None:
    """In the small blueprint, whose second arm has effects that can fade."""
    tree = json.loads(SMALL.document())
    experiment = tree["experiments"]["one_click_trading"] | {"repeat_every_weeks": None}
    tree["experiments"]["one_click_trading"] = experiment
    place = {
        Generate: tree["facts"]["trades"]["generate"],
        Arm: experiment["arms"][1],
        Planted: experiment["planted"],
    }[MODELS[heading]]
    line = yaml.safe_load(rows(heading)[field])
    assert list(line) == [field]
    place |= line
    assert field in Blueprint.parse(json.dumps(tree), "page").document()

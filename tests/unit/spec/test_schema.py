"""The schemas that editors get: what ships with Assay is valid by them, what is misspelt is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from assay.distributions import DISTRIBUTIONS
from assay.errors import InputError
from assay.spec import reading, schema

ROOT = Path(__file__).parents[3]
BLUEPRINTS = [
    *(ROOT / "glue_configs/blueprints").glob("*.yaml"),
    *(ROOT / "tests/data/blueprints").glob("*.yaml"),
    *(ROOT / "examples").rglob("cash.yaml"),
]
SOURCES = [*(ROOT / "examples").glob("*/sources/*.yaml"), *(ROOT / "glue_configs").glob("sources/*.yaml")]
CONTRACTS = [
    *(ROOT / "glue_configs/contracts").glob("*.yaml"),
    *(ROOT / "examples").glob("*/contracts/*.yaml"),
]
DRAWN = ROOT / "tests/data/blueprints/small.yaml"


def checker(name: str) -> Any:
    found = schema.named(name)
    kind = jsonschema.validators.validator_for(found)
    kind.check_schema(found)
    return kind(found)


def tree(path: Path) -> dict[str, Any]:
    return reading.read(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize(
    ("name", "paths"), [("blueprint", BLUEPRINTS), ("source", SOURCES), ("contract", CONTRACTS)]
)
def test_what_ships_is_valid(name: str, paths: list[Path]) -> None:
    assert paths
    check = checker(name)
    for path in paths:
        assert [error.message for error in check.iter_errors(tree(path))] == [], path


def test_the_page_of_sources_is_valid() -> None:
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    shown = reading.read(text.split("```yaml\n")[1].split("```")[0], "docs/sources.md")
    checker("source").validate(shown)


def test_what_is_misspelt_or_out_of_range_is_told() -> None:
    good = tree(DRAWN)
    check = checker("blueprint")

    def errors(**changes: object) -> list[str]:
        return [error.message for error in check.iter_errors({**copy.deepcopy(good), **changes})]

    assert errors() == []
    assert "'sed' was unexpected" in errors(sed=3)[0]
    assert "2 is greater than or equal to the maximum of 1" in errors(alpha=2)[0]
    assert errors(metrics={"Bad Name": {}})
    assert errors(start=20260105)


@pytest.mark.parametrize(
    ("law", "valid"),
    [
        ({"distribution": "poisson", "rate": 2}, True),
        ({"distribution": "poisson", "rate": "2"}, False),
        ({"distribution": "poisson"}, False),
        ({"distribution": "poison", "rate": 2}, False),
        ({"distribution": "poisson", "rate": 2, "rat": 1}, False),
        (
            {"distribution": "zero_inflated", "zeros": 0.5, "of": {"distribution": "constant", "value": 1}},
            True,
        ),
        ({"distribution": "zero_inflated", "zeros": 0.5, "of": {"distribution": "constant"}}, False),
        ({"distribution": "empirical", "values": [1, 2], "weights": [1, 1]}, True),
        ({"distribution": "empirical", "values": ["a"], "weights": [1]}, False),
    ],
)
def test_a_law_is_one_of_the_distributions_with_its_parameters(law: dict[str, Any], valid: bool) -> None:
    found = schema.named("blueprint")
    rule = {"$ref": "#/$defs/Distribution", "$defs": found["$defs"]}
    assert jsonschema.Draft202012Validator(rule).is_valid(law) == valid
    generate = found["$defs"]["Generate"]["properties"]
    (values,) = generate["values"]["patternProperties"].values()
    assert generate["rate"]["$ref"] == values["$ref"] == "#/$defs/Distribution"
    assert len(found["$defs"]["Distribution"]["oneOf"]) == len(DISTRIBUTIONS)


def _models(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from ((name, each) for name, each in found["$defs"].items() if "properties" in each)


@pytest.mark.parametrize("name", ["blueprint", "source"])
def test_every_model_and_field_is_described(name: str) -> None:
    found = schema.named(name)
    assert json.loads(json.dumps(found)) == found
    for model, each in _models(found):
        assert each["description"], model
        assert "Attributes:" not in each["description"]
        for field, rule in each["properties"].items():
            if field not in {"kind", "distribution"}:
                assert rule.get("description"), f"{model}.{field}"


def test_an_inherited_field_is_described_by_its_base() -> None:
    html = schema.named("source")["$defs"]["Html"]["properties"]
    assert html["secret"]["description"].startswith("Name of the secret")
    assert html["rows"]["description"].startswith("Selector of the repeating thing")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="there is no schema 'blueprnt'; did you mean 'blueprint'"):
        schema.named("blueprnt")

"""docs/scale.md has the figures of the model, and names limits that stand in the templates."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from assay import configs
from assay.stacks import template_yaml

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def scale() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_scale", DOCS / "scale.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_figures_are_those_of_the_model(scale: ModuleType) -> None:
    text = (DOCS / "scale.md").read_text(encoding="utf-8")
    assert scale.page(text) == text, "run `make docs`"
    assert "| 1 × | 100 × | 10,000 × |" in text


@pytest.mark.parametrize(
    ("stack", "parameter", "value"),
    [("database", "InstanceClass", "db.t4g.micro"), ("database", "MaximumStorage", "100"),
     ("capture", "MaximumCapacity", "2")],
)  # fmt: skip
def test_limits_are_those_of_the_templates(stack: str, parameter: str, value: str) -> None:
    document = template_yaml.read(configs.path(f"glue_configs/stacks/{stack}.yaml"))
    assert str(document["Parameters"][parameter]["Default"]) == value
    assert f"`{parameter}`" in (DOCS / "scale.md").read_text(encoding="utf-8")

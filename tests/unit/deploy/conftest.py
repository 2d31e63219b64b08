"""The shipped templates, whole or with a fault, in a folder of the test's own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay import configs
from assay.deploy import order
from assay.deploy.order import Target
from assay.stacks import template_yaml

Fault = Callable[[dict[str, Any]], object]


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """A copy of the shipped templates."""
    folder = tmp_path / "stacks"
    shutil.copytree(configs.path(order.FOLDER), folder)
    return folder


@pytest.fixture
def with_fault(shipped: Path) -> Callable[[str, Fault], Target]:
    """Plant a fault in a template: (stack, what changes its document) → the target."""

    def plant(stack: str, fault: Fault) -> Target:
        path = shipped / f"{stack}.yaml"
        document = template_yaml.read(path)
        fault(document)
        path.write_text(json.dumps(document))  # JSON is YAML
        return Target(extras=order.OPTIONAL, folder=shipped)

    return plant

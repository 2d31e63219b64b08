"""The bill of materials: what a release carries, in CycloneDX's form, the same bytes for the same sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assay.deploy.release import bom, pins
from assay.serving.api import package

ROOT = Path(__file__).parents[3]


def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bom.document(ROOT, "1.2.3"))
    return found


def test_it_lists_what_goes_to_glue_and_lambda_in_the_locks_versions() -> None:
    lock = pins.read(ROOT / "requirements.lock")
    found = {each["name"]: each["version"] for each in bill()["components"]}
    assert found.keys() >= {*pins.for_glue(ROOT), *package.REQUIREMENTS, *package.LAYER, "starlette"}
    assert found == {name: lock.versions[name] for name in found}
    assert "pytest" not in found
    assert bom.document(ROOT, "1") == bom.document(ROOT, "1")


def test_it_has_what_cyclonedx_requires_and_names_nothing_that_is_not_there() -> None:
    found = bill()
    assert (found["bomFormat"], found["specVersion"], found["version"]) == ("CycloneDX", "1.6", 1)
    parts = [found["metadata"]["component"], *found["components"]]
    known = {each["bom-ref"] for each in parts}
    assert len(known) == len(parts)
    for each in parts:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["type"] in {"application", "library"}
    for each in found["dependencies"]:
        assert {each["ref"], *each["dependsOn"]} <= known
        assert len(set(each["dependsOn"])) == len(each["dependsOn"])
    assert {each["bom-ref"] for each in found["components"]} == set(found["dependencies"][0]["dependsOn"])

"""What is locked was looked up; and the looking up finds what it should."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
ADVISORY = """
id: PYSEC-2020-96
affected:
- package: {name: PyYAML, ecosystem: PyPI}
  ranges:
  - type: GIT
    events: [{introduced: "0"}]
  - type: ECOSYSTEM
    events: [{introduced: "5.1"}, {fixed: 5.3.1}]
  versions: ["5.3"]
"""


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_locked_package_was_looked_up_and_none_is_older(audit: Any) -> None:
    assert len(audit.pins()) > 200
    assert audit.unknown(audit.pins(), audit.listed()) == []


def test_what_was_not_looked_up_and_what_is_older_is_told(audit: Any) -> None:
    known = {"a": {"1.10", "1.9"}, "b": {"2.0"}}
    assert audit.unknown({"a": {"1.9"}, "b": {"2.0.1"}}, known) == []
    assert audit.unknown({"a": {"1.8"}, "c": {"1"}}, known) == [
        "a 1.8 is older than 1.9, which was looked up; do not go back",
        "c 1 is not in .ci/audited.txt; look it up: .ci/audit.py --against",
    ]


def test_an_advisory_is_about_the_versions_it_says(audit: Any, tmp_path: Path) -> None:
    (tmp_path / "pyyaml").mkdir()
    (tmp_path / "pyyaml" / "PYSEC-2020-96.yaml").write_text(ADVISORY)
    (tmp_path / "pyyaml" / "PYSEC-2020-97.yaml").write_text("id: x\nwithdrawn: 2020-01-01\n")
    (advisory,) = audit.advisories(tmp_path, "pyyaml")
    versions = ["5.0", "5.1", "5.3", "5.3.1", "6.0.3"]
    assert [audit.affects(advisory, "pyyaml", v) for v in versions] == [False, True, True, False, False]
    assert not audit.affects(advisory, "ruamel-yaml", "5.2")
    last = {"affected": [{"package": {"name": "a"}, "ranges": [{"type": "ECOSYSTEM", "events": [
        {"introduced": "0"}, {"last_affected": "2.0"}]}]}]}  # fmt: skip
    assert [audit.affects(last, "a", v) for v in ("2.0", "2.1")] == [True, False]
    assert list(audit.advisories(tmp_path, "nothing")) == []

"""Nothing writes to the lake past write, audit and publish."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = [*sorted((ROOT / "lib").rglob("*.py")), *sorted((ROOT / "jobs").glob("*.py"))]
# What writes rows or moves a branch, in the ways that Spark, Iceberg's Java API and pyiceberg have.
WRITES = {
    r"\.writeTo\(|\.saveAsTable\(|\.insertInto\(|\bDataFrameWriter\b": {"tables.py"},
    r"\b(MERGE|INSERT) (INTO|OVERWRITE) ": {"tables.py"},
    r"\b(DELETE FROM|UPDATE) \{": {"tables.py"},
    r"\bCREATE (OR REPLACE )?TABLE\b": {"contracts.py"},
    r"\.(manageSnapshots|newTransaction|newFastAppend|newDelete|newOverwrite|rewriteManifests)\(": {
        "iceberg.py"
    },
    r"\.(overwrite|append|upsert|delete)\([^)]*snapshot_properties": set(),
}
ELSEWHERE = {"sources", "local"}  # the source database, and the workflow's history on one machine


def lines(pattern: str, text: str) -> list[str]:
    return [line for line in text.splitlines() if re.search(pattern, line)]


@pytest.mark.parametrize("pattern", WRITES)
def test_only_the_lake_writes(pattern: str) -> None:
    found = {
        path.name
        for path in SOURCES
        if lines(pattern, path.read_text(encoding="utf-8"))
        and not ELSEWHERE.intersection(path.relative_to(ROOT).parts)
    }
    assert found == WRITES[pattern]


def test_the_search_finds_what_it_looks_for() -> None:
    assert lines(next(iter(WRITES)), 'rows.writeTo("gold.runs").append()')

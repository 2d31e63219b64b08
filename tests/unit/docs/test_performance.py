"""The page on performance is what was measured, whatever has been measured so far."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from assay import configs

WRITER: dict[str, Any] = runpy.run_path(str(configs.path("docs/performance.py")))
QUERY = {
    "seconds": 1.5,
    "writes": "gold.unit_metrics",
    "reads": {"silver.trades": 1, "silver.exposures": 2},
    "shuffles": 3,
    "broadcasts": 1,
    "plan": ["OverwriteByExpression glue_catalog.gold.unit_metrics", "  HashAggregate(keys=[unit])"],
}
DETAIL = {
    "weeks": [
        {
            "week": week,
            "seconds": 61.0 - week,
            "cpu_seconds": 90.5,
            "cpu": {"Spark's tasks": 20.25, "the JVM's second compiler": 70.25},
            "counted": {"queries": 150, "jobs of Spark": 300},
            "jobs": {"assay-silver": 12.0, "assay-gold": 20.0},
        }
        for week in (1, 2)
    ],
    "queries": [QUERY, {**QUERY, "seconds": 0.5, "writes": None, "reads": {}}],
    "files": [{"table": "silver.trades", "files": 2, "rows": 96_000, "bytes": 4_200_000}],
}
RUN = {
    "date": "2026-11-29",
    "commit": "abc1234",
    "machine": {"cores": 2, "memory": "24 GiB", "cpu": "a processor"},
    "rows": [
        {"what": "week 1, with the start of Spark", "goal": "≤ 60", "met": True},
        {"what": "week 2", "goal": "≤ 12", "met": False},
    ],
}


PAGE = configs.path("docs/performance.md").read_text(encoding="utf-8")


def test_the_page_is_what_was_kept() -> None:
    assert WRITER["page"](PAGE) == PAGE, "run `python docs/performance.py`"


def test_what_is_kept_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(WRITER["page"].__globals__, "RESULTS", tmp_path)
    assert WRITER["page"](PAGE) == PAGE  # nothing is kept there
    for name, content in (("run", RUN), ("run_detail", DETAIL)):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    text = WRITER["page"](PAGE)
    assert WRITER["page"](text) == text
    assert "Measured 2026-11-29 at commit abc1234 on 2 cores of a processor, 24 GiB." in text
    assert "| week 1, with the start of Spark | 60.0 | ≤ 60, met | 12.0 | 20.0 | 150 | 300 |" in text
    assert "| week 2 | 59.0 | ≤ 12, **missed** | 12.0 | 20.0 | 150 | 300 |" in text
    assert "| the JVM's second compiler | 70.2 | 70.2 |" in text
    assert "| **together** | 90.5 | 90.5 |" in text
    assert "1.50 s, 3 shuffles, 1 broadcasts.\n\n```\nOverwriteByExpression glue_catalog.gold" in text
    assert "| 1.50 | gold.unit_metrics | silver.trades, 2 × silver.exposures | 3 | 1 |" in text
    assert "| 0.50 |  | the driver's rows | 3 | 1 |" in text
    assert "| silver.trades | 2 | 96,000 | 4.20 | 48,000 |" in text

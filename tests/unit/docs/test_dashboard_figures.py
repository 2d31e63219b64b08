"""The figures of docs/dashboard.md are those that bench/dashboard.py stored, and are put together rightly."""

from __future__ import annotations

import json
import runpy
import sys
from typing import Any

import pytest

from assay import configs

sys.path.insert(0, str(configs.path("bench")))
BENCH = runpy.run_path(str(configs.path("bench/dashboard.py")))
STORED = configs.path("bench/results/dashboard.json")
PAGE = BENCH["PAGE"].read_text(encoding="utf-8")


def spread(p50: float, p95: float) -> dict[str, float]:
    return {"n": 9, "p50": p50, "p95": p95}


def measured() -> dict[str, Any]:
    pages = {
        "a bare page": {"1": {"first": spread(0.1, 0.1), "again": spread(0.01, 0.02)}},
        "Experiments": {"1": {"first": spread(1.0, 1.2), "again": spread(0.03, 0.04)}},
        "Market": {"1": {"first": spread(0.9, 1.1), "again": spread(0.05, 0.08)}},
    }
    browser = {"first": 1.5, "again": {"p50": 0.7, "p95": 0.9}}
    machine = {"cores": 2, "memory": "23 GiB", "cpu": "a core"}
    return {"date": "2026-11-30", "machine": machine, "pages": pages, "browser": browser}


def test_the_page_shows_what_is_stored() -> None:
    assert BENCH["BEGIN"] in PAGE
    assert BENCH["END"] in PAGE
    assert BENCH["written"](PAGE, json.loads(STORED.read_text(encoding="utf-8"))) == PAGE


def test_figures_are_written_between_the_marks_and_again_in_their_place() -> None:
    page = f"before\n{BENCH['BEGIN']}old\n{BENCH['END']}after\n"
    found = BENCH["written"](page, measured())
    assert found.startswith(f"before\n{BENCH['BEGIN']}Measured 2026-11-30 on 2 cores (a core) and 23 GiB")
    assert "| Experiments | 1.00 / 1.20 | 0.03 / 0.04 |\n" in found
    assert "stands whole after 1.50 s, opened again after 0.70 / 0.90 s.\n" in found
    assert found.endswith(f"{BENCH['END']}after\n")
    assert "old" not in found
    assert BENCH["written"](found, measured()) == found


def test_rows_are_the_first_page_and_the_slowest_beside_the_bare_one() -> None:
    result = measured()
    rows = {each["what"]: each for each in BENCH["rows"](result["pages"], result["browser"])}
    first = rows["first page, opened first by 1 reader, p95"]
    assert (first["ours"], first["peer"], first["unit"]) == (1.2, 0.1, "s")
    assert round(first["ratio"], 2) == 12.0
    again = rows["slowest page (Market), opened again by 1 reader, p95"]
    assert (again["ours"], again["peer"], again["ratio"]) == (0.08, 0.02, 4.0)
    chromium = rows["first page in Chromium, opened first"]
    assert (chromium["ours"], chromium["peer"]) == (1.5, None)
    assert (chromium["goal"], chromium["met"]) == ("≤ 2", True)
    assert len(rows) == 6


@pytest.mark.parametrize(("count", "p95"), [(3, 3.0), (100, 95.95)])
def test_of_few_visits_the_slowest_stands_for_the_95th_percentile(count: int, p95: float) -> None:
    found = BENCH["_quantiles"]([float(each) for each in range(1, count + 1)])
    assert found["p95"] == pytest.approx(p95)

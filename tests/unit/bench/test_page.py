"""docs/benchmarks.md is what the benches kept; a file of another form does not break the page."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
BENCH = ROOT / "bench"
PAGE = runpy.run_path(str(BENCH / "page.py"))
RECORD = runpy.run_path(str(BENCH / "record.py"))
SCRIPTS = re.findall(r"bench/(\w+)\.py", (ROOT / "Makefile").read_text(encoding="utf-8"))


def test_the_page_is_what_was_kept() -> None:
    shown = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert shown == PAGE["page"](PAGE["stored"]()), "run `python bench/page.py`"


def test_results_come_in_one_order_whatever_the_files_order() -> None:
    results = [{"name": name, "rows": []} for name in ("zebra", "gold", "lab")]
    assert PAGE["page"](results) == PAGE["page"](results[::-1])
    assert re.findall("^## (.+)$", PAGE["page"](results), re.MULTILINE) == ["lab", "gold", "zebra"]


def test_a_row_has_its_ratio_and_its_verdict() -> None:
    row = RECORD["row"]
    fast = row("a", 90.0, "rows/s", peer=100.0, against="b", least=0.8)
    assert (fast["ratio"], fast["goal"], fast["met"]) == (0.9, "≥ 0.8", True)
    assert row("a", 90.0, "s", peer=10.0, against="b", most=3)["met"] is False
    alone = row("a", 0.2, "s", most=0.3)
    assert (alone["ratio"], alone["met"]) == (None, True)
    assert row("a", 1.0, "s")["met"] is None


def test_what_is_kept_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store, shown = RECORD["store"], PAGE["page"]
    for module, name in ((store, "RESULTS"), (store, "ROOT"), (PAGE["stored"], "RESULTS")):
        monkeypatch.setitem(module.__globals__, name, tmp_path)
    rows = [RECORD["row"]("drawn", 1234.5, "rows/s", peer=2469.0, against="raw", least=0.8)]
    store("x", "Drawing", "One line.\n\nWhat was\ncompared.", rows, versions={"Faker": "1"}, notes=["Why."])
    text = shown(PAGE["stored"]())
    assert "Of 1 goals 0 are met." in text
    assert "## Drawing\n\nWhat was compared.\n\nMeasured " in text
    assert "| drawn | 1,234 | rows/s | raw | 2,469 | 0.5 | ≥ 0.8 | **no** |" in text
    assert text.endswith("\n\n- Why.\n")
    kept = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert {"cores", "memory", "cpu"} == set(kept["machine"])
    assert kept["versions"]["Faker"] == "1"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"what": "a", "ours": 0.25, "unit": "s", "peer": 0.02, "against": "b", "ratio": 12.5, "goal": 0.3},
         "| a | 0.25 | s | b | 0.02 | 12.5 | 0.3 |  |"),
        ({"what": "a", "ours": 3}, "| a | 3 |  |  |  |  |  |  |"),
        ({"what": "a", "ours": 3, "unit": "s", "peer": 2.0, "goal": "< 4 s", "met": True},
         "| a | 3 | s | peer | 2 |  | < 4 s | yes |"),
    ],
)  # fmt: skip
def test_rows_that_lack_a_field_are_shown(row: dict[str, Any], line: str) -> None:
    assert line in PAGE["page"]([{"name": "x", "rows": [row]}])


def test_a_series_is_no_row() -> None:
    text = PAGE["page"]([{"name": "x", "rows": [{"week": 1, "seconds": 2.0}, {"what": "a", "ours": 1}]}])
    assert "| a | 1 |" in text
    assert len(re.findall(r"^\|", text, re.MULTILINE)) == 3


def test_a_file_of_another_kind_is_no_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(PAGE["stored"].__globals__, "RESULTS", tmp_path)
    (tmp_path / "series.json").write_text("[1, 2]")
    (tmp_path / "weeks.json").write_text('{"weeks": []}')
    assert PAGE["stored"]() == []


def test_make_bench_runs_what_there_is_and_ends_with_the_page() -> None:
    assert all((BENCH / f"{name}.py").exists() for name in SCRIPTS)
    assert SCRIPTS[-1] == "page"
    known = {*SCRIPTS, "api"}  # `bench/api.py` asks a stack that has results
    assert {each["name"] for each in PAGE["stored"]()} & {"methods", "lab", "gold", "ingest"} <= known


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - {"page", "errors", "lab", "methods"}))
def test_a_bench_says_how_long_it_takes(name: str) -> None:
    """Those that were there before say what they write instead."""
    first = (BENCH / f"{name}.py").read_text(encoding="utf-8").splitlines()[0]
    assert f"python bench/{name}.py" in first
    assert "minute" in first


def test_versions_of_peers_are_those_that_are_installed() -> None:
    assert set(RECORD["pinned"]("duckdb", "tea-tasting", "faker")) == {"duckdb", "tea-tasting", "faker"}
    with pytest.raises(KeyError):
        RECORD["pinned"]("sdv")


def test_a_tree_is_watched_with_its_children() -> None:
    measure = runpy.run_path(str(BENCH / "measure.py"))
    held = "import time; x = bytearray(60_000_000); time.sleep(0.5)"
    watched = measure["watch"](
        [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {held!r}])"],
        {},
    )
    assert watched.memory > 60_000_000
    assert watched.seconds > 0.5
    with pytest.raises(SystemExit, match="ended with 3"):
        measure["watch"]([sys.executable, "-c", "raise SystemExit(3)"], {})


def test_bytes_are_those_that_were_read(tmp_path: Path) -> None:
    measure = runpy.run_path(str(BENCH / "measure.py"))
    (tmp_path / "file").write_bytes(b"x" * 3_000_000)
    figures, length = measure["timed"](lambda: len((tmp_path / "file").read_bytes()))
    assert length == 3_000_000
    assert 3_000_000 <= figures["read"] < 4_000_000

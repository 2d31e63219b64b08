"""Every page in a real browser: it opens without an error, its numbers are gold's, it can be read aloud."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("playwright", reason="`make test-dashboard` installs it")

from playwright.sync_api import Page, expect

from assay.serving import queries
from assay.serving.dashboard.app import PAGES
from browser import look
from browser.conftest import folder

pytestmark = pytest.mark.slow
_NAMELESS = """
all => all.filter(e => !e.closest('[aria-hidden=true]') && e.type !== 'file'
  && !e.getAttribute('aria-label') && !e.labels?.length).length
"""
CSV = "group,spent,bought\n" + "".join(
    f"{'b' if i % 2 else 'a'},{20 + 7 * np.sin(i) + 3 * (i % 2):.2f},{int(i % 5 == 0)}\n" for i in range(400)
)


def rows(sql: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = queries.query(sql).to_pylist()
    return found


# --- every page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", PAGES)
def test_a_page_opens_without_an_error_and_is_kept_as_a_picture(
    page: Page, address: str, took: list[tuple[str, float]], module: str
) -> None:
    # The second visit is timed: the first one loads the page's modules and fills the server's cache.
    for visit in ("first", "second"):
        began = time.perf_counter()
        page.goto(look.address(address, module))
        look.settled(page, PAGES[module])
        took.append((f"{PAGES[module]}, {visit} visit", time.perf_counter() - began))
    assert look.errors(page) == []
    look.keep(page, folder() / f"{module}.png")


@pytest.mark.parametrize("module", PAGES)
def test_a_page_can_be_used_without_a_mouse_and_read_aloud(page: Page, address: str, module: str) -> None:
    page.goto(look.address(address, module))
    look.settled(page, PAGES[module])
    assert page.get_by_role("heading", level=1).all_inner_texts() == [PAGES[module]]
    levels = [int(each.evaluate("e => e.tagName[1]")) for each in page.get_by_role("heading").all()]
    assert all(b - a <= 2 for a, b in pairwise(levels))
    for chart in page.get_by_test_id("stVegaLiteChart").all():
        assert chart.locator("[aria-label], [alt], [aria-roledescription]").count()
    nameless = page.get_by_test_id("stMain").locator("input:visible").evaluate_all(_NAMELESS)
    assert nameless == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")


# --- numbers ---------------------------------------------------------------------------------------------


def test_the_table_of_experiments_is_golds(page: Page, address: str) -> None:
    page.goto(look.address(address, "experiments"))
    look.settled(page, "Experiments")
    wanted = rows(
        "SELECT experiment, metric, estimate, decision FROM gold.experiment_results "
        "WHERE final AND segment = 'all' AND experiment NOT LIKE 'canary%' ORDER BY experiment, metric"
    )
    shown = look.cells(page, 0)
    assert shown[0][:4] == ["experiment", "metric", "decision", "estimate"]
    assert len(shown) - 1 <= len(wanted)  # the grid holds the rows in sight, and a few more
    assert len(shown) > 5
    for row, mine in zip(shown[1:], wanted, strict=False):
        assert row[:3] == [mine["experiment"], mine["metric"], mine["decision"]]
        assert float(row[3].replace(",", "")) == pytest.approx(float(str(mine["estimate"])), rel=5e-4)


def test_one_experiment_is_golds(page: Page, address: str) -> None:
    page.goto(f"{address}/?experiment=one_click_trading")
    look.settled(page, "Experiments")
    said = page.get_by_test_id("stMarkdown").all_inner_texts()
    for row in rows(
        "SELECT metric, decision, mean_control, mean_treatment, type_i_error FROM gold.experiment_results "
        "WHERE final AND segment = 'all' AND experiment = 'one_click_trading'"
    ):
        means = f"{row['mean_treatment']:.4g} against {row['mean_control']:.4g}"
        line = next(
            text for each in said for text in each.splitlines() if text.startswith(f"{row['metric']},")
        )
        assert f": {row['decision']}. {means}," in line
        assert f"{row['type_i_error']:.1%} of true nulls" in line
    assert look.errors(page) == []
    look.keep(page, folder() / "experiment.png")


def test_the_counts_of_the_pipeline_are_golds(page: Page, address: str) -> None:
    page.goto(f"{address}/pipeline")
    look.settled(page, "Pipeline")
    (wanted,) = rows(
        "SELECT count(DISTINCT run_id) AS runs, count_if(state = 'FAILED') AS failed, "
        "sum(rows_quarantined) AS aside, sum(dollars) AS dollars FROM gold.runs"
    )
    shown = dict(text.rsplit(None, 1) for text in page.get_by_test_id("stMetric").all_inner_texts())
    assert shown["runs"] == f"{wanted['runs']:,}"
    assert shown["jobs failed"] == f"{wanted['failed']:,}"
    assert shown["rows set aside"] == f"{wanted['aside']:,}"
    assert shown["dollars"] == f"{wanted['dollars']:,.2f}"
    expect(page.locator("svg g.node")).to_have_count(6)


def test_the_market_is_golds(page: Page, address: str) -> None:
    page.goto(f"{address}/market")
    look.settled(page, "Market")
    wanted = rows(
        "SELECT asset, CAST(sum(traded_value) AS double) AS traded_value, sum(trades) AS trades "
        "FROM gold.asset_daily GROUP BY asset ORDER BY traded_value DESC, asset"
    )
    shown = look.cells(page, 0)
    for row, mine in zip(shown[1:], wanted, strict=False):
        assert row[0] == mine["asset"]
        assert int(row[shown[0].index("trades")].replace(",", "")) == mine["trades"]


# --- what people do --------------------------------------------------------------------------------------


def test_a_file_is_analysed(page: Page, address: str, tmp_path: Path) -> None:
    file = tmp_path / "trial.csv"
    file.write_text(CSV)
    page.goto(f"{address}/upload")
    look.settled(page, "Your data")
    page.locator("input[type=file]").set_input_files(file)
    look.choose(page, "Columns of the metrics", "spent")
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("heading", name="Analysis of trial.csv")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Error rates on these very data")).to_be_visible()
    assert look.errors(page) == []
    look.keep(page, folder() / "upload.png")


def test_a_file_of_500_megabytes_is_refused_in_one_sentence(page: Page, address: str, tmp_path: Path) -> None:
    file = tmp_path / "huge.csv"
    with file.open("wb") as sparse:
        sparse.truncate(500 * 2**20)
    page.goto(f"{address}/upload")
    look.settled(page, "Your data")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(re.compile(r"File must be 100(\.0)?\s?MB or smaller"))).to_be_visible(
        timeout=60_000
    )


def test_a_binary_is_refused_in_one_sentence(page: Page, address: str, tmp_path: Path) -> None:
    file = tmp_path / "photo.csv"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40)
    page.goto(f"{address}/upload")
    look.settled(page, "Your data")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert")).to_have_text(
        re.compile("photo.csv is neither Parquet nor CSV in UTF-8")
    )

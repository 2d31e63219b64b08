"""docs/report.md shows what a report of the tests' experiment says now: `page.py` writes it."""

from __future__ import annotations

from tests.unit.report.conftest import Lake
from tests.unit.report.page import PAGE, PLOT, page, plot

from assay.serving.report import content


def test_the_page_is_up_to_date(lake: Lake) -> None:
    report = content.report(lake.found())
    assert PAGE.read_text(encoding="utf-8") == page(report)
    assert PLOT.read_text(encoding="utf-8") == plot(report)

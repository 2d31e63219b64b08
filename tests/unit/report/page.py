"""What docs/report.md shows of a report of the tests' experiment.

PYTHONPATH=lib python tests/unit/report/page.py   writes it anew
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from assay import configs
from assay.serving.analysis import elements
from assay.serving.report import content, formats
from assay.serving.report.blocks import Figure, Report

PAGE, PLOT = configs.path("docs/report.md"), configs.path("docs/report-looks.svg")
MARK = "![An estimate from look to look](report-looks.svg)\n"
_SHOWN = ("Decision", "Plan and methods", "Planted truth")


def page(report: Report) -> str:
    """The page: what is written by hand, and sections of the report with their headings one level deeper."""
    by_hand, _, _ = PAGE.read_text(encoding="utf-8").partition(MARK)
    sections = tuple(each for each in report.sections if each.title in _SHOWN)
    text = formats.FORMATS["md"].content(Report(report.title, report.as_of, report.lead, sections)).decode()
    deeper = text.replace("\n## ", "\n### ").replace("# Experiment", "## Experiment", 1)
    return f"{by_hand}{MARK}\n{deeper}"


def plot(report: Report) -> str:
    """The first plot over the looks, with the style that the page of a report gives it."""
    (over,) = (each for each in report.sections if each.title == "Over the looks")
    figure = next(block for block in over.blocks if isinstance(block, Figure))
    style = elements.STYLE.replace(".assay svg", "svg").replace(".assay", "svg").replace("\n", "")
    return f"{figure.svg.replace('>', f'><style>{style}</style>', 1)}\n"


def main() -> None:
    """Write both."""
    from conftest import made

    with tempfile.TemporaryDirectory() as folder:
        report = content.report(made(Path(folder)).found())
    PAGE.write_text(page(report), encoding="utf-8")
    PLOT.write_text(plot(report), encoding="utf-8")


if __name__ == "__main__":
    main()

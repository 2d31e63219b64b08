"""`assay compare`: another tool's summary statistics, by Assay's methods, and by that tool's beside them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import complete
from assay.cli.analyze import shares
from assay.cli.export import Out, Output, exported, refuse_mixed

if TYPE_CHECKING:
    from assay.serving.analysis import Analysis, Comparison
    from assay.serving.summaries.peers import Beside, Theirs

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay compare growthbook.csv --control 0[/bold]\n\n"
    "[bold]assay compare aggregates.csv --control A --metric orders --metric orders/visits:ratio[/bold]\n\n"
    "[bold]assay compare growthbook.csv --control 0 --method cuped --peers .venv-peers/bin/python[/bold]"
)


def compare(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV or Parquet file of summary statistics, in the columns of GrowthBook's queries "
            "(variation, users, main_sum, main_sum_squares, ...), of tea-tasting's (variant, _count, "
            "_mean__x, _var__x, ...) or of gold.metric_moments (arm, n, mean_y, m2_y, ...)."
        ),
    ],
    *,
    control: Annotated[str, typer.Option("--control", help="The arm that all others are compared with.")],
    arm: Annotated[
        str | None, typer.Option("--arm", help="Column of the arm, if it has not the tool's own name.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            help="NAME, NAME:mean or NAME:proportion; of tea-tasting's variables also "
            "NUMERATOR/DENOMINATOR:ratio. Repeat for more; all if left out.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            help="A method on moments, such as cuped or lift_log.",
            autocompletion=complete.methods,
        ),
    ] = None,
    covariate: Annotated[
        str | None, typer.Option("--covariate", help="Which of tea-tasting's variables is the covariate.")
    ] = None,
    alpha: Annotated[
        float, typer.Option("--alpha", help="Level of the tests; intervals are at 1 - alpha.")
    ] = 0.05,
    allocation: Annotated[
        list[str] | None,
        typer.Option("--allocation", help="ARM=SHARE as planned, for every arm; checks the sample ratio."),
    ] = None,
    peers: Annotated[
        Path | None,
        typer.Option("--peers", help="A Python that has gbstats or tea-tasting; this one if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, full precision.")] = False,
    output: Output = None,
    out: Out = None,
) -> None:
    """Compare the arms of an experiment from sums or moments that another tool has computed."""
    from dataclasses import asdict

    from assay.cli import show
    from assay.serving.analysis import files
    from assay.serving.summaries import compare as compared

    refuse_mixed(output, out, as_json=as_json)
    found = compared(
        files.read(file, files.names(file)),
        control=control,
        arm=arm,
        metrics=metric or [],
        method=method,
        covariate=covariate,
        alpha=alpha,
        allocation=shares(allocation) if allocation else None,
        source=file.name,
    )
    if output is not None:
        exported(found.analysis.to_arrow(), output, out)
        return
    beside = found.beside(peers)
    if as_json:
        show.json({**found.analysis.to_dict(), "theirs": [asdict(row) for row in beside.rows]})
    else:
        show.analysis(found.analysis)
        _beside(beside, found.analysis)


def _beside(found: Beside, analysis: Analysis) -> None:
    """Theirs, a row per tool and comparison, and how to get a tool that is not there."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from assay.cli.show import PIPE_WIDTH

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    ours = {(row.metric, row.contrast): row for row in analysis.comparisons}
    table = Table("metric", "contrast", "tool", "difference", "p", "theirs minus ours", "p minus ours")
    for row in found.rows:
        cells = [row.reason, "", "", ""] if row.reason else _numbers(row, ours[row.metric, row.contrast])
        named = (row.metric, row.contrast, f"{row.tool} {row.version}")
        table.add_row(*(escape(text) for text in (*named, *cells)))
    if found.rows:
        console.print("\n[bold]By other tools, from the same moments[/bold]")
        console.print(table)
    for line in found.missing:
        console.print(f"[dim]not compared[/dim]  {escape(line)}")


def _numbers(row: Theirs, ours: Comparison) -> list[str]:
    from assay.serving.analysis import words

    interval = words.interval(row.lower, row.upper, ours.type, ours.std_error)
    return [
        f"{words.difference(row.estimate, ours.type, ours.std_error)} ({interval})",
        words.p_value(row.p_value).removeprefix("p ").removeprefix("= "),
        f"{row.estimate_minus:+.1e}",
        f"{row.p_value_minus:+.1e}",
    ]

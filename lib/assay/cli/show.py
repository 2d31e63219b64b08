"""What commands print: tables for people, JSON and CSV for programs.

Answers go to stdout, what is going on to stderr, so that a pipe gets the answer alone. Texts of the user's
data are escaped: square brackets mean markup to rich.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from math import isfinite
from typing import TYPE_CHECKING

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from assay.serving.export import flat

if TYPE_CHECKING:
    import pyarrow as pa

    from assay.certify.diagnosis.diagnose import Diagnosis
    from assay.cli.markets import Market
    from assay.cli.verdicts import Verdict
    from assay.local.stack import ProcessStatus
    from assay.serving.analysis import Analysis

MOST_ROWS = 200
PIPE_WIDTH = 120
_VERDICT_STYLE = {"holds": "green", "conservative": "yellow", "liberal": "red"}
_STATUS_STYLE = {"ok": "green", "warn": "yellow", "fail": "red", "not checked": "dim"}


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say on stderr what takes a moment, while it does."""
    with Console(stderr=True).status(what):
        yield


def json(document: Mapping[str, object]) -> None:
    """One JSON document; NaN and infinity, which JSON does not know, as null."""
    typer.echo(flat.json_text(document))


def rows(answer: pa.Table) -> None:
    """A query's answer as a JSON list of objects."""
    typer.echo(flat.json_text(answer.to_pylist()))


def csv(answer: pa.Table) -> None:
    """A query's answer as CSV with a header; NULL is an empty cell, a text quoted."""
    typer.echo(flat.csv_text(answer), nl=False)


def answer(found: pa.Table) -> None:
    """A query's answer as a table; of a long one the beginning."""
    import pyarrow as pa

    table = Table()
    for field in found.schema:
        number = (
            pa.types.is_integer(field.type)
            or pa.types.is_floating(field.type)
            or pa.types.is_decimal(field.type)
        )
        table.add_column(escape(field.name), justify="right" if number else "left", overflow="fold")
    for row in found.slice(0, MOST_ROWS).to_pylist():
        table.add_row(
            *("[dim]NULL[/dim]" if value is None else escape(flat.cell(value)) for value in row.values())
        )
    _console().print(table)
    more = f"; the first {MOST_ROWS} are shown, --format csv prints all" if found.num_rows > MOST_ROWS else ""
    typer.echo(f"{found.num_rows:,} row{'' if found.num_rows == 1 else 's'}{more}", err=True)


def table(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows of the same columns as a table, or say that there are none."""
    import pyarrow as pa

    answer(pa.Table.from_pylist([dict(row) for row in rows]))


def printed(what: RenderableType) -> None:
    """Whatever rich can draw."""
    _console().print(what)


def markdown(text: str) -> None:
    """A text in Markdown, its tables drawn."""
    from rich.markdown import Markdown

    printed(Markdown(text))


def stack(processes: Sequence[ProcessStatus]) -> None:
    """What runs."""
    table = Table("process", "state", "port", "log")
    for each in processes:
        state = "[green]running[/green]" if each.running else "[red]not running[/red]"
        table.add_row(
            each.name, state, str(each.port) if each.running and each.port else "", escape(each.log)
        )
    _console().print(table)
    if not all(each.running for each in processes):
        typer.echo("start what is missing with `assay up`")


def analysis(result: Analysis) -> None:
    """An analysed file: what it means, then the numbers, then what could undermine them."""
    from assay.serving.analysis import words

    console = _console()
    console.print(f"[bold]{escape(result.source)}[/bold]: {escape(words.base(result))}\n")
    for row in result.comparisons:
        console.print(f"  {escape(row.sentence)}")
    table = Table(
        "metric",
        "contrast",
        f"difference ({words.level(result.alpha)})",
        "relative",
        "p",
        "p (Holm)",
        "decision",
        *(["type I here"] if result.diagnoses else []),
    )
    for i, row in enumerate(result.comparisons):
        table.add_row(
            escape(row.metric),
            escape(row.contrast),
            f"{words.difference(row.estimate, row.type, row.std_error)} "
            f"({words.interval(row.lower, row.upper, row.type, row.std_error)})",
            words.relative(row.relative_estimate, row.relative_lower, row.relative_upper),
            words.p_value(row.p_value).removeprefix("p ").removeprefix("= "),
            words.p_value(row.p_holm).removeprefix("p ").removeprefix("= "),
            escape(row.decision),
            *(_type_i(each) for each in result.diagnoses[i : i + 1]),
        )
    console.print()
    console.print(table)
    console.print(escape(words.correction(result)))
    _arms(console, result)
    for each in result.diagnoses:
        console.print(f"\n[bold]{escape(words.heading(each))}[/bold]")
        for line in words.diagnosis(each):
            console.print(f"  {escape(line)}")
    if result.diagnoses:
        console.print()
    for check in result.checks:
        style = _STATUS_STYLE[check.status]
        console.print(f"[{style}]{check.status}[/{style}]  {escape(check.detail)}")


def verdicts(
    found: Sequence[Verdict], last_week: date, *, canaries: int, quoted: Sequence[Market] = ()
) -> None:
    """Results beside the planted truth, results of canaries that passed, markets, and what is next."""
    from assay.cli import markets
    from assay.cli.verdicts import BAD, GOOD, RUNNING

    console = _console()
    table = Table("experiment", "metric", "planted")
    table.add_column("found (interval)", no_wrap=True)
    table.add_column("p")
    table.add_column("verdict", no_wrap=True)
    table.add_column("type I here", justify="right")
    # With two arms each, the contrast says nothing that the columns do not.
    contrasts = {(row.experiment, row.metric, row.contrast) for row in found}
    several = len({(experiment, metric) for experiment, metric, _ in contrasts}) < len(contrasts)
    for row in found:
        if row.verdict == RUNNING:
            continue
        style = "green" if row.verdict in GOOD else "red" if row.verdict in BAD else "dim"
        table.add_row(
            escape(row.experiment),
            escape(f"{row.metric} ({row.contrast})" if several else row.metric),
            "" if row.planted_lift is None else _percent(row.planted_lift),
            f"{_percent(row.lift)} ({_percent(row.lower)} to {_percent(row.upper)})",
            "" if row.p_value is None else f"{row.p_value:.2g}",
            f"[{style}]{row.verdict}[/{style}]",
            "" if row.type_i_error is None else f"{100 * row.type_i_error:.1f} %",
        )
    if table.row_count:
        console.print(
            "[bold]Found against planted[/bold], relative to control, where an experiment has decided"
        )
        console.print(table)
    running = sorted({row.experiment for row in found if row.verdict == RUNNING})
    if running:
        console.print(f"still running after {last_week + timedelta(days=6)}: {escape(', '.join(running))}")

    none = "none; `canaries: {}` in the blueprint has every run judged by a known truth"
    console.print(f"canaries: {f'{canaries:,} results, as planted' if canaries else none}")
    markets.show(quoted, console)
    console.print(
        "next: [bold]assay query \"SELECT * FROM gold.experiment_health WHERE status <> 'ok' "
        "AND experiment NOT LIKE 'canary%'\"[/bold] · "
        "[bold]assay run[/bold] for the weeks that follow · [bold]assay down[/bold] to stop"
    )


def _type_i(each: Diagnosis) -> str:
    """How often the method rejects a true null on these units, and what that means."""
    from assay.certify.diagnosis.words import percent

    style = _VERDICT_STYLE[each.chosen.verdict]
    return f"{percent(each.chosen.type_i_error)} [{style}]{each.chosen.verdict}[/{style}]"


def _arms(console: Console, result: Analysis) -> None:
    from assay.serving.analysis import words

    table = Table("metric", "arm", "units", "missing", "mean")
    for row, mean in zip(result.summaries, words.arm_means(result.summaries), strict=True):
        table.add_row(escape(row.metric), escape(row.arm), f"{row.n:,}", f"{row.missing:,}", mean)
    console.print(table)


def _console() -> Console:
    """Made when used, so that it writes to what stdout is then."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)


def _percent(value: float | None) -> str:
    if value is None:
        return "unbounded"
    return f"{100 * value:+.1f} %" if isfinite(value) else "unbounded"

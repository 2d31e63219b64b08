"""`assay cost`: what the platform costs idle, per weekly run, per 100 million events, in weeks to come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from assay.errors import InputError

if TYPE_CHECKING:
    from assay.cli.cost_page import Section
    from assay.runtime.bill.forecast import Forecast

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay cost[/bold]   from the templates, the prices and what was measured\n\n"
    "[bold]assay cost --seconds gold=240 --seconds calibrate=90[/bold]   with your own jobs' seconds\n\n"
    "[bold]assay cost --events 1e7 --experiments 40 --weeks 52[/bold]   what weeks of that size will cost\n\n"
    "[bold]assay cost --markdown > docs/costs.md[/bold]"
)


def cost(
    seconds: Annotated[
        list[str] | None,
        typer.Option("--seconds", help="JOB=SECONDS: how long a job of yours runs; may be repeated."),
    ] = None,
    events: Annotated[
        float | None, typer.Option(help="Forecast weeks that change so many rows in the database.")
    ] = None,
    experiments: Annotated[int | None, typer.Option(help="Forecast: experiments that run at a time.")] = None,
    metrics: Annotated[int | None, typer.Option(help="Forecast: metrics of each experiment.")] = None,
    weeks: Annotated[int | None, typer.Option(help="Forecast: how many such weeks.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print docs/costs.md.")] = False,
) -> None:
    """What the platform costs in a month, a weekly run, for 100 million events, in weeks to come; dollars."""
    from assay.cli import cost_page, show
    from assay.runtime.bill import total

    if as_json and markdown:
        raise InputError("--json and --markdown exclude each other; give one")
    asked = _forecast(events, experiments, metrics, weeks)
    if asked is not None and (markdown or seconds):
        other = "--markdown" if markdown else "--seconds"
        raise InputError(f"{other} and a forecast exclude each other; leave {other} or the sizes out")
    bill = total.bill(_seconds(seconds or []), asked)
    if as_json:
        show.json(total.document(bill))
    elif markdown:
        typer.echo(cost_page.markdown(bill), nl=False)
    else:
        _show(cost_page.sections(bill) if asked is None else cost_page.forecast_sections(asked))


def _forecast(
    events: float | None, experiments: int | None, metrics: int | None, weeks: int | None
) -> Forecast | None:
    """What is asked for, the rest as by default; None if nothing is."""
    from assay.runtime.bill import total, work
    from assay.runtime.bill.forecast import Forecast
    from assay.runtime.bill.model import Volume

    if (events, experiments, metrics, weeks) == (None,) * 4:
        return None
    usual = work.DEFAULT
    volume = Volume(
        usual.events if events is None else events,
        usual.experiments if experiments is None else experiments,
        usual.metrics if metrics is None else metrics,
    )
    return Forecast(volume, total.YEAR if weeks is None else weeks)


def _seconds(given: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for each in given:
        job, _, text = each.partition("=")
        try:
            found[job] = float(text)
        except ValueError:
            raise InputError(f"--seconds is {each!r}; give JOB=SECONDS, for example gold=240") from None
    return found


def _show(sections: Iterable[Section]) -> None:
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from assay.cli.show import PIPE_WIDTH

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    for section in sections:
        table = Table(*section.columns)
        for row in section.rows:
            table.add_row(*map(escape, row))
        console.print(f"[bold]{escape(section.title)}[/bold]")
        console.print(table)
        for note in section.notes:
            console.print(escape(note))
        console.print()

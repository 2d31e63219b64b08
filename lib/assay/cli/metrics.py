"""`assay metrics check | explain`: what metrics are made of, before and after there are results."""

from __future__ import annotations

import contextlib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pyarrow as pa

    from assay.runtime.data_catalog import DataCatalog
    from assay.serving.queries.metric import MetricQuery
    from assay.spec import Blueprint

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay metrics check my.yaml[/bold]   do the metrics fit the contracts of their tables?\n\n"
    "[bold]assay metrics explain value_per_trade[/bold]   the SQL, and what it comes to on the local lake\n\n"
    "[bold]assay metrics explain value_per_trade --rows 5[/bold]   and the first events that it uses\n\n"
    "[bold]assay metrics explain value_per_trade --segment country[/bold]   the same in each country\n\n"
    "[bold]assay metrics explain value_per_trade --sql[/bold]   the SQL alone, for Athena"
)
BlueprintFile = Annotated[
    Path | None, typer.Option("--blueprint", "-b", help="A blueprint's file; the shipped one if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="metrics",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What metrics are made of: check them, explain them.",
    epilog=EXAMPLES,
)


@app.command(epilog="Example:  [bold]assay metrics check my.yaml[/bold]")
def check(
    blueprint: Annotated[
        Path | None, typer.Argument(metavar="BLUEPRINT", help="Its file; the shipped one if not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hold facts, metrics and segments against their tables' contracts. Exit code 2 if one is wrong."""
    from assay.cli import show
    from assay.lake.metric_check import problems
    from assay.spec.plan import Fixed, method_of

    loaded, path = _loaded(blueprint)
    wrong = problems(loaded, _catalog(loaded))
    rows = [
        {
            "metric": name,
            "type": metric.type,
            "measures": " / ".join(measure.key for measure in metric.measures),
            "method": method_of(Fixed(), metric, clustered=loaded.clustered) or "",
            "experiments": ", ".join(e for e, found in loaded.experiments.items() if name in found.metrics),
        }
        for name, metric in loaded.metrics.items()
    ]
    if as_json:
        show.json(
            {"blueprint": loaded.name, "metrics": rows, "segments": _segments(loaded), "problems": wrong}
        )
    else:
        show.table(rows)
        if loaded.segments:
            show.table(_segments(loaded))
        for sentence in wrong:
            typer.echo(f"{path}, {sentence}", err=True)
    if wrong:
        raise typer.Exit(2)


@app.command(epilog="Example:  [bold]assay metrics explain value_per_trade --rows 5[/bold]")
def explain(
    metric: Annotated[str, typer.Argument(metavar="METRIC", help="Its name in the blueprint.")],
    blueprint: BlueprintFile = None,
    experiment: Annotated[
        str | None,
        typer.Option("--experiment", "-e", help="The first that has the metric if not given."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="The look; the experiment's end if not given."),
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", "-s", help="Show it by this segment of the blueprint.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", "-n", min=0, help="So many of the events that it uses.")] = 0,
    sql_only: Annotated[bool, typer.Option("--sql", help="Print the SQL alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the SQL of a metric, what it comes to in each arm, and the rows that it uses."""
    from assay.cli import show
    from assay.lake.metric_check import refuse

    loaded, path = _loaded(blueprint)
    refuse(loaded, str(path), None if sql_only else _catalog(loaded))
    asked = _query(loaded, metric, experiment, as_of.date() if as_of else None)
    sql = asked.arms if segment is None else asked.by(_known(loaded, segment))
    if sql_only:
        typer.echo(sql)
        return
    found = {"arms": _answer(sql)} | ({"events": _answer(_first(asked.events, rows))} if rows else {})
    if as_json:
        answers = {name: answer.to_pylist() for name, answer in found.items()}
        about = {"metric": metric, "experiment": asked.planned.id, "as_of": asked.as_of, "sql": sql}
        show.json(about | answers)
        return
    shown = f"; by --segment {', '.join(asked.planned.segments)}" if asked.planned.segments else ""
    typer.echo(f"-- {metric} of {asked.planned.id} as of {asked.as_of}{shown}\n{sql}\n")
    for answer in found.values():
        show.answer(answer)


def _segments(blueprint: Blueprint) -> list[dict[str, str]]:
    from assay.spec.segment import OTHER

    return [
        {
            "segment": name,
            "column": f"{each.table}.{each.column}",
            "values": "all" if each.values is None else ", ".join([*each.values, OTHER]),
            "experiments": ", ".join(
                e for e, found in blueprint.experiments.items() if name in found.segments
            ),
        }
        for name, each in blueprint.segments.items()
    ]


def _known(blueprint: Blueprint, segment: str) -> str:
    from assay.errors import InputError, did_you_mean

    if segment not in blueprint.segments:
        hint = did_you_mean(segment, blueprint.segments)
        raise InputError(f"blueprint {blueprint.name} has no segment {segment!r}; {hint}")
    return segment


def _loaded(blueprint: Path | None) -> tuple[Blueprint, Path]:
    from assay import configs
    from assay.cli.run import DEFAULT
    from assay.spec import load_blueprint

    path = blueprint or configs.path(DEFAULT)
    return load_blueprint(path), path


def _query(blueprint: Blueprint, metric: str, experiment: str | None, as_of: date | None) -> MetricQuery:
    from assay.errors import InputError, did_you_mean
    from assay.serving.queries.metric import MetricQuery

    if metric not in blueprint.metrics:
        hint = did_you_mean(metric, blueprint.metrics)
        raise InputError(f"blueprint {blueprint.name} has no metric {metric!r}; {hint}")
    using = [name for name, found in blueprint.experiments.items() if metric in found.metrics]
    if experiment is None and not using:
        raise InputError(f"no experiment of blueprint {blueprint.name} has metric {metric!r}; add it to one")
    planned = blueprint.round_of(experiment or using[0])
    if metric not in planned.metrics:
        hint = did_you_mean(metric, planned.metrics)
        raise InputError(f"experiment {planned.id!r} has no metric {metric!r}; {hint}")
    look = as_of or planned.end
    if not planned.start < look <= planned.end:
        raise InputError(
            f"--as-of {look} is no look at {planned.id!r}: name a day after {planned.start}, at most "
            f"{planned.end}"
        )
    return MetricQuery(blueprint, metric, planned, look)


def _catalog(blueprint: Blueprint) -> DataCatalog | None:
    """Who knows the tables that facts read in place: the catalog of the local stack, else that of AWS."""
    import os

    from assay.errors import StackError
    from assay.local import stack
    from assay.runtime.data_catalog import DataCatalog

    if not blueprint.in_place:
        return None
    with contextlib.suppress(StackError):
        os.environ.update(stack.environment())
    return DataCatalog()


def _answer(sql: str) -> pa.Table:
    import os

    from assay.local import stack
    from assay.serving import queries

    os.environ.update(stack.environment())
    return queries.query(sql)


def _first(sql: str, rows: int) -> str:
    return f"{sql}\nLIMIT {rows}"

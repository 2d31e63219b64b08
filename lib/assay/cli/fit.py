"""`assay fit`: from a file of real events or units to the metric's shape and a blueprint that draws it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from assay.certify.fit import Shape, World
    from assay.serving.analysis.observed import Observed

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay fit orders.csv --unit customer --time ordered_at --value amount -o shop.yaml[/bold]\n\n"
    "[bold]assay fit trial.parquet --unit id --value cost --arm group --control placebo[/bold]"
)
PIPE_WIDTH = 120
_FAR = 0.05


def fit(
    file: Annotated[
        Path, typer.Argument(help="CSV or Parquet file, one row per event, or one row per unit.")
    ],
    *,
    unit: Annotated[str, typer.Option("--unit", help="Column that names the unit.")],
    value: Annotated[str, typer.Option("--value", help="Column of the value, 0 or greater.")],
    time: Annotated[
        str | None, typer.Option("--time", help="Column of the event's time; without it, all is one week.")
    ] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Column of the arm.")] = None,
    control: Annotated[str | None, typer.Option("--control", help="The arm whose rows are read.")] = None,
    covariate: Annotated[
        str | None, typer.Option("--covariate", help="Column of a number known before; a unit's is its mean.")
    ] = None,
    units: Annotated[
        int | None, typer.Option("--units", min=2, help="How many units there are, if some have no row.")
    ] = None,
    weeks: Annotated[
        float | None, typer.Option("--weeks", help="How long the units were observed; else from the times.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the blueprint here (YAML).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the goodness of fit and the blueprint.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Find the law of a metric in real data, and write the blueprint of a world that draws it."""
    from assay.certify.fit import as_yaml, blueprint_of
    from assay.cli import show
    from assay.serving.analysis.observed import observe

    seen = observe(file, value=value, unit=unit, time=time, covariate=covariate, arm=arm, control=control)
    with show.working("fitting"):
        world = _world(seen, units=units, weeks=weeks, seed=seed)
    if as_json:
        show.json(_document(file, seen, world))
    else:
        _print(file, seen, world)
    if output is not None:
        comment = "\n".join([f"Fitted to {file.name}.", *_notes(seen, world)])
        _write(output, as_yaml(blueprint_of(world, name=output.stem, seed=seed), comment=comment))
        typer.echo(f"written: {output}; next: assay run --blueprint {output}", err=as_json)


def _world(seen: Observed, *, units: int | None, weeks: float | None, seed: int) -> World:
    from assay.certify.fit import world_of_events, world_of_units

    if units is not None and seen.x is not None:
        raise InputError("--units and --covariate exclude each other: a unit without a row has no covariate")
    long = seen.weeks if weeks is None else weeks
    if seen.at is None and units is None and seen.units == len(seen.value):
        return world_of_units(seen.total(seen.value), weeks=long, x=seen.covariate, seed=seed)
    return world_of_events(seen.unit, seen.value, weeks=long, units=units, x=seen.covariate, seed=seed)


def _document(file: Path, seen: Observed, world: World) -> dict[str, object]:
    """What `--json` prints; laws as a blueprint has them."""
    about = {"rows": len(seen.value), "dropped": seen.dropped}
    found: dict[str, object] = _plain(world)
    return {"schema": "assay.fit/1", "file": file.name, **about, **found, "notes": _notes(seen, world)}


def _plain(thing: Any) -> Any:
    from assay.distributions import Distribution
    from assay.spec.law import write_law

    if isinstance(thing, Distribution):
        return write_law(thing)
    if is_dataclass(thing):
        return {field.name: _plain(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, dict):
        return {name: _plain(value) for name, value in thing.items()}
    return [_plain(each) for each in thing] if isinstance(thing, tuple) else thing


def _print(file: Path, seen: Observed, world: World) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
    dropped = f", {seen.dropped:,} rows left out as incomplete" if seen.dropped else ""
    console.print(
        f"[bold]{escape(str(file))}[/bold]: {len(seen.value):,} rows of {world.units:,} units in "
        f"{world.weeks:.3g} week{'' if world.weeks == 1 else 's'}{dropped}"
    )
    for what, found in world.shapes.items():
        console.print(f"  {what}: {escape(found.sentence())}")
    console.print(_shapes(world.shapes))
    console.print(_candidates(world.shapes))
    console.print(_totals(world))
    for note in _notes(seen, world):
        console.print(escape(note))


def _shapes(shapes: dict[str, Shape]) -> Table:
    from rich.table import Table

    table = Table("shape", *shapes)
    rows: dict[str, Callable[[Shape], float | None]] = {
        "values": lambda s: s.n,
        "share of 0": lambda s: s.zero_share,
        "mean": lambda s: s.mean,
        "standard deviation": lambda s: s.sd,
        "skewness": lambda s: s.skewness,
        "excess kurtosis": lambda s: s.kurtosis,
        "tail index (Hill)": lambda s: None if s.tail is None else s.tail.index,
        "  its standard error": lambda s: None if s.tail is None else s.tail.std_error,
        "  from the largest": lambda s: None if s.tail is None else s.tail.k,
        "correlation within a unit": lambda s: s.icc,
        "correlation with the covariate": lambda s: s.covariate_correlation,
    }
    for name, read in rows.items():
        cells = [_number(read(found)) for found in shapes.values()]
        if any(cells):
            table.add_row(name, *cells)
    return table


def _candidates(shapes: dict[str, Shape]) -> Table:
    from rich.table import Table

    table = Table("of", "law", "log-likelihood", "AIC", "BIC", "p of fit")
    for what, found in shapes.items():
        for each in found.candidates:
            chosen = "[bold]" if each is found.best else ""
            figures = (f"{number:,.1f}" for number in (each.log_likelihood, each.aic, each.bic))
            table.add_row(what, f"{chosen}{each.name}", *figures, f"{each.p_value:.3f}")
    return table


def _totals(world: World) -> Table:
    from rich.table import Table

    table = Table("total per unit", "data", f"blueprint ({world.metric})")
    table.add_row("mean", _number(world.observed.mean), _number(world.drawn.mean))
    table.add_row("standard deviation", _number(world.observed.sd), _number(world.drawn.sd))
    table.add_row("share of 0", _number(world.observed.zero_share), _number(world.drawn.zero_share))
    return table


def _notes(seen: Observed, world: World) -> list[str]:
    """What a reader must know before she trusts the blueprint."""
    from assay.certify.fit import halves_correlation

    notes = []
    if not 1 - _FAR < world.drawn.sd / world.observed.sd < 1 + _FAR:
        notes.append(
            f"The blueprint's totals have a standard deviation of {world.drawn.sd:.4g}, the data's "
            f"{world.observed.sd:.4g}: it draws a unit's values independently of each other and of its rate."
        )
    if world.value.mean < 1:
        notes.append(
            "The blueprint books values in hundredths and its values are small; fit them in a smaller unit."
        )
    if seen.at is not None:
        middle = (seen.at.max() + seen.at.min()) / 2
        correlation = halves_correlation(seen.unit, seen.value, seen.at > middle, units=world.units)
        if correlation is not None:
            notes.append(
                f"A unit's totals in the two halves of the time correlate at {correlation:.2g}: as a "
                f"covariate, the time before would remove {100 * correlation**2:.3g} % of the variance."
            )
    return notes


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error

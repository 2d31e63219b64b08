"""`assay plan`: sample size, minimum effect or power, by the formula and by simulation side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import complete
from assay.errors import InputError

if TYPE_CHECKING:
    from assay.certify.plan import Planned, Share, Units

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay plan --metric proportion --mean 0.1 --lift 0.05 --units-per-week 20000[/bold]\n\n"
    "[bold]assay plan --mean 12 --sd 40 --law lognormal --n 5000[/bold]\n\n"
    '[bold]assay plan --law "{distribution: zero_inflated, zeros: 0.95, of: {distribution: lognormal, mu: 3, '
    'sigma: 1.5}}" --lift 0.2[/bold]\n\n'
    "[bold]assay plan --from orders.csv --unit customer --value amount --lift 0.1 --method bootstrap_t[/bold]"
)


def plan(
    *,
    metric: Annotated[
        str | None, typer.Option("--metric", help="mean, proportion or ratio; else as the data are.")
    ] = None,
    mean: Annotated[float | None, typer.Option("--mean", help="Mean of a unit without treatment.")] = None,
    sd: Annotated[float | None, typer.Option("--sd", help="Standard deviation of a unit.")] = None,
    law: Annotated[
        str | None,
        typer.Option(
            "--law",
            help="normal, gamma or lognormal with --mean and --sd; or a distribution as in a blueprint.",
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", help="CSV or Parquet file whose units are drawn again.")
    ] = None,
    value: Annotated[str | None, typer.Option("--value", help="Its column of the value.")] = None,
    denominator: Annotated[
        str | None, typer.Option("--denominator", help="Its column that a ratio divides by.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option("--unit", help="Its column of the unit, if units have several rows.")
    ] = None,
    covariate: Annotated[
        str | None, typer.Option("--covariate", help="Its column of a covariate from before.")
    ] = None,
    arm: Annotated[str | None, typer.Option("--arm", help="Its column of the arm.")] = None,
    control: Annotated[str | None, typer.Option("--control", help="The arm whose units are drawn.")] = None,
    among: Annotated[
        int | None, typer.Option("--units", min=2, help="How many units there are, if some have no row.")
    ] = None,
    lift: Annotated[
        float | None, typer.Option("--lift", help="Relative effect to find; 0.05 is +5 %.")
    ] = None,
    power: Annotated[
        float | None, typer.Option("--power", help="Probability to find it; 0.8 if left out.")
    ] = None,
    n: Annotated[int | None, typer.Option("--n", min=4, help="Units of both arms.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            "--method",
            help="Method that is simulated; else the metric's default.",
            autocompletion=complete.methods,
        ),
    ] = None,
    allocation: Annotated[
        float, typer.Option("--allocation", help="Share of the units in the treatment.")
    ] = 0.5,
    alpha: Annotated[float, typer.Option("--alpha", help="Two-sided level of the test.")] = 0.05,
    covariate_correlation: Annotated[
        float | None,
        typer.Option("--covariate-correlation", help="Of a law's values with a covariate from before."),
    ] = None,
    units_per_week: Annotated[
        float | None, typer.Option("--units-per-week", help="Units that enter in a week, both arms.")
    ] = None,
    replicates: Annotated[int, typer.Option("--replicates", min=100, help="Simulated experiments.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the simulation.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Plan an experiment: give two of --lift, --power and --n (or one, with a power of 0.8)."""
    from assay.certify.plan import plan as planned

    if file is None:
        units = _lawful(metric, mean, sd, law, covariate_correlation)
        _refuse_without_file(value=value, unit=unit, denominator=denominator, covariate=covariate, arm=arm)
    else:
        _refuse_with_file(mean=mean, sd=sd, law=law, covariate_correlation=covariate_correlation)
        columns = {"denominator": denominator, "unit": unit, "covariate": covariate, "arm": arm}
        units = _observed(file, value, among, control=control, **columns)
    if metric not in {None, units.metric}:
        raise InputError(
            f"--metric is {metric!r}, but what is given describes a {units.metric}; leave it out"
        )
    with _bar(replicates) as advance:
        found = planned(
            units,
            lift=lift,
            power=power,
            n=n,
            method=method,
            allocation=allocation,
            alpha=alpha,
            units_per_week=units_per_week,
            replicates=replicates,
            seed=seed,
            progress=advance,
        )
    if as_json:
        from assay.cli import show

        show.json(_document(found))
    else:
        _print(found)


def _lawful(
    metric: str | None, mean: float | None, sd: float | None, law: str | None, correlation: float | None
) -> Units:
    from assay.certify.plan import Lawful, law_of

    return Lawful(law_of(metric=metric, mean=mean, sd=sd, law=law), correlation)


def _observed(file: Path, value: str | None, among: int | None, **columns: str | None) -> Units:
    from assay.certify.plan import Observed
    from assay.serving.analysis.observed import observe

    if value is None:
        raise InputError("--from needs --value, the column of the value")
    seen = observe(file, value=value, **columns)
    if among is not None and seen.x is not None:
        raise InputError("--units and --covariate exclude each other: a unit without a row has no covariate")
    return Observed(*seen.series(among))


def _refuse_without_file(**options: str | None) -> None:
    for name, given in options.items():
        if given is not None:
            raise InputError(f"--{name} names a column; give the file with --from")


def _refuse_with_file(**options: object) -> None:
    for name, given in options.items():
        if given is not None:
            raise InputError(
                f"--{name.replace('_', '-')} describes a law; leave it out, --from has the values"
            )


@contextmanager
def _bar(replicates: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr that moves with every block of experiments."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("simulating experiments", total=replicates)
        yield lambda done: bar.advance(task, done)


def _document(found: Planned) -> dict[str, object]:
    from dataclasses import asdict

    return {"schema": "assay.plan/1", **asdict(found), "warnings": found.warnings()}


def _print(found: Planned) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    covariate = "" if found.correlation is None else f", covariate correlation {found.correlation:.2g}"
    console.print(
        f"[bold]{found.metric}[/bold] {found.mean:.4g}, standard deviation {found.sd:.4g} per unit"
        f"{covariate}; worked out: [bold]{found.asked}[/bold]"
    )
    done = found.simulated
    table = Table(
        "", "formula", "simulated" if done is None else f"simulated ({done.replicates:,} experiments)"
    )
    units = f"{found.n_control:,} + {found.n_treatment:,}"
    table.add_row("units, control + treatment", units, "" if done is None else "the same")
    table.add_row("lift", f"{found.lift:+.2%}", "" if done is None else "the same")
    table.add_row("effect", f"{found.effect:+.4g}", "" if done is None else "the same")
    table.add_row("power", f"{found.power:.1%}", "" if done is None else _share(done.power))
    table.add_row(
        "false alarms without effect", f"{found.alpha:.1%}", "" if done is None else _share(done.false_alarms)
    )
    table.add_row("method", "t or score test of the metric", found.method)
    if found.weeks is not None:
        table.add_row("weeks", f"{found.weeks:,}", "")
    console.print(table)
    for warning in found.warnings():
        console.print(f"[yellow]warning[/yellow]: {warning}")


def _share(share: Share) -> str:
    return f"{share.value:.1%} ({share.lower:.1%} to {share.upper:.1%})"

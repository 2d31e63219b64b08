"""`assay certify`: how often is a method wrong? Measured here, on data whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.errors import InputError

if TYPE_CHECKING:
    from assay.certify.certificate import Certificate

KEPT = Path(".assay/certify.jsonl")
"""Finished work, from which a killed run goes on."""

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay certify[/bold]   what the shipped certificates say, method by method\n\n"
    "[bold]assay certify --method welch --scenario gamma-0.1 --replicates 2000[/bold]\n\n"
    "[bold]assay certify --scenario payers-5%:500:90/10[/bold]   every method on one kind of data\n\n"
    "[bold]assay certify --published[/bold]   known tables of the literature, made again"
)


def certify(
    method: Annotated[str | None, typer.Option("--method", help="One method; else all that suit.")] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--scenario",
            help="A kind of data (gamma-0.1), or one cell of it as KIND:N:CONTROL/TREATMENT, "
            "for example gamma-0.1:200:90/10.",
        ),
    ] = None,
    replicates: Annotated[
        int | None, typer.Option("--replicates", help="Simulated experiments per cell, 100 or more.")
    ] = None,
    error: Annotated[
        float | None,
        typer.Option("--error", help="Stop a cell early at this standard error of the type I error."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the simulation.")] = 20_261_128,
    workers: Annotated[int, typer.Option("--workers", help="Processes; 0 for one per core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, full precision.")] = False,
    published: Annotated[
        bool,
        typer.Option("--published", help="Make known tables of the literature again, ours beside theirs."),
    ] = False,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="With --published: only this one; repeat for more.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="With --published: also write a page.")] = None,
) -> None:
    """Measure the type I error, power, coverage and bias of methods on simulated data."""
    if published:
        _refuse("--published", method=method, scenario=scenario, error=error)
        _publish(table or [], replicates, page)
        return
    _refuse("a simulation", table=table, page=page)
    from assay.certify.lab.certificates import shipped

    measuring = bool(method or scenario or replicates or error)
    found = _measured(method, scenario, replicates, error, seed, workers) if measuring else list(shipped())
    if as_json:
        _print_json(found)
    else:
        from assay.cli.show_certificates import show

        show(found, whole=not measuring)


def _refuse(what: str, **options: object) -> None:
    """Options that would be ignored are a mistake."""
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name} says nothing to {what}; leave it out, or see assay certify --help")


def _publish(tables: list[str], replicates: int | None, page: Path | None) -> None:
    from rich.console import Console

    from assay.certify.published import SEED
    from assay.cli.published import show_published

    show_published(tables, replicates, SEED, Console(highlight=False), page)


def _measured(
    method: str | None,
    scenario: str | None,
    replicates: int | None,
    error: float | None,
    seed: int,
    workers: int,
) -> list[Certificate]:
    import os

    from assay.certify.lab.certificates import certificate
    from assay.certify.lab.grid import chosen
    from assay.certify.lab.run import Store, in_processes, measure
    from assay.cli.progress import counting

    cells = chosen(method=method, scenario=scenario, replicates=replicates)
    with counting(f"{len(cells)} cells, finished work is kept in {KEPT}") as progress:
        found = measure(
            cells,
            seed=seed,
            error=error,
            workers=in_processes(workers or os.cpu_count() or 1),
            store=Store(KEPT),
            progress=progress,
        )
    return [certificate(one) for one in found]


def _print_json(found: list[Certificate]) -> None:
    import json
    from dataclasses import asdict

    typer.echo(json.dumps([asdict(one) for one in found], default=str, indent=1))

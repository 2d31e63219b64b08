"""`assay certify`: how often is a method wrong? Measured here, on data whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli import complete
from assay.errors import InputError, TerminalError

if TYPE_CHECKING:
    from assay.certify.certificate import Certificate
    from assay.certify.lab.grid import Cell

KEPT = Path(".assay/certify.jsonl")
"""Finished work, from which a killed run goes on."""
_MOST_SECONDS = 3_600.0
GATE_RUNS, FEWEST_RUNS = 20_000, 300

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay certify[/bold]   what the shipped certificates say, method by method\n\n"
    "[bold]assay certify --method welch --scenario gamma-0.1 --replicates 2000[/bold]\n\n"
    "[bold]assay certify --scenario payers-5%:500:90/10[/bold]   every method on one kind of data\n\n"
    "[bold]assay certify --published[/bold]   known tables of the literature, made again\n\n"
    "[bold]assay certify --gate[/bold]   which faults of a pipeline the gate catches, and when"
)


def certify(
    method: Annotated[
        str | None,
        typer.Option("--method", help="One method; else all that suit.", autocompletion=complete.methods),
    ] = None,
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
    seed: Annotated[int | None, typer.Option("--seed", help="Of the simulation.")] = None,
    workers: Annotated[int, typer.Option("--workers", help="Processes; 0 for one per core.")] = 0,
    spark: Annotated[
        bool,
        typer.Option("--spark", help="By the Glue job on the local stack, into the table gold.certificates."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, full precision.")] = False,
    published: Annotated[
        bool,
        typer.Option("--published", help="Make known tables of the literature again, ours beside theirs."),
    ] = False,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="With --published: only this one; repeat for more.")
    ] = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="What does the gate on planted experiments catch? About three minutes."),
    ] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="With --published or --gate: also write a page here.")
    ] = None,
) -> None:
    """Measure the type I error, power, coverage and bias of methods on simulated data."""
    if page is not None and not page.parent.is_dir():
        raise InputError(f"{page} cannot be written: there is no folder {page.parent}")
    simulation = {"method": method, "scenario": scenario, "error": error, "seed": seed}
    ignored = simulation | {"spark": spark or None}
    if published:
        _refuse("--published", **ignored)
        _publish(table or [], replicates, page, as_json=as_json)
        return
    if gate:
        _refuse("--gate", **ignored, table=table)
        _certify_gate(replicates or GATE_RUNS, page, as_json=as_json)
        return
    _refuse("a simulation", table=table, page=page)
    from assay.certify.lab.certificates import SEED, shipped
    from assay.certify.lab.grid import chosen

    number = SEED if seed is None else seed
    if spark:
        _refuse("--spark", error=error)
        found = _on_spark(method, scenario, replicates, number)
    elif method or scenario or replicates or error:
        cells = chosen(method=method, scenario=scenario, replicates=replicates)
        found = _here(cells, number, error, workers)
    else:
        found = list(shipped())
    if as_json:
        _print_json(found)
    else:
        from assay.cli.show_certificates import show

        show(found, whole=found == list(shipped()))


def _refuse(what: str, **options: object) -> None:
    """Options that would be ignored are a mistake."""
    for name, value in options.items():
        if value is not None:
            raise InputError(f"--{name} says nothing to {what}; leave it out, or see assay certify --help")


def _publish(tables: list[str], replicates: int | None, page: Path | None, *, as_json: bool) -> None:
    from rich.console import Console

    from assay.certify.published import SEED
    from assay.cli.published import show_published

    show_published(tables, replicates, SEED, Console(highlight=False), page, as_json=as_json)


def _certify_gate(runs: int, page: Path | None, *, as_json: bool) -> None:
    from dataclasses import asdict

    from assay import configs
    from assay.certify.gate import simulate
    from assay.certify.gate.page import page as written
    from assay.cli import run, show
    from assay.spec import load_blueprint

    if not runs >= FEWEST_RUNS:
        raise InputError(
            f"replicates is {runs}; a gate that holds over years needs {FEWEST_RUNS} runs or more"
        )
    blueprint = load_blueprint(configs.path(run.DEFAULT))
    with show.working(f"simulating {runs:,} runs, sound and with each fault"):
        table = simulate.gate_table(
            blueprint, runs=runs, pool=max(runs // 5, FEWEST_RUNS), sequences=runs // 50
        )
    if page is not None:
        page.write_text(written(table), encoding="utf-8")
    if as_json:
        show.json({"schema": "assay.gate/1", **asdict(table)})
    else:
        show.markdown(written(table))


def _here(cells: list[Cell], seed: int, error: float | None, workers: int) -> list[Certificate]:
    """Measure in processes of this machine."""
    import os

    from assay.certify.lab.certificates import certificate
    from assay.certify.lab.run import Store, in_processes, measure
    from assay.cli.progress import counting

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


def _on_spark(
    method: str | None, scenario: str | None, replicates: int | None, seed: int
) -> list[Certificate]:
    """Start the job that writes them, and read what it wrote."""
    import os

    from assay import configs
    from assay.certify.certificate import Certificate
    from assay.certify.lab.grid import chosen
    from assay.cli import show
    from assay.local import job, stack
    from assay.serving import queries

    if not (method or scenario):
        raise InputError("--spark needs --method or --scenario; the whole grid is shipped already")
    cells = chosen(method=method, scenario=scenario, replicates=replicates)
    given = {"method": method, "scenario": scenario, "replicates": replicates, "seed": seed}
    options = [f"--{name}={value}" for name, value in given.items() if value is not None]
    with show.working("measuring on the local stack"):
        running = stack.up()
        os.environ.update(running.environment())
        ended = job.InProcess().start(
            configs.path("jobs/calibrate.py"),
            ["--JOB_NAME", "assay-calibrate", *options],
            seconds=_MOST_SECONDS,
            log=running.home.logs / "certify.log",
        )
    outcome = ended.result()
    if outcome.error is not None:
        raise TerminalError(f"the laboratory failed: {outcome.error}")
    rows = queries.query("SELECT * FROM gold.certificates WHERE kind = 'simulated'").to_pylist()
    wanted = {(cell.scenario.key, name, cell.replicates) for cell in cells for name in cell.methods}
    names = Certificate.__dataclass_fields__
    return [
        Certificate(**{name: row[name] for name in names})
        for row in rows
        if (row["scenario"], row["method"], row["replicates"]) in wanted and row["seed"] == seed
    ]


def _print_json(found: list[Certificate]) -> None:
    from dataclasses import asdict

    from assay.serving.export import flat

    typer.echo(flat.json_text([asdict(one) for one in found]))

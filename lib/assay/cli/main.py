"""The command line: `assay --help`.

Commands import what they need when they run, so that `assay --help`, a typing mistake and the shell's
completion answer at once.
"""

from __future__ import annotations

from typing import Annotated

import typer

from assay import __version__
from assay.cli import (
    analyze,
    api,
    backfill,
    certify,
    checksum,
    compare,
    contracts,
    cost,
    dashboard,
    deploy,
    diff,
    doctor,
    export,
    fit,
    forget,
    init,
    maintain,
    metrics,
    plan,
    quarantine,
    query,
    report,
    rollback,
    run,
    runs,
    schema,
    sources,
    stack,
    upkeep,
)
from assay.cli.errors import Sentences

app = typer.Typer(
    cls=Sentences,
    name="assay",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Experiments whose statistics are held to account.",
    epilog=(
        "First steps:  [bold]assay doctor[/bold]   then   [bold]assay run[/bold]   then   "
        '[bold]assay query "SELECT * FROM gold.experiment_results"[/bold]; for data of your own   '
        "[bold]assay init FOLDER[/bold].   Exit codes: 0 done, 1 failed, 2 the input or the stack is not as "
        "needed and nothing was changed."
    ),
)


def _version(given: bool) -> None:
    if given:
        typer.echo(f"assay {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """What stands before a command; only the help that the application has is shown."""
    del version  # its callback has said it


app.command(epilog=doctor.EXAMPLES)(doctor.doctor)
app.command(epilog=init.EXAMPLES)(init.init)
app.command(epilog=stack.UP_EXAMPLES)(stack.up)
app.command(epilog=stack.DOWN_EXAMPLES)(stack.down)
app.command(epilog=stack.STATUS_EXAMPLES)(stack.status)
app.command(epilog=stack.RESET_EXAMPLES)(stack.reset)
app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=report.EXAMPLES)(report.report)
app.command(epilog=query.EXAMPLES)(query.query)
app.command(epilog=checksum.EXAMPLES)(checksum.checksum)
app.command(epilog=analyze.EXAMPLES)(analyze.analyze)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=export.EXAMPLES)(export.export)
app.command(epilog=fit.EXAMPLES)(fit.fit)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=certify.EXAMPLES)(certify.certify)
app.command(epilog=cost.EXAMPLES)(cost.cost)
app.command(epilog=dashboard.EXAMPLES)(dashboard.dashboard)
app.command(epilog=schema.EXAMPLES)(schema.schema)
app.command(epilog=upkeep.EXAMPLES)(upkeep.snapshots)
app.add_typer(runs.app)
app.add_typer(contracts.app)
app.add_typer(sources.app)
app.add_typer(metrics.app)
app.add_typer(quarantine.app)
app.add_typer(api.app)
app.command(epilog=rollback.EXAMPLES)(rollback.rollback)
app.command(epilog=backfill.BACKFILL_EXAMPLES)(backfill.backfill)
app.command(epilog=backfill.REPLAY_EXAMPLES)(backfill.replay)
app.add_typer(backfill.branch)
app.command(epilog=diff.EXAMPLES)(diff.diff)
app.command(epilog=maintain.EXAMPLES)(maintain.maintain)
app.command(epilog=forget.EXAMPLES)(forget.forget)
app.add_typer(deploy.app)


def main() -> None:
    """What the installed command `assay` calls."""
    app()

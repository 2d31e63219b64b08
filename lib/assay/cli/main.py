"""The command line: `assay --help`.

Commands import what they need when they run, so that `assay --help` and a typing mistake answer at once.
"""

from __future__ import annotations

import typer

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
    export,
    fit,
    forget,
    maintain,
    metrics,
    plan,
    quarantine,
    query,
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
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Experiments whose statistics are held to account.",
    epilog=(
        "First steps:  [bold]assay run[/bold]   then   [bold]assay query "
        '"SELECT * FROM gold.experiment_results"[/bold].   Exit codes: 0 done, 1 failed, 2 the input or the '
        "stack is not as needed and nothing was changed."
    ),
)
app.command()(stack.up)
app.command()(stack.down)
app.command()(stack.status)
app.command()(stack.reset)
app.command(epilog=run.EXAMPLES)(run.run)
app.command(epilog=query.EXAMPLES)(query.query)
app.command(epilog=checksum.EXAMPLES)(checksum.checksum)
app.command(epilog=analyze.EXAMPLES)(analyze.analyze)
app.command(epilog=compare.EXAMPLES)(compare.compare)
app.command(epilog=export.EXAMPLES)(export.export)
app.command(epilog=fit.EXAMPLES)(fit.fit)
app.command(epilog=plan.EXAMPLES)(plan.plan)
app.command(epilog=certify.EXAMPLES)(certify.certify)
app.command(epilog=cost.EXAMPLES)(cost.cost)
app.command()(dashboard.dashboard)
app.command(epilog=schema.EXAMPLES)(schema.schema)
app.command()(upkeep.snapshots)
app.add_typer(runs.app)
app.add_typer(contracts.app)
app.add_typer(sources.app)
app.add_typer(metrics.app)
app.add_typer(quarantine.app)
app.add_typer(api.app)
app.command(epilog=rollback.EXAMPLES)(rollback.rollback)
app.command(epilog=backfill.BACKFILL_EXAMPLES)(backfill.backfill)
app.command()(backfill.replay)
app.add_typer(backfill.branch)
app.command(epilog=diff.EXAMPLES)(diff.diff)
app.command(epilog=maintain.EXAMPLES)(maintain.maintain)
app.command(epilog=forget.EXAMPLES)(forget.forget)
app.add_typer(deploy.app)


def main() -> None:
    """What the installed command `assay` calls."""
    app()

"""`assay backfill`, `assay replay`, `assay branch`: the lake made anew on a branch, compared, published."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

BACKFILL_EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay backfill --from 2026-01-05 --to 2026-01-19[/bold]   makes, compares, asks\n\n"
    "[bold]assay backfill --from 2026-01-05 --to 2026-01-19 --publish --json[/bold]\n\n"
    "[bold]assay branch drop backfill_r_1a2b[/bold]   what was made and is not wanted"
)
REPLAY_EXAMPLES = "Examples:  [bold]assay replay[/bold]   |   [bold]assay replay --publish --json[/bold]"
Publish = Annotated[bool, typer.Option("--publish", "--yes", "-y", help="Publish without asking.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document; asks nothing.")]
Branch = Annotated[str, typer.Argument(help="A branch that backfill or replay made.")]

branch = typer.Typer(
    name="branch",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Publish or drop what backfill or replay made on a branch.",
)


def backfill(
    from_week: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="Monday of the first week.")
    ],
    to_week: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Monday of the last week.")],
    publish: Publish = False,
    as_json: Json = False,
) -> None:
    """Make silver, and weeks of gold, anew from bronze on a branch; compare it with main; publish if asked.

    Silver's tables are made anew as wholes, since a row depends on all of its versions. Of gold, the weeks
    asked, every later look, and whatever else the changes in silver reach.
    """
    asked = {"from_week": f"{from_week:%Y-%m-%d}", "to_week": f"{to_week:%Y-%m-%d}", "publish": publish}
    _made("backfill", asked, publish=publish, as_json=as_json)


def replay(publish: Publish = False, as_json: Json = False) -> None:
    """Make bronze, silver and gold anew from the landing bucket alone, on a branch; publish if asked.

    The source database is not needed.
    """
    _made("replay", {"publish": publish}, publish=publish, as_json=as_json)


@branch.command("publish", epilog="Example:  [bold]assay branch publish backfill_r_1a2b[/bold]")
def publish_branch(name: Branch, as_json: Json = False) -> None:
    """Move main of every table that has the branch to it."""
    _done("publish", name, "published", as_json=as_json)


@branch.command("drop", epilog="Example:  [bold]assay branch drop backfill_r_1a2b[/bold]")
def drop_branch(name: Branch, as_json: Json = False) -> None:
    """Drop the branch of every table; what is published stays."""
    _done("drop", name, "dropped", as_json=as_json)


def _made(action: str, options: Mapping[str, object], *, publish: bool, as_json: bool) -> None:
    from assay.cli import diff, show
    from assay.cli.upkeep import perform

    report = perform(action, options)
    if as_json:
        show.json(report)
        return
    diff.shown(report)
    name = report["branch"]
    if not publish and _asks() and typer.confirm(f"publish {name}?"):
        report = perform("publish", {"branch": name})
    if report["published"]:
        typer.echo(f"published: {', '.join(report['published'])}")
    else:
        typer.echo(f"not published; next: `assay branch publish {name}` or `assay branch drop {name}`")


def _asks() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def _done(action: str, name: str, what: str, *, as_json: bool) -> None:
    from assay.cli import show
    from assay.cli.upkeep import perform

    report: dict[str, Any] = perform(action, {"branch": name})
    if as_json:
        show.json(report)
    else:
        typer.echo(f"{what}: {', '.join(report[what]) or 'nothing, it was done before'}")

"""`assay deploy plan | apply | destroy`: Assay in an AWS account."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from assay.deploy.order import Target
    from assay.deploy.release import Release

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay deploy plan --dry-run[/bold]   validate everything, without AWS\n\n"
    "[bold]assay deploy plan --region eu-west-1[/bold]   what would change in the account\n\n"
    "[bold]assay deploy apply --region eu-west-1 --set AlertsEmail=you@example.com[/bold]\n\n"
    "[bold]assay deploy destroy --region eu-west-1[/bold]   data stay, and are listed"
)
Name = Annotated[
    str, typer.Option("--name", help="Name of the installation; everything in AWS begins with it.")
]
Region = Annotated[
    str | None, typer.Option("--region", help="AWS region; your AWS configuration's if not given.")
]
With = Annotated[list[str] | None, typer.Option("--with", help="An optional stack: dashboard or airflow.")]
Set = Annotated[list[str] | None, typer.Option("--set", help="Stack.Parameter=Value, or Parameter=Value.")]
Templates = Annotated[
    Path | None,
    typer.Option("--templates", help="Folder of the templates; those that ship with Assay if not given."),
]
Only = Annotated[str | None, typer.Option("--only", help="This stack alone.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

app = typer.Typer(
    name="deploy",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Put Assay into an AWS account, or away again.",
    epilog=EXAMPLES,
)


@app.command(epilog=EXAMPLES)
def plan(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Offline: validate everything, ask AWS nothing.")
    ] = False,
    name: Name = "assay",
    region: Region = None,
    extras: With = None,
    given: Set = None,
    only: Only = None,
    templates: Templates = None,
    as_json: AsJson = False,
) -> None:
    """Show what a deployment would change, and change nothing. Exit code 1 if a check of --dry-run fails."""
    from assay.cli import show_deploy
    from assay.deploy import order, planning

    if dry_run:
        # Every template is read, the optional ones too: they are what is validated.
        _validate(_target(name, order.OPTIONAL, given, only, templates), as_json=as_json)
        return
    target, release = _prepared(_target(name, extras, given, only, templates), region)
    stacks = order.read(target, release=release.prefix)
    show_deploy.plan(release, planning.plan(target, stacks), as_json=as_json)


@app.command(epilog=EXAMPLES)
def apply(
    name: Name = "assay",
    region: Region = None,
    extras: With = None,
    given: Set = None,
    only: Only = None,
    templates: Templates = None,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Take buckets and tables of an earlier installation into the stacks."),
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring the account to what the templates say; what is so already stays as it is."""
    from assay.cli import show_deploy
    from assay.deploy import applying, order

    target, release = _prepared(_target(name, extras, given, only, templates), region)
    stacks = order.read(target, release=release.prefix)
    listener = show_deploy.Progress(ask=not yes)
    applied = applying.apply(target, stacks, release, listener, adopt=adopt)
    show_deploy.applied(release, applied, as_json=as_json)


@app.command(epilog=EXAMPLES)
def destroy(
    name: Name = "assay",
    region: Region = None,
    only: Only = None,
    templates: Templates = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete the stacks, the last one first; buckets, table, key and a snapshot of the database stay."""
    from assay.cli import show_deploy
    from assay.deploy import order, removing

    _in_region(region)
    target = _target(name, order.OPTIONAL, None, only, templates)
    found = removing.existing(order.chosen(target, order.read(target)))
    kept = removing.kept(found)
    if found and not yes:
        show_deploy.leaving(found, kept)
        if typer.prompt(f"Type {name} to delete these stacks", default="", show_default=False) != name:
            typer.echo("nothing was deleted")
            raise typer.Exit(1)
    gone = removing.destroy(found, show_deploy.Progress(ask=False).event)
    show_deploy.destroyed(gone, kept, as_json=as_json)


def _target(
    name: str, extras: Iterable[str] | None, given: list[str] | None, only: str | None, templates: Path | None
) -> Target:
    from assay.deploy import order

    folder = {} if templates is None else {"folder": templates}
    return order.Target(name=name, extras=tuple(extras or ()), only=only, given=tuple(given or ()), **folder)


def _prepared(target: Target, region: str | None) -> tuple[Target, Release]:
    """The target with the optional stacks that stand, and what their code needs.

    Wrong templates are refused before AWS is asked anything, and AWS is asked before anything is built.
    """
    from assay.cli import show
    from assay.deploy import dry_run, lint, release

    with show.working("validating the templates"):
        dry_run.refuse(target)
    _in_region(region)
    whole = _with_standing(target)
    with show.working("building the release"):
        return whole, release.build(lint.CHECKOUT, _home() / "deploy")


def _with_standing(target: Target) -> Target:
    """The target with the optional stacks that stand already: they are kept up to date like the others."""
    from dataclasses import replace

    from assay.deploy import dry_run, order, states

    standing = states.standing(target.name, order.OPTIONAL)
    more = replace(target, extras=tuple(dict.fromkeys((*target.extras, *standing))))
    if more != target:
        dry_run.refuse(more)
    return more


def _validate(target: Target, *, as_json: bool) -> None:
    import time

    from assay.cli import show, show_deploy
    from assay.deploy import dry_run

    began = time.perf_counter()
    with show.working("validating the templates"):
        outcomes = list(dry_run.check(target))
    show_deploy.checks(outcomes, time.perf_counter() - began, as_json=as_json)
    if any(outcome.failed for outcome in outcomes):
        raise typer.Exit(1)


def _home() -> Path:
    from assay.local import state

    return state.home().root


def _in_region(region: str | None) -> None:
    """Point this process at a region; endpoints and credentials are the environment's."""
    if region is not None:
        os.environ["AWS_DEFAULT_REGION"] = region
        os.environ["AWS_REGION"] = region

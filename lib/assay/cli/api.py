"""`assay api token | tokens | revoke`: who may read the local API, and start runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay api token ci[/bold]   a token, shown once\n\n"
    '[bold]curl -H "Authorization: Bearer $(assay api token me)" http://127.0.0.1:PORT/v1/experiments[/bold]'
)
TOKENS_EXAMPLES = "Examples:  [bold]assay api tokens[/bold]   |   [bold]assay api tokens --json[/bold]"
REVOKE_EXAMPLES = "Example:  [bold]assay api revoke ci[/bold]"
Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose: lower-case letters, digits and '-'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="api",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Who may read the local API, and start runs. In AWS it is IAM that decides; there are no tokens.",
    epilog=EXAMPLES,
)


@app.command(epilog=EXAMPLES)
def token(name: Name) -> None:
    """Make a token and print it; nothing keeps it. One of the same name is good no more."""
    from assay.local import state
    from assay.serving.api import tokens

    with state.home().locked():
        made = tokens.make(state.home().tokens, name)
    typer.echo(made)
    port = state.home().read().get("ports", {}).get("api")
    place = f"http://127.0.0.1:{port}" if port else "the address that `assay up` prints"
    typer.echo(f"for {place}; it is shown this once", err=True)


@app.command(name="tokens", epilog=TOKENS_EXAMPLES)
def tokens_(as_json: AsJson = False) -> None:
    """List whose tokens are good, and since when."""
    from assay.cli import show
    from assay.local import state
    from assay.serving.api import tokens

    found = [{"name": name, "made_at": made} for name, made in tokens.names(state.home().tokens).items()]
    if as_json:
        show.json({"tokens": found})
    elif found:
        show.table(found)
    else:
        typer.echo("there is no token; `assay api token NAME` makes one")


@app.command(epilog=REVOKE_EXAMPLES)
def revoke(name: Name) -> None:
    """Let a token be good no more, at once."""
    from assay.local import state
    from assay.serving.api import tokens

    file: Path = state.home().tokens
    with state.home().locked():
        tokens.revoke(file, name)
    typer.echo(f"the token of {name} is good no more")

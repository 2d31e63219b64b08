"""`assay contracts check | docs | diff | export`: what the tables promise, and whether they keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli import complete

if TYPE_CHECKING:
    from assay.lake.contracts import Contract

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay contracts check silver.trades[/bold]   does the table keep its contract?\n\n"
    "[bold]assay contracts diff OLD NEW[/bold]   files or folders; exit code 1 if a change is breaking\n\n"
    "[bold]assay contracts export silver.trades[/bold]   a ruleset for AWS Glue Data Quality"
)
PAGE = Path("docs/contracts.md")
_STYLES = {"ok": "green", "warn": "yellow", "fail": "red", "not checked": "dim"}
_ORDER = ("fail", "warn", "ok", "not checked")
Table = Annotated[
    str | None,
    typer.Argument(
        help="A table, for example silver.trades; all if not given.", autocompletion=complete.tables
    ),
]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Folder of the contract files; the shipped ones if not given.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="contracts",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="What the tables promise: check it, read it, compare it, export it.",
    epilog=EXAMPLES,
)


class Language(StrEnum):
    """What a contract is exported to."""

    DQDL = "dqdl"


@app.command(epilog="Example:  [bold]assay contracts check silver.trades --json[/bold]")
def check(
    table: Table = None,
    folder: Folder = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="The day against which the age of the data counts; today if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Validate the contract files, then hold the tables of the running local lake against them.

    Exit code 1 if a table fails. Other files than the shipped ones are only validated.
    """
    from assay.cli import show

    contracts = _contracts(table, folder)
    found = _examined(contracts, as_of) if folder is None else None
    rows = found if found is not None else [_valid(name) for name in contracts]
    if as_json:
        show.json({"contracts": len(contracts), "lake": found is not None, "findings": rows})
    else:
        _findings(rows)
        if found is None:
            typer.echo("only the files were checked: no local lake runs that was made from them", err=True)
    if any(row["status"] == "fail" for row in rows):
        raise typer.Exit(1)


@app.command(epilog="Example:  [bold]assay contracts docs --out contracts.md[/bold]")
def docs(
    out: Annotated[Path, typer.Option("--out", help="Where to write the page.")] = PAGE,
    folder: Folder = None,
) -> None:
    """Write a page with a section per table, made from the contract files."""
    from assay.errors import InputError
    from assay.lake.contract_page import page

    text = page(_contracts(None, folder).values())
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"--out {out} cannot be written: {error.strerror}; name a file in a folder"
        ) from error
    typer.echo(f"written: {out}")


@app.command(epilog="Example:  [bold]assay contracts diff old/ new/[/bold]")
def diff(
    old: Annotated[Path, typer.Argument(help="A contract file, or a folder of them.")],
    new: Annotated[Path, typer.Argument(help="The same, later.")],
    as_json: AsJson = False,
) -> None:
    """Name what changed between two contracts, and what of it is breaking (exit code 1)."""
    from dataclasses import asdict

    from assay.cli import show
    from assay.lake.contract_diff import compare

    changes = compare(_read(old), _read(new))
    breaking = sum(change.breaking for change in changes)
    if as_json:
        show.json({"breaking": breaking, "changes": [asdict(change) for change in changes]})
    elif changes:
        show.table(
            [
                {"table": c.table, "breaking": "breaking" if c.breaking else "", "change": c.what}
                for c in changes
            ]
        )
    else:
        typer.echo("no changes")
    if breaking:
        raise typer.Exit(1)


@app.command(epilog="Example:  [bold]assay contracts export silver.trades > trades.dqdl[/bold]")
def export(
    table: Table = None,
    output: Annotated[Language, typer.Option("--format", "-f", help="The language.")] = Language.DQDL,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Print contracts as rulesets of AWS Glue Data Quality; what DQDL cannot say stands above the rules."""
    from dataclasses import asdict

    from assay.cli import show
    from assay.lake.dqdl import export as ruleset

    found = [ruleset(contract) for contract in _contracts(table, folder).values()]
    if as_json:
        show.json(
            {"format": output.value, "rulesets": [{**asdict(each), "text": each.text} for each in found]}
        )
    else:
        typer.echo("\n".join(each.text for each in found), nl=False)


def _contracts(table: str | None, folder: Path | None) -> dict[str, Contract]:
    from assay.errors import InputError
    from assay.lake.contracts import Contract, names, unknown_targets

    if folder is not None and not names(folder):
        raise InputError(f"--folder {folder} has no contract files; it must hold <layer>.<table>.yaml")
    every, problems = {}, []
    for name in names(folder):
        try:
            every[name] = Contract.load(name, folder)
        except InputError as error:
            problems.append(error.message)
    problems += unknown_targets(every)
    if problems:
        raise InputError("; ".join(problems))
    return every if table is None else {table: Contract.load(table, folder)}


def _read(path: Path) -> Mapping[str, Contract]:
    """Name → contract of a file, or of all files of a folder."""
    from assay.errors import InputError
    from assay.lake import odcs
    from assay.lake.contracts import Contract, names

    if path.is_dir():
        return {name: Contract.load(name, path) for name in names(path)}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}; name a contract file or a folder of them"
        ) from error
    contract = odcs.parse(text, source=str(path), name=odcs.table_of(text, source=str(path)))
    return {contract.name: contract}


def _examined(contracts: Mapping[str, Contract], as_of: str | None) -> list[dict[str, Any]] | None:
    """What the running local lake shows; None if none runs."""
    from assay.cli import upkeep
    from assay.local import stack

    if not all(process.running for process in stack.status()):
        return None
    told = {"tables": list(contracts)} | ({"now": f"{_day(as_of)}T00:00:00Z"} if as_of else {})
    found: list[dict[str, Any]] = upkeep.perform("contracts-check", told)["findings"]
    return found


def _day(text: str) -> str:
    from datetime import date

    from assay.errors import InputError

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InputError(f"--as-of is {text!r}; it must be a day such as 2026-03-02") from error


def _valid(name: str) -> dict[str, Any]:
    return {"table": name, "check": "contract", "status": "ok", "detail": "the file is acceptable"}


def _findings(rows: Sequence[Mapping[str, Any]]) -> None:
    """A line per table, and what is not as it should be below it."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    for table in dict.fromkeys(row["table"] for row in rows):
        mine = [row for row in rows if row["table"] == table]
        worst = min((row["status"] for row in mine), key=_ORDER.index)
        style = _STYLES[worst]
        console.print(f"[{style}]{worst:<11}[/{style}] {escape(table)}")
        for row in mine:
            if row["status"] in {"warn", "fail"}:
                console.print(f"              {escape(row['check'])}: {escape(row['detail'])}")

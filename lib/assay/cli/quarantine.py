"""`assay quarantine list | show | replay`: what broke its contract, and how it comes back after a fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = (
    "Examples:\n\n"
    "[bold]assay quarantine list[/bold]   how many rows, per contract and reason\n\n"
    "[bold]assay quarantine show 3f9a20c1[/bold]   one of them, by the beginning of its id\n\n"
    "[bold]assay quarantine replay --contract silver.trades[/bold]   after the contract was corrected"
)
# Runs are put in order by their first entry in the journal; one that it does not know yet is the newest.
_LIST = """
WITH runs AS (SELECT run_id, min(entry) AS began FROM silver.journal GROUP BY run_id),
reasons AS (
    SELECT contract, reason, q._run_id AS run_id, coalesce(r.began, '9') AS began
    FROM silver.quarantine q CROSS JOIN UNNEST(q.reasons) AS t(reason) LEFT JOIN runs r ON r.run_id = q._run_id
)
SELECT contract, reason, count(*) AS "rows", min_by(run_id, began) AS first_run, max_by(run_id, began) AS last_run
FROM reasons GROUP BY contract, reason ORDER BY contract, "rows" DESC, reason
"""
_SHOW = """
SELECT quarantine_id, contract, reasons, _source_file AS source_file, _change_seq AS change, _run_id AS run_id, row
FROM silver.quarantine WHERE quarantine_id LIKE '{beginning}%' ORDER BY quarantine_id LIMIT 2
"""
_ID = re.compile(r"[0-9a-f]{1,64}")
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

app = typer.Typer(
    name="quarantine",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Rows that broke their contract: look at them, and send them through again.",
    epilog=EXAMPLES,
)


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Count what was set aside, per contract and reason; a row with two reasons counts in both."""
    from assay.cli import show

    found = _asked(_LIST)
    if as_json:
        show.json({"reasons": found.to_pylist()})
    elif found.num_rows:
        show.answer(found)
    else:
        typer.echo("nothing is set aside")


@app.command(name="show")
def show_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A quarantine_id, or its beginning.")],
    as_json: AsJson = False,
) -> None:
    """Show one row: its values, every reason, and where it came from."""
    import json

    from assay.cli import show
    from assay.errors import InputError

    if not _ID.fullmatch(id_):
        raise InputError(
            f"ID is {id_[:80]!r}; a quarantine_id has 64 hexadecimal digits, the first of them do"
        )
    rows = _asked(_SHOW.format(beginning=id_)).to_pylist()
    if len(rows) != 1:
        how = "no row" if not rows else "more than one row"
        raise InputError(f"ID is {id_!r}; {how} in silver.quarantine has an id that begins so")
    row: dict[str, Any] = {**rows[0], "row": json.loads(rows[0]["row"])}
    if as_json:
        show.json(row)
        return
    values = row.pop("row")
    show.table([{"what": name, "value": _text(value)} for name, value in row.items()])
    show.table([{"column": name, "value": _text(value)} for name, value in values.items()])


@app.command()
def replay(
    contract: Annotated[
        str | None, typer.Option("--contract", help="Only of this table, for example silver.trades.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Only this quarantine_id, or all that begin so.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send rows through silver again, once, after the contract or the shape was corrected.

    Those that pass are merged into their table, never over a newer version, and leave quarantine; the others
    stay with the reasons of now. Gold takes up what changed with its next run.
    """
    from assay.cli import show, upkeep

    report = upkeep.perform("quarantine-replay", {"contract": contract, "id": id_ or ""})
    if as_json:
        show.json(report)
    elif report["contracts"]:
        show.table(report["contracts"])
    else:
        typer.echo("nothing is set aside")


def _asked(sql: str) -> pa.Table:
    import os

    from assay.local import stack
    from assay.serving import queries

    os.environ.update(stack.environment())
    return queries.query(sql)


def _text(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)

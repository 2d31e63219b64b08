"""The tables as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable

from assay.certify.published.table import WIDTH, Row, Table

COMMAND = "assay certify --published --page docs/certificates/published.md"
"""What makes the page."""
_HEADER = f"""<!-- Made by `{COMMAND}`. -->

# Published tables, made again

Every figure in the column "ours" is simulated with Assay's own methods, end to end. "Theirs" is printed in
the publication named, unless the row says otherwise: a *theory* is a formula of the publication, a *bound* is
what its theorem allows at most, *computed* means that nothing is printed. "Exact" is by enumeration,
quadrature or formula, without simulation. A row agrees if ours is within {WIDTH:g} Monte-Carlo standard
errors of theirs (beyond its rounding) and of the exact figure, and theirs is the exact one, rounded. Printed
figures that were known from memory alone are shown only where exact arithmetic gives every digit.
"""


def page(tables: Iterable[Table]) -> str:
    """The page.

    Args:
        tables: What `reproduce` made.

    Returns:
        Markdown; ends with a newline.
    """
    shown = tuple(tables)
    wrong = sum(len(table.disagreements) for table in shown)
    total = sum(len(table.rows) for table in shown)
    agrees = bool(shown) and all(table.agrees for table in shown)
    verdict = "All agree." if agrees else f"**{wrong} disagree.**"
    return "\n".join([_HEADER, f"Tables: {len(shown)}, rows: {total}. {verdict}", *map(_section, shown), ""])


def _section(table: Table) -> str:
    lines = [
        "",
        f"## {table.title}",
        "",
        table.compares,
        "",
        f"Source: {table.source} `{table.name}`, {table.replicates:,} replicates, seed {table.seed}.",
        "",
        "| figure | theirs | exact | ours | ± s.e. | |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in table.rows),
    ]
    return "\n".join(lines)


def _line(row: Row) -> str:
    theirs, exact, ours, error, verdict = row.cells()
    marked = theirs if row.kind in {"printed", "bound"} else f"{theirs} *{row.kind}*".strip()
    return f"| {row.label} | {marked} | {exact} | {ours} | {error} | {verdict} |"

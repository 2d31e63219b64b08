"""The published states of a table: which run made each, when, and with how many rows."""

from __future__ import annotations

from assay.lake.summary import RUN
from assay.upkeep.action import Context, Options, Report, action


class Which(Options):
    """Options.

    Attributes:
        table: `<layer>.<table>`.
        limit: How many, newest first.
    """

    table: str
    limit: int = 20


@action("snapshots", Which)
def snapshots(context: Context, which: Which) -> Report:
    """List the states of a table, newest first."""
    found = context.lake.history(which.table, which.limit)
    return {
        "table": which.table,
        "snapshots": [
            {
                "snapshot": each.id,
                "at": each.at.isoformat(timespec="seconds"),
                "operation": each.operation,
                "run_id": each.summary.get(RUN),
                "added": each.count("added-records"),
                "deleted": each.count("deleted-records"),
                "rows": each.count("total-records"),
            }
            for each in found
        ],
    }

"""What was set aside is sent through silver again, after the contract or the shape was corrected.

Looking at quarantine needs no action: `assay quarantine list` and `show` ask the table, and no row of it gets
into the output of a job.
"""

from __future__ import annotations

from dataclasses import asdict

from assay.lake.replay import replay
from assay.upkeep.action import Context, Options, Report, action


class Chosen(Options):
    """Options.

    Attributes:
        contract: Only what this silver table's contract set aside.
        id: Only versions whose quarantine_id begins so.
    """

    contract: str | None = None
    id: str = ""


@action("quarantine-replay", Chosen)
def quarantine_replay(context: Context, chosen: Chosen) -> Report:
    """Send what was set aside through silver again, once; gold takes it up with its next run."""
    done = replay(context.lake, chosen.contract, chosen.id)
    context.step.rows_in = sum(each.rows_in for each in done)
    context.step.rows_out = sum(each.merged for each in done)
    context.step.rows_quarantined = sum(each.still_set_aside for each in done)
    context.step.warnings += [
        f"{each.contract}: {each.missing:,} versions in quarantine are not among what silver has taken of "
        "bronze; they stay"
        for each in done
        if each.missing
    ]
    return {"contracts": [asdict(each) for each in done]}

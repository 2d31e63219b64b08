"""gold: what experiments show, what assets cost, what runs took. A Glue job; arguments: `GoldArguments`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from assay.lake import Lake, refresh
from assay.lake.parallel import each
from assay.runtime import arguments, cost, entry
from assay.runtime.journal import Journal
from assay.spark.session import session


@dataclass(frozen=True, kw_only=True)
class GoldArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        dpu: What one job of a run occupies, for the dollars in gold.runs.
    """

    dpu: float = 2.0


def main(argv: list[str]) -> None:
    """Bring the gold tables up to date with silver."""
    args = arguments.parse(GoldArguments, argv)
    lake = Lake(session(args.job), args.run_id)
    lake.ensure("gold")
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    price = cost.DOLLARS_PER_DPU_HOUR["STANDARD"]

    def step(name: str, work: Callable[[], int]) -> int:
        with journal.step(name) as counted:
            counted.rows_out = work()
        return counted.rows_out

    steps = {
        "experiments": partial(refresh.experiments, lake, args.week, args.as_of),
        "asset_daily": partial(refresh.asset_daily, lake),
        "runs": partial(refresh.runs, lake, dpu=args.dpu, dollars_per_dpu_hour=price),
    }
    each({name: partial(step, name, work) for name, work in steps.items()})


if __name__ == "__main__":
    entry.run(main)

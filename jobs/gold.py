"""gold: what experiments show, what assets cost, what runs took. A Glue job; arguments: `JobArguments`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from assay.lake import Lake, markets, refresh
from assay.lake.ingredients import Warn
from assay.lake.parallel import each
from assay.lake.reconciliation import reconcile
from assay.runtime import arguments, entry
from assay.runtime.bill import work
from assay.runtime.data_catalog import DataCatalog
from assay.runtime.journal import Journal
from assay.spark.session import session


def main(argv: list[str]) -> None:
    """Bring the gold tables up to date with silver."""
    args = arguments.parse(arguments.JobArguments, argv)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    with journal.step("tables"):
        lake = Lake(session(args.job), args.run_id, job=args.job)
        lake.ensure("gold")

    def step(name: str, refreshed: Callable[[Warn], int]) -> int:
        with journal.step(name) as counted:
            counted.rows_out = refreshed(counted.warnings.append)
        return counted.rows_out

    def experiments() -> int:
        brought = partial(refresh.experiments, lake, args.week, args.as_of, catalog=DataCatalog())
        return step("experiments", lambda warn: brought(warn=warn))

    def runs() -> int:
        return step("runs", lambda _: refresh.runs(lake, work.rates()))

    def market() -> int:
        days = step("asset_daily", lambda warn: markets.asset_daily(lake, args.as_of, warn=warn))
        return days + step("portfolio_daily", lambda _: markets.portfolio_daily(lake))

    each({"experiments": experiments, "runs": runs, "markets": market})
    step("reconcile", lambda _: reconcile(lake, args.week))


if __name__ == "__main__":
    entry.run(main)

"""calibrate: are the methods honest on these data, and the answers right? A Glue job.

In the workflow it certifies the week's results and judges the canaries. Started by itself with `--method` or
`--scenario` it is the laboratory: it simulates on the cluster and writes the certificates, and nothing else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from assay.certify import gate
from assay.certify.lab.certificates import SEED, certificate
from assay.certify.lab.grid import chosen
from assay.certify.lab.run import measure
from assay.lake import Lake
from assay.lake.certification import certified, certify_waiting, planned, store
from assay.runtime import arguments, entry, logs
from assay.runtime.journal import Journal
from assay.spark.lab import on_cluster
from assay.spark.session import session

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class CalibrateArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        judge_from: The gate leaves out planted experiments that ended before this date.
        method: For the laboratory: one method; None for all that suit.
        scenario: For the laboratory: a kind of data, or one cell of it; None for all.
        replicates: For the laboratory: simulated experiments per cell; None for those of the grid.
        seed: For the laboratory.
    """

    judge_from: date = date.min
    method: str | None = None
    scenario: str | None = None
    replicates: int | None = None
    seed: int = SEED


def main(argv: list[str]) -> None:
    """Certify and compare the results that gold wrote, then judge the planted experiments that ended."""
    args = arguments.parse(CalibrateArguments, argv)
    lake = Lake(session(args.job), args.run_id, job=args.job)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    if args.method or args.scenario:
        laboratory(args, lake, journal)
    else:
        judge(args, lake, journal)


def laboratory(args: CalibrateArguments, lake: Lake, journal: Journal) -> None:
    """Simulate, and write what was measured."""
    cells = chosen(method=args.method, scenario=args.scenario, replicates=args.replicates)
    with journal.step("laboratory") as step:
        lake.ensure("gold")
        found = measure(cells, seed=args.seed, workers=on_cluster(lake.spark))
        step.rows_out = store(lake, [certificate(one) for one in found])


def judge(args: CalibrateArguments, lake: Lake, journal: Journal) -> None:
    """Certify the results of the week, and judge its canaries."""
    with journal.step("certify") as step:
        plan = planned(lake, args.week, args.as_of)
        loaded = lake.read("silver.loads").agg({"week": "max"}).collect()[0][0]
        step.rows_in, step.rows_out, done = certify_waiting(lake, plan)
    with journal.step("gate") as step:
        passed = gate.check(
            plan.blueprint,
            [*plan.results, *done],
            certified(lake),
            until=plan.until,
            loaded=loaded,
            judge_from=args.judge_from,
        )
        step.rows_in = passed.results + passed.canaries
    log.info("gate passed", extra={"run_id": args.run_id, **asdict(passed)})


if __name__ == "__main__":
    entry.run(main)

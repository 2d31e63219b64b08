"""calibrate: are the methods honest on these data, and the answers right? A Glue job."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from assay.certify import calibrate, gate
from assay.lake import Lake
from assay.lake.certification import RESULTS, certified, certify
from assay.medallion.gold_blueprint import in_force
from assay.runtime import arguments, entry, logs
from assay.runtime.journal import Journal
from assay.spark.session import session

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class CalibrateArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        judge_from: The gate leaves out planted experiments that ended before this date.
    """

    judge_from: date = date.min


def main(argv: list[str]) -> None:
    """Certify and compare the results that gold wrote, then judge the planted experiments that ended."""
    args = arguments.parse(CalibrateArguments, argv)
    lake = Lake(session(args.job), args.run_id)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), args.week)
    loaded = lake.read("silver.loads").agg({"week": "max"}).collect()[0][0]
    stored = [row.asDict() for row in lake.read(RESULTS).collect()]
    until = max([args.as_of, *(row["as_of"] for row in stored)])
    results = calibrate.of_plan(stored, blueprint, until)
    with journal.step("certify") as step:
        waiting = calibrate.pending(results)
        done = certify(lake, blueprint, results, waiting) if waiting else []
        step.rows_in, step.rows_out = len(waiting), len(done)
    with journal.step("gate") as step:
        passed = gate.check(
            blueprint,
            [*results, *done],
            certified(lake),
            until=until,
            loaded=loaded,
            judge_from=args.judge_from,
        )
        step.rows_in = passed.results + passed.canaries
    log.info("gate passed", extra={"run_id": args.run_id, **asdict(passed)})


if __name__ == "__main__":
    entry.run(main)

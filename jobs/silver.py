"""silver: types and checks what is new in bronze, sets bad rows aside, then checks its tables. A Glue job."""

from __future__ import annotations

from datetime import UTC, datetime, time

from assay.lake.checks import check, refuse_failed
from assay.lake.contracts import names
from assay.lake.refine import refine
from assay.lake.tables import Lake
from assay.runtime import arguments, entry, logs
from assay.runtime.journal import Journal
from assay.spark.session import session

log = logs.get(__name__)


def main(argv: list[str]) -> None:
    """Bring the silver tables up to date with bronze."""
    args = arguments.parse(arguments.JobArguments, argv)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    with journal.step("tables") as step:
        lake = Lake(session(args.job), args.run_id, job=args.job)
        lake.ensure("silver")
        done = refine(lake)
        step.rows_in = sum(counts.rows_in for counts in done.values())
        step.rows_out = sum(counts.rows_out for counts in done.values())
        step.rows_quarantined = sum(counts.quarantined for counts in done.values())
        step.warnings += [line for table, counts in done.items() for line in counts.warnings(table)]
    with journal.step("checks") as step:
        # The week worked on ends the data: a week that is made again later is not stale for that.
        end = datetime.combine(args.as_of, time(), UTC)
        tables = [name for name in names() if name.startswith("silver.")]
        findings = check(lake, tables, min(end, datetime.now(UTC)))
        step.warnings += [each.sentence for each in findings if each.status == "warn"]
        refuse_failed(findings)
    for table, counts in done.items():
        log.info(
            "refined", extra={"table": table, "deduplicated": counts.deduplicated, "run_id": args.run_id}
        )


if __name__ == "__main__":
    entry.run(main)

"""bronze: takes what arrived (change files, blueprints, journal) into append-only tables. A Glue job."""

from __future__ import annotations

from dataclasses import dataclass

from assay.lake.tables import Lake
from assay.runtime import arguments, clients, entry
from assay.runtime.journal import Journal
from assay.sources.entries import Entries
from assay.sources.intake import Intake
from assay.sources.landing import Landing
from assay.spark.session import session


@dataclass(frozen=True, kw_only=True)
class BronzeArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        wait_seconds: How long to wait for the week to arrive as a whole.
    """

    wait_seconds: int = 600


def main(argv: list[str]) -> None:
    """Take in the week and whatever else arrived since the last run."""
    args = arguments.parse(BronzeArguments, argv)
    landing = Landing(clients.s3(), args.landing_bucket)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    with journal.step("tables") as step:
        lake = Lake(session(args.job), args.run_id, job=args.job)
        lake.ensure("bronze")
        intake = Intake(lake, landing, warn=step.warnings.append)
        step.rows_out = step.rows_in = intake.week(args.week, wait_seconds=args.wait_seconds)
    with journal.step("parameters") as step:
        intake = Intake(lake, landing, warn=step.warnings.append)
        step.rows_out = step.rows_in = intake.documents()
    with journal.step("journal") as step:
        step.rows_out = step.rows_in = intake.journal(Entries(clients.dynamodb(), args.journal_table))


if __name__ == "__main__":
    entry.run(main)

"""maintain: what an operator does to the lake, by the name of an action (`assay.upkeep`). A Glue job.

Arguments: `--action`, `--options` (what the action is told, a JSON object), and those of every job. The last
line on standard output is the action's report, a JSON object.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from assay import upkeep
from assay.errors import InputError
from assay.lake.tables import Lake
from assay.runtime import arguments, entry
from assay.runtime.journal import Journal
from assay.spark.session import session


@dataclass(frozen=True, kw_only=True)
class MaintainArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        action: Name of the action.
        options: What it is told, a JSON object.
        database_secret: Name of the secret of the source database.
        show_rows: Whether the report may show rows.
    """

    action: str
    options: str = "{}"
    database_secret: str = "assay/database"  # noqa: S105 its name, not its value
    show_rows: bool = False


def main(argv: list[str]) -> None:
    """Carry out one action and print its report."""
    args = arguments.parse(MaintainArguments, argv)
    action = upkeep.find(args.action)
    options = action.parse(_object(args.options))
    lake = Lake(session(args.job), args.run_id, job=args.job)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    with journal.step(action.name) as step:
        report = action.run(
            upkeep.Context(
                lake=lake,
                journal=journal,
                step=step,
                week=args.week,
                landing_bucket=args.landing_bucket,
                journal_table=args.journal_table,
                database_secret=args.database_secret,
            ),
            options,
        )
    # On Glue standard output is a log.
    sys.stdout.write(f"{json.dumps(report if args.show_rows else upkeep.without_rows(report))}\n")


def _object(text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"--options is no JSON: {error}; give an object such as {{}}") from error
    if not isinstance(found, dict):
        raise InputError(f"--options is {text[:80]!r}; it must be a JSON object such as {{}}")
    return found


if __name__ == "__main__":
    entry.run(main)

"""Ingest: draw one week of a blueprint, register its parameters, load it into the source database.

Running a week again changes nothing. Arguments: `--blueprint` (path or s3:// URI), `--parameters_url`,
`--database_secret`, and those of every job.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from assay import generators
from assay.errors import InputError
from assay.runtime import clients, entry, objects
from assay.runtime.arguments import JobArguments, parse
from assay.runtime.journal import Journal
from assay.sources import database, parameters
from assay.spec import Blueprint


@dataclass(frozen=True, kw_only=True)
class Arguments(JobArguments):
    """What the ingest job takes."""

    blueprint: str
    parameters_url: str
    database_secret: str = "assay/database"  # noqa: S105 its name, not its value


def main(argv: list[str]) -> None:
    """Load the week that the arguments name."""
    arguments = parse(Arguments, argv)
    journal = Journal(arguments.run_id, arguments.job, week=arguments.week, table=arguments.journal_table)
    with journal.step("read blueprint"):
        blueprint = Blueprint.parse(objects.read_text(arguments.blueprint), arguments.blueprint)
        number = _week_number(blueprint, arguments)
    with contextlib.ExitStack() as opened:
        # What may be refused comes first: a refusal leaves neither parameters nor rows behind.
        with journal.step("prepare database"):
            secret = clients.secret(arguments.database_secret)
            connection = opened.enter_context(database.connect(secret))
            database.create(connection)
            known = {"blueprint": blueprint.name, "version": blueprint.version}
            done = database.loaded(connection, arguments.week, number, **known)
        with journal.step("register parameters"):
            parameters.register(arguments.parameters_url, blueprint.document())
        if done is not None:
            return
        with journal.step("draw week"):
            week = generators.arrivals(blueprint, number)
        with journal.step("load database") as step:
            step.rows_in = sum(week.rows.values())
            step.rows_out = database.load(connection, week, **known)[0].rows


def _week_number(blueprint: Blueprint, arguments: Arguments) -> int:
    number = blueprint.week_number(arguments.week)
    if number < 1:
        raise InputError(
            f"--week is {arguments.week}; blueprint {blueprint.name} begins on {blueprint.start}: "
            "give that Monday or a later one"
        )
    return number


if __name__ == "__main__":
    entry.run(main)

"""sources: reads what is new in every declared source and lands it. A Glue job; no Spark starts in it.

Arguments: `--source_secrets`, how the names of sources' secrets begin, and those of every job.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assay.errors import AssayError
from assay.runtime import arguments, entry
from assay.runtime.journal import Journal
from assay.sources.fetch import Place, fetch, left_out
from assay.spec.source import Source, sources

PARALLEL = 4
"""Sources that are read at a time: they wait for others more than they compute."""


@dataclass(frozen=True, kw_only=True)
class SourcesArguments(arguments.JobArguments):
    """Arguments of this job.

    Attributes:
        source_secrets: How the names of sources' secrets begin.
    """

    source_secrets: str = "assay/sources/"


def main(argv: list[str]) -> None:
    """Land what is new, source by source; one that fails does not stop the others."""
    args = arguments.parse(SourcesArguments, argv)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    with journal.step("read sources"):
        declared = sources()
    place = Place(args.landing_bucket, args.source_secrets, args.week, args.as_of)
    with ThreadPoolExecutor(PARALLEL) as pool:  # it ends when all have
        landed = [pool.submit(land, journal, source, place) for source in declared.values()]
    for each in landed:
        each.result()


def land(journal: Journal, source: Source, place: Place) -> None:
    """Land one source, as a step of the journal; one that is left out takes no step.

    Raises:
        AssayError: It failed, and its declaration says that the run fails with it.
    """
    if left_out(source, place):
        return
    with journal.step(f"source {source.name}") as step:
        try:
            step.rows_out = fetch(source, place).rows
        except AssayError as error:
            if source.required:
                raise
            step.warnings.append(error.message)


if __name__ == "__main__":
    entry.run(main)

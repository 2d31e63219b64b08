"""calibrate: are the methods honest on these data, and the answers right? A Glue job."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from pyspark.sql import DataFrame, SparkSession

from assay.certify import calibrate, gate
from assay.certify.rerandomise import UNITS
from assay.lake import Contract, Lake
from assay.lake.parallel import each
from assay.medallion.gold_blueprint import in_force
from assay.medallion.gold_scope import Scope
from assay.medallion.gold_values import control_sample, unit_values
from assay.runtime import arguments, entry
from assay.runtime.journal import Journal
from assay.spec import Blueprint

RESULTS, CERTIFICATES = "gold.experiment_results", "gold.certificates"


def main(argv: list[str]) -> None:
    """Certify and compare the results that gold wrote, then judge the planted experiments that ended."""
    args = arguments.parse(arguments.JobArguments, argv)
    lake = Lake(SparkSession.builder.getOrCreate(), args.run_id)
    journal = Journal(args.run_id, args.job, args.week, args.journal_table)
    blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), args.week)
    stored = [row.asDict() for row in lake.read(RESULTS).collect()]
    until = max([args.as_of, *(row["as_of"] for row in stored)])
    results = calibrate.of_plan(stored, blueprint, until)
    with journal.step("certify") as step:
        waiting = calibrate.pending(results)
        done = certify(lake, blueprint, results, waiting) if waiting else []
        step.rows_in, step.rows_out = len(waiting), len(done)
    # A repeat of a run that failed here must fail again: the week's own look is judged every time.
    ended = {args.as_of, *(row["as_of"] for row in done)}
    if any(planned.end in ended for planned in blueprint.plan(until)):
        with journal.step("gate") as step:
            known = {
                row["certificate_id"] for row in lake.read(CERTIFICATES).select("certificate_id").collect()
            }
            step.rows_in = gate.check(blueprint, [*results, *done], known, until=until)


def certify(
    lake: Lake, blueprint: Blueprint, results: list[calibrate.Row], waiting: list[calibrate.Row]
) -> list[calibrate.Row]:
    """Write the certificates of the waiting results, and these with their figures; returns the latter."""
    totals = calibrate.controls(results)
    samples = _samples(lake, blueprint, results, {key: totals[key] for key in map(calibrate.look, waiting)})
    found = calibrate.certificates(waiting, samples, blueprint, totals)
    done = calibrate.calibrated(waiting, found, blueprint)
    rows = {CERTIFICATES: [asdict(certificate) for certificate in found], RESULTS: done}
    each({name: partial(lake.merge, name, _frame(lake, name, rows[name]), {}) for name in rows})
    return done


def _samples(
    lake: Lake, blueprint: Blueprint, results: list[calibrate.Row], totals: dict[calibrate.Look, int]
) -> dict[calibrate.Look, calibrate.Sample]:
    """The values of control units, pooled over experiments, of each metric and look that waits."""
    looks = calibrate.looks(results, totals)
    scopes = [Scope(blueprint.round_of(name), (), days) for name, days in looks.items()]
    values = unit_values(lake.read("gold.unit_metrics"), lake.read("silver.exposures"), blueprint, scopes)
    return calibrate.samples(control_sample(values, scopes, totals, limit=UNITS).toPandas())


def _frame(lake: Lake, name: str, rows: list[dict[str, object]]) -> DataFrame:
    contract = Contract.load(name)
    signed = [tuple({**row, "_run_id": lake.run_id}[column] for column in contract.columns) for row in rows]
    return lake.spark.createDataFrame(signed, contract.schema)


if __name__ == "__main__":
    entry.run(main)

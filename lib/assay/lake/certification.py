"""Certificates and truth for the results that wait for them, published with the results."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from pyspark.sql import DataFrame

from assay.certify import calibrate
from assay.certify.certificate import Certificate
from assay.certify.diagnosis.measure import UNITS
from assay.certify.lab.certificates import shipped
from assay.certify.rerandomise import FEWEST
from assay.lake.contracts import Contract
from assay.lake.tables import Lake
from assay.medallion.gold_blueprint import in_force
from assay.medallion.gold_exposures import exposures
from assay.medallion.gold_scope import Scope
from assay.medallion.gold_values import control_sample, unit_values
from assay.spark.local import frame
from assay.spec import Blueprint

RESULTS, CERTIFICATES = "gold.experiment_results", "gold.certificates"


@dataclass(frozen=True, slots=True)
class Plan:
    """The results that are judged together.

    Attributes:
        blueprint: The blueprint in force.
        until: End of the plan, exclusive.
        results: Of the experiments that it plans until then.
    """

    blueprint: Blueprint
    until: date
    results: list[calibrate.Row]


def planned(lake: Lake, week: date, as_of: date) -> Plan:
    """The results of gold that belong to the plan in force.

    Args:
        lake: The lake.
        week: Monday of the week whose blueprint is in force.
        as_of: End of that week, exclusive.
    """
    blueprint = in_force(lake.read("silver.loads"), lake.read("silver.blueprints"), week)
    stored = [row.asDict() for row in lake.read(RESULTS).collect()]
    until = max([as_of, *(row["as_of"] for row in stored)])
    return Plan(blueprint, until, calibrate.of_plan(stored, blueprint, until))


def certify_waiting(lake: Lake, plan: Plan) -> tuple[int, int, list[calibrate.Row]]:
    """Certify the results that wait for it, and ship the certificates of the methods in use.

    Returns:
        How many waited, how many rows were written, and the results that waited as they now stand.
    """
    waiting = calibrate.pending(plan.results, plan.blueprint)
    done = certify(lake, plan.blueprint, plan.results, waiting) if waiting else []
    shipped = ship(lake, {str(row["method"]) for row in plan.results})
    return len(waiting), len(done) + shipped, done


def certify(
    lake: Lake, blueprint: Blueprint, results: list[calibrate.Row], waiting: list[calibrate.Row]
) -> list[calibrate.Row]:
    """Write the certificates of the waiting results, and these with their figures and the truth.

    Args:
        lake: The lake.
        blueprint: The blueprint in force.
        results: All results of its plan.
        waiting: Those to be calibrated; at least one.

    Returns:
        The waiting results as they now stand.
    """
    totals = calibrate.controls(results)
    looks = map(calibrate.look, calibrate.everyone(waiting))
    asked = {key: totals[key] for key in looks if totals[key] >= FEWEST}
    samples = _samples(lake, blueprint, results, asked) if asked else {}
    found = calibrate.certificates(waiting, samples, blueprint, totals)
    done = calibrate.calibrated(waiting, found, blueprint)
    if blueprint.clustered:  # those of too few clusters wait on, as they stand
        done = [row for row in done if row["certificate_id"] is not None]
    # The certificates first: a run killed in between finds the results still waiting, and repeats both.
    store(lake, found)
    if done:
        lake.merge(RESULTS, _frame(lake, RESULTS, done), {})
    return done


def certified(lake: Lake) -> set[str]:
    """The ids of all certificates."""
    rows = lake.read(CERTIFICATES).select("certificate_id").collect()
    return {str(row["certificate_id"]) for row in rows}


def ship(lake: Lake, methods: Collection[str]) -> int:
    """Write the shipped certificates of some methods that the lake does not have yet.

    Args:
        lake: The lake.
        methods: Names of the registry: those that results were made with.

    Returns:
        How many were written.
    """
    present = certified(lake)
    missing = [c for c in shipped() if c.method in methods and c.certificate_id not in present]
    return store(lake, missing)


def store(lake: Lake, certificates: Sequence[Certificate]) -> int:
    """Write certificates; one that is there already is replaced.

    Args:
        lake: The lake.
        certificates: None is no work.

    Returns:
        How many were written.
    """
    if certificates:
        rows = [asdict(certificate) for certificate in certificates]
        lake.merge(CERTIFICATES, _frame(lake, CERTIFICATES, rows), {})
    return len(certificates)


def _samples(
    lake: Lake, blueprint: Blueprint, results: list[calibrate.Row], totals: dict[calibrate.Look, int]
) -> dict[calibrate.Look, calibrate.Sample]:
    """The values of control units, pooled over experiments, of each metric and look that waits."""
    looks = calibrate.looks(results, totals)
    scopes = [Scope(blueprint.round_of(name), (), days) for name, days in looks.items()]
    exposed = exposures(lake.read(blueprint.exposed.table), blueprint)
    values = unit_values(lake.read("gold.unit_metrics"), exposed, blueprint, scopes)
    return calibrate.samples(control_sample(values, scopes, totals, limit=UNITS).toPandas())


def _frame(lake: Lake, name: str, rows: list[dict[str, object]]) -> DataFrame:
    contract = Contract.load(name)
    signed = [tuple({**row, "_run_id": lake.run_id}[column] for column in contract.columns) for row in rows]
    return frame(lake.spark, signed, contract.schema)

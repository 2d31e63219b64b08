"""gold.experiment_health: may this experiment be believed at this look?

Four checks: `srm` (do the arms have the shares that were allocated?), `multi_exposure` (units seen in several
arms, which are left out of the analysis), `quarantined` (rows of the experiment's tables that broke their
contract) and `reconciliation` (is every exposed unit either analysed or left out for a stated reason?). Where
clusters were assigned as wholes, they are what `srm` counts, and those in several arms are told too. Nothing
here depends on when a row arrived (docs/adr/0032-late-rows.md).

References:
    Fabijan et al. (2019), Diagnosing Sample Ratio Mismatch in Online Controlled Experiments (the level
    0.001).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assay.medallion import gold_exposures
from assay.medallion.gold_exposures import CLUSTER
from assay.medallion.gold_scope import Scope, eligible, look_bounds, measures
from assay.spec import Blueprint, PlannedExperiment
from assay.stats import SRM_LEVEL, srm

EXPOSURES, QUARANTINE = "silver.exposures", "silver.quarantine"
KEYS = ("experiment", "as_of", "check")
SCHEMA = (
    "experiment string, as_of date, check string, status string, value double, p_value double, detail string"
)
OK, WARN, FAIL = "ok", "warn", "fail"
SRM_WARNING = 0.01
# Share of units in several arms: above the first something leaks, above the second the randomisation is in
# doubt.
MULTI_WARNING, MULTI_FAILURE = 0.001, 0.01
MULTI_ARM, UNKNOWN_ARM, OUTSIDE, ELIGIBLE = "multi_arm", "unknown arm", "outside enrolment", "eligible"
MIXED = ""
"""In place of an arm: clusters with units in more than one, which stay in the analysis."""
Look = tuple[str, date]


def srm_p_values(
    scopes: Sequence[Scope], allocated: Mapping[Look, Mapping[str, int]]
) -> dict[Look, float | None]:
    """p-value of the sample ratio test for every look of the scopes.

    Args:
        scopes: Whose looks.
        allocated: (experiment, as_of) → arm → units, or clusters where those were assigned.

    Returns:
        (experiment, as_of) → p-value, None where no unit was exposed.
    """
    return {
        (scope.planned.id, as_of): _srm(scope.planned, allocated.get((scope.planned.id, as_of), {}))
        for scope in scopes
        for as_of in scope.looks
    }


def _srm(planned: PlannedExperiment, units: Mapping[str, int]) -> float | None:
    observed = [units.get(arm.name, 0) for arm in planned.arms]
    if not sum(observed):
        return None
    return float(srm(observed, [arm.allocation for arm in planned.arms]))


def exposure_counts(exposures: DataFrame, scopes: Sequence[Scope]) -> DataFrame:
    """Exposed units per look, by whether and why not they are analysed.

    Args:
        exposures: silver.exposures.
        scopes: Whose looks.

    Returns:
        experiment, as_of, kind, units. It asks the exposures themselves, not gold, so that reconciliation
        compares two ways of counting.
    """
    looks = F.broadcast(look_bounds(exposures.sparkSession, scopes))
    inside = (F.col("exposed_at") >= F.col("opens")) & (F.col("exposed_at") < F.col("closes"))
    kind = (
        F.when(F.col("multi_arm"), MULTI_ARM)
        .when(~F.array_contains("arms_planned", F.col("arm")), UNKNOWN_ARM)
        .when(~inside, OUTSIDE)
        .otherwise(ELIGIBLE)
    )
    return (
        exposures.join(looks, "experiment", "inner")
        .where(F.col("exposed_at") < F.col("as_of"))
        .groupBy("experiment", "as_of", kind.alias("kind"))
        .agg(F.count(F.lit(1)).alias("units"))
    )


def cluster_counts(exposures: DataFrame, scopes: Sequence[Scope]) -> DataFrame:
    """Clusters with an analysed unit per look and arm.

    Args:
        exposures: `gold_exposures.exposures`, with clusters.
        scopes: Whose looks.

    Returns:
        experiment, as_of, arm (`MIXED` of those with units in several), clusters.
    """
    looks = F.broadcast(look_bounds(exposures.sparkSession, scopes).select("experiment", "as_of"))
    seen = eligible(exposures, [scope.planned for scope in scopes]).join(looks, "experiment", "inner")
    each = seen.where(F.col("exposed_at") < F.col("as_of")).groupBy("experiment", "as_of", CLUSTER)
    arms = each.agg(F.min("arm").alias("arm"), (F.count_distinct("arm") > 1).alias("mixed"))
    arm = F.when(F.col("mixed"), MIXED).otherwise(F.col("arm"))
    return arms.groupBy("experiment", "as_of", arm.alias("arm")).agg(F.count(F.lit(1)).alias("clusters"))


def quarantined_days(quarantine: DataFrame, blueprint: Blueprint) -> DataFrame:
    """Quarantined rows per contract, experiment and day of the event.

    Args:
        quarantine: silver.quarantine, or its changelog.
        blueprint: Says which column is the time of each fact's table.

    Returns:
        contract, experiment (of an exposure, else NULL), day, units. A row without a readable time belongs to
        no look and is left out; it stays in silver.quarantine.
    """
    exposed = blueprint.exposed
    times = {fact.table: fact.time for fact in blueprint.facts.values()} | {exposed.table: exposed.time}
    time = F.coalesce(*(F.when(F.col("contract") == t, _field(name)) for t, name in sorted(times.items())))
    of_exposures = gold_exposures.experiment(blueprint, _field)
    experiment = F.when(F.col("contract") == exposed.table, of_exposures)
    rows = quarantine.where(F.col("contract").isin(*times)).select(
        "contract", experiment.alias("experiment"), F.to_date(F.substring(time, 1, 10)).alias("day")
    )
    counted = rows.where(F.col("day").isNotNull()).groupBy("contract", "experiment", "day")
    return counted.agg(F.count(F.lit(1)).alias("units"))


def _field(name: str) -> Column:
    return F.get_json_object("row", f"$.{name}")


def health(
    blueprint: Blueprint,
    scopes: Sequence[Scope],
    analysed: Mapping[Look, Mapping[str, int]],
    exposed: Iterable[tuple[Any, ...]],
    quarantined: Iterable[tuple[Any, ...]],
    clusters: Mapping[Look, Mapping[str, int]] | None = None,
) -> list[tuple[object, ...]]:
    """The four checks of every look of the scopes.

    Args:
        blueprint: The blueprint in force.
        scopes: Whose looks.
        analysed: `gold_moments.arm_counts`.
        exposed: Collected `exposure_counts`.
        quarantined: Collected `quarantined_days`.
        clusters: Collected `cluster_counts`; None where units were assigned one by one.

    Returns:
        Rows of `SCHEMA`.
    """
    kinds: dict[Look, Counter[str]] = {}
    for experiment, as_of, kind, units in exposed:
        kinds.setdefault((experiment, as_of), Counter())[kind] = units
    allocated = analysed if clusters is None else clusters
    p_values = srm_p_values(scopes, allocated)
    bad = list(quarantined)
    rows: list[tuple[object, ...]] = []
    for scope in scopes:
        for as_of in scope.looks:
            look = (scope.planned.id, as_of)
            units, seen = analysed.get(look, {}), kinds.get(look, Counter())
            checks = (
                _srm_check(scope.planned, allocated.get(look, {}), p_values[look]),
                _multi_check(seen, None if clusters is None else clusters.get(look, {})),
                _quarantine_check(blueprint, scope.planned, as_of, bad),
                _reconciliation(seen, sum(units.values())),
            )
            rows.extend((*look, *check) for check in checks)
    return rows


Check = tuple[str, str, float | None, float | None, str]


def _srm_check(planned: PlannedExperiment, units: Mapping[str, int], p_value: float | None) -> Check:
    if p_value is None:
        return "srm", WARN, None, None, "no unit was exposed yet"
    total = sum(units.get(arm.name, 0) for arm in planned.arms)
    shares = {arm.name: units.get(arm.name, 0) / total for arm in planned.arms}
    worst = max(abs(shares[arm.name] - arm.allocation) for arm in planned.arms)
    detail = ", ".join(
        f"{arm.name} {units.get(arm.name, 0):,} ({shares[arm.name]:.2%} of {arm.allocation:.2%})"
        for arm in planned.arms
    )
    status = FAIL if p_value < SRM_LEVEL else WARN if p_value < SRM_WARNING else OK
    return "srm", status, worst, p_value, detail


def _multi_check(seen: Mapping[str, int], clusters: Mapping[str, int] | None) -> Check:
    total, multi = sum(seen.values()), seen.get(MULTI_ARM, 0)
    share = multi / total if total else 0.0
    detail = f"{multi:,} of {total:,} units were seen in more than one arm"
    if clusters is not None:
        known, mixed = sum(clusters.values()), clusters.get(MIXED, 0)
        share = max(share, mixed / known if known else 0.0)
        detail += f"; {mixed:,} of {known:,} clusters have units in more than one arm"
    status = FAIL if share > MULTI_FAILURE else WARN if share > MULTI_WARNING else OK
    return "multi_exposure", status, share, None, detail


def _quarantine_check(
    blueprint: Blueprint, planned: PlannedExperiment, as_of: date, bad: Sequence[tuple[Any, ...]]
) -> Check:
    facts = {measure.fact for measure in measures(blueprint, planned)}
    tables = {blueprint.facts[fact].table for fact in facts}
    found: Counter[str] = Counter()
    for contract, experiment, day, units in bad:
        ours = contract in tables or (contract == blueprint.exposed.table and experiment == planned.id)
        if ours and planned.start <= day < as_of:
            found[contract] += units
    detail = ", ".join(f"{table} {units:,}" for table, units in sorted(found.items())) or "none"
    return "quarantined", WARN if found else OK, float(sum(found.values())), None, detail


def _reconciliation(seen: Mapping[str, int], analysed: int) -> Check:
    lost = seen.get(ELIGIBLE, 0) - analysed
    return "reconciliation", FAIL if lost else OK, float(lost), None, _account(seen, analysed)


def _account(seen: Mapping[str, int], analysed: int) -> str:
    parts = _left_out(seen)
    return f"{sum(seen.values()):,} units exposed = {analysed:,} analysed" + "".join(
        f" + {units:,} {kind}" for kind, units in parts
    )


def _left_out(seen: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    return ((kind, seen[kind]) for kind in (MULTI_ARM, UNKNOWN_ARM, OUTSIDE) if seen.get(kind))

"""Clusters that were assigned as wholes: results, health and certificates count them as what was assigned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from assay.certify import calibrate
from assay.medallion import gold_looks
from assay.medallion.gold_exposures import exposures
from assay.medallion.gold_scope import scopes
from assay.medallion.gold_touched import touched
from assay.medallion.gold_unit_metrics import unit_metrics
from assay.medallion.gold_values import control_sample, unit_values
from assay.spec import Blueprint
from assay.stats import METHODS, Moments, Samples

from .conftest import moment, week

BLUEPRINT = Blueprint.parse(
    """
name: schools
start: 2026-01-05
exposures: {table: silver.assignments, unit: pupil, arm: arm, time: at, cluster: school}
facts: {scores: {table: silver.scores, unit: pupil, time: "on", values: [points]}}
metrics:
  points: {type: mean, numerator: scores.points}
  passed: {type: proportion, numerator: scores.count, where: {points: {at_least: 10}}}
  middle: {type: quantile, numerator: scores.points, quantile: 0.5}
  careful: {type: mean, numerator: scores.points, method: cluster_robust_icc}
experiments:
  tutoring:
    weeks: 2
    covariate_days: 0
    metrics: [points, passed, middle, careful]
    arms: [{name: alone, allocation: 0.5}, {name: tutored, allocation: 0.5}]
""",
    "schools.yaml",
)
SCHOOLS = 40
UNTIL = week(3)
ASSIGNED = "pupil bigint, arm string, at timestamp, school string"


@dataclass(frozen=True)
class Pupil:
    name: int
    arm: str
    at: datetime
    school: str
    points: float


def pupils() -> list[Pupil]:
    """Schools of 8 to 25 pupils, alike within; half of the schools are tutored."""
    rng = np.random.default_rng(11)
    tutored = rng.permutation(SCHOOLS) < SCHOOLS // 2
    found = []
    for school in range(SCHOOLS):
        level = 10 + rng.normal()
        for _ in range(int(rng.integers(8, 26))):
            at = moment(week(1), float(rng.uniform(0, 150)))
            arm = "tutored" if tutored[school] else "alone"
            points = round(level + float(rng.normal()), 2)
            found.append(Pupil(len(found), arm, at, f"school-{school}", points))
    return found


PUPILS = pupils()


@dataclass(frozen=True)
class Made:
    """What gold makes of the pupils."""

    exposed: DataFrame
    units: DataFrame
    looks: gold_looks.Looks


def make(spark: SparkSession, rows: Sequence[Pupil]) -> Made:
    assigned = [(each.name, each.arm, each.at, each.school) for each in rows]
    # A pupil who changes school and is seen again there: the first exposure counts.
    assigned.append((rows[0].name, rows[0].arm, rows[0].at + timedelta(days=1), "school-39"))
    exposed = exposures(spark.createDataFrame(assigned, ASSIGNED), BLUEPRINT)
    scores = spark.createDataFrame(
        [(each.name, each.at + timedelta(hours=1), each.points) for each in rows],
        "pupil bigint, `on` timestamp, points double",
    )
    asked = scopes(BLUEPRINT, None, since=None, until=UNTIL)
    units = unit_metrics({"silver.scores": scores}, exposed, BLUEPRINT, asked).cache()
    quarantine = spark.createDataFrame([], "quarantine_id string, contract string, row string")
    return Made(exposed, units, gold_looks.looks(units, exposed, quarantine, BLUEPRINT, asked))


@pytest.fixture(scope="module")
def made(spark: SparkSession) -> Made:
    return make(spark, PUPILS)


def arms(metric: str) -> tuple[Samples, Samples]:
    """By definition, with numbers for the schools."""

    def one(arm: str) -> Samples:
        mine = [each for each in PUPILS if each.arm == arm]
        y = [float(each.points >= 10) if metric == "passed" else each.points for each in mine]
        return Samples(np.array(y), cluster=np.array([float(each.school[7:]) for each in mine]))

    return one("alone"), one("tutored")


@pytest.mark.parametrize(
    ("metric", "method", "options"),
    [
        ("points", "cluster_robust", {}),
        ("passed", "cluster_robust", {}),
        ("middle", "quantile_clustered", {"q": 0.5}),
        ("careful", "cluster_robust_icc", {}),
    ],
)
def test_results_are_those_of_the_method_that_knows_clusters(
    made: Made, metric: str, method: str, options: dict[str, Any]
) -> None:
    (row,) = made.looks.results.where(f"metric = '{metric}' AND as_of = '{UNTIL}'").collect()
    want = METHODS[method](*arms(metric), alpha=0.05, **options)
    assert row["method"] == method
    assert row["n_control"] + row["n_treatment"] == len(PUPILS)
    for field in ("estimate", "lower", "upper", "p_value"):
        assert row[field] == pytest.approx(float(getattr(want, field)), rel=1e-9, abs=1e-12), field


def test_pupils_taken_for_independent_would_look_far_surer(made: Made) -> None:
    (row,) = made.looks.results.where(f"metric = 'points' AND as_of = '{UNTIL}'").collect()
    control, treatment = (Moments.of(arm.y) for arm in arms("points"))
    naive = METHODS["welch"](control, treatment, alpha=0.05)
    assert row["std_error"] > 2 * float(naive.std_error)


def health(made: Made) -> dict[str, Any]:
    return {row["check"]: row for row in made.looks.health.where(f"as_of = '{UNTIL}'").collect()}


def test_the_sample_ratio_counts_schools(made: Made) -> None:
    found = health(made)
    assert found["srm"]["detail"] == "alone 20 (50.00% of 50.00%), tutored 20 (50.00% of 50.00%)"
    assert found["srm"]["p_value"] == 1.0
    assert "0 of 40 clusters have units in more than one arm" in found["multi_exposure"]["detail"]
    assert {row["status"] for row in found.values()} == {"ok"}


@pytest.mark.long
def test_a_school_in_both_arms_is_told(spark: SparkSession) -> None:
    strayed = PUPILS[3]
    other = "alone" if strayed.arm == "tutored" else "tutored"
    moved = Pupil(strayed.name, other, strayed.at, strayed.school, strayed.points)
    found = health(make(spark, [moved if each is strayed else each for each in PUPILS]))
    assert found["multi_exposure"]["status"] == "fail"
    assert "1 of 40 clusters have units in more than one arm" in found["multi_exposure"]["detail"]
    assert sum(int(part.split()[1]) for part in found["srm"]["detail"].split(", ")) == SCHOOLS - 1


def test_certificates_split_whole_schools(made: Made) -> None:
    asked = scopes(BLUEPRINT, None, since=None, until=UNTIL)
    values = unit_values(made.units, made.exposed, BLUEPRINT, asked)
    controls = sum(each.arm == "alone" for each in PUPILS)
    totals = {("points", UNTIL): controls}
    sample = calibrate.samples(control_sample(values, asked, totals, limit=10_000).toPandas())
    order, y, *_ = sample["points", UNTIL]
    sizes = sorted(np.unique(order, return_counts=True)[1].tolist())
    mine = [each.school for each in PUPILS if each.arm == "alone"]
    assert sizes == sorted(mine.count(school) for school in set(mine))
    assert sorted(y.tolist()) == sorted(each.points for each in PUPILS if each.arm == "alone")


def test_a_changed_school_touches_its_day(spark: SparkSession) -> None:
    changes = spark.createDataFrame(
        [(1, "alone", moment(week(1), 5), "school-1", "DELETE"),
         (1, "alone", moment(week(1), 5), "school-2", "INSERT")],
        f"{ASSIGNED}, _change_type string",
    )  # fmt: skip
    nothing = spark.createDataFrame([], "pupil bigint, `on` timestamp, points double, _change_type string")
    aside = spark.createDataFrame(
        [], "quarantine_id string, contract string, row string, _change_type string"
    )
    frames = {"silver.assignments": changes, "silver.scores": nothing, "silver.quarantine": aside}
    exposed = exposures(changes.drop("_change_type"), BLUEPRINT)
    assert touched(BLUEPRINT, frames, exposed).exposures == {"tutoring": date(2026, 1, 5)}

"""Certificates where clusters were assigned as wholes: they are split as wholes, and it matters.

40 schools of 20 pupils with an intraclass correlation of 0.2: a method that takes pupils for independent
finds a difference between halves of the schools in far more than 5 % of the splits.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy.stats import binom

from assay import seeds
from assay.certify import calibrate
from assay.certify.diagnosis.sampled import REPLICATES, certify_sampled
from assay.certify.rerandomise import Units
from assay.spec import Blueprint
from assay.stats import METHODS, Moments, named

AS_OF = date(2026, 1, 19)
SCHOOLS, PUPILS, BETWEEN = 40, 20, 0.5
GENERATOR = seeds.stream(5, "test.clusters")
SCHOOL = np.repeat(np.arange(SCHOOLS), PUPILS)
POINTS = 10 + BETWEEN * GENERATOR.normal(size=SCHOOLS)[SCHOOL] + GENERATOR.normal(size=SCHOOL.size)
BLUEPRINT = Blueprint.parse(
    """
name: schools
start: 2026-01-05
exposures: {table: silver.assignments, unit: pupil, arm: arm, time: at, cluster: school}
facts: {scores: {table: silver.scores, unit: pupil, time: at, values: [points]}}
metrics: {points: {type: mean, numerator: scores.points}}
experiments:
  tutoring: {weeks: 2, metrics: [points], arms: [{name: a, allocation: 0.5}, {name: b, allocation: 0.5}]}
""",
    "schools.yaml",
)


def certified(method: str, cluster: np.ndarray | None = SCHOOL, y: np.ndarray = POINTS) -> float:
    found = certify_sampled(
        named(method), Units(y), metric="points", as_of=AS_OF, seed=7, week=1, alpha=0.05, total=len(y),
        cluster=cluster,
    )  # fmt: skip
    assert found.replicates == REPLICATES
    return found.type_i_error


@pytest.mark.parametrize("method", ["cluster_robust", "cluster_robust_icc"])
def test_methods_that_know_clusters_hold_their_level(method: str) -> None:
    """Outside of the band once in a million, if the level is 5 %."""
    low, high = binom.interval(1 - 1e-6, REPLICATES, 0.05)
    assert low / REPLICATES <= certified(method) <= high / REPLICATES


def test_pupils_taken_for_independent_show_effects_that_are_not_there() -> None:
    """The same halves of schools by Welch's test: six times the level. 1 in a million below 15 %."""
    rejected = 0
    generator = seeds.stream(7, "aa.points.units", 1)
    for _ in range(REPLICATES):
        treated = (generator.permutation(SCHOOLS) < SCHOOLS // 2)[SCHOOL]
        effect = METHODS["welch"](Moments.of(POINTS[~treated]), Moments.of(POINTS[treated]), alpha=0.05)
        rejected += bool(effect.p_value < 0.05)
    assert rejected / REPLICATES > 0.15 > certified("cluster_robust")


def test_names_of_clusters_do_not_matter() -> None:
    assert certified("cluster_robust", SCHOOL * 7 + 3) == certified("cluster_robust")


def row(method: str, n: int) -> calibrate.Row:
    return {
        "experiment": "tutoring", "metric": "points", "as_of": AS_OF, "method": method, "treatment": "b",
        "n_control": n, "n_treatment": n, "estimate": 0.1, "lower": -0.1, "upper": 0.3, "p_value": 0.3,
        "alpha": 0.05, "certificate_id": None, "truth": None, "segment": "all",
    }  # fmt: skip


@pytest.mark.parametrize(("schools", "certificates"), [(40, 1), (10, 1), (9, 0)])
def test_fewer_than_ten_clusters_are_not_certified(schools: int, certificates: int) -> None:
    kept = schools > SCHOOL
    hashes = seeds.stream(1, "test.hashes").permutation(SCHOOLS).astype(np.int64)[SCHOOL[kept]]
    ones, zeros = np.ones(kept.sum()), np.zeros(kept.sum())
    values = {("points", AS_OF): (hashes, POINTS[kept], ones, zeros)}
    waiting = [row("cluster_robust", int(kept.sum()))]
    totals = {("points", AS_OF): int(kept.sum())}
    found = calibrate.certificates(waiting, values, BLUEPRINT, totals)
    assert len(found) == certificates
    assert all(each.method == "cluster_robust" for each in found)

"""A diagnosis: what is wrong is called so, and what serves better is named."""

from __future__ import annotations

import numpy as np
import pytest

from assay import seeds
from assay.certify.certificate import CONSERVATIVE, HOLDS, LIBERAL
from assay.certify.diagnosis import words
from assay.certify.diagnosis.diagnose import Diagnosis, detectable, diagnose
from assay.certify.rerandomise import Assignment, Units, splits
from assay.stats import Moments, named


def found(
    method: str,
    y: np.ndarray,
    *,
    kind: str = "mean",
    d: np.ndarray | None = None,
    p: float = 0.5,
    share: float = 0.5,
    replicates: int = 10_000,
    lift: float | None = None,
) -> Diagnosis:
    units, assignment = Units(y, d), Assignment(3, "test", share=share)
    halves = splits({"m": units}, assignment, replicates)["m"]
    return diagnose(
        units,
        halves,
        metric="m",
        contrast="b vs a",
        shape="",
        kind=kind,
        method=named(method),
        assignment=assignment,
        p_value=p,
        lift=lift,  # type: ignore[arg-type]
    )


def ones(successes: int, units: int) -> np.ndarray:
    return (np.arange(units) < successes).astype(float)


def skewed(units: int) -> np.ndarray:
    rng = seeds.stream(4, "test")
    return np.where(rng.random(units) < 0.05, rng.lognormal(3.0, 1.5, units), 0.0)


# Known values.
def test_welch_on_normal_values_is_kept() -> None:
    got = found("welch", seeds.stream(1, "test").normal(100.0, 5.0, 400))
    assert (got.chosen.verdict, got.recommended) == (HOLDS, "welch")
    assert "it holds its level; keep it" in got.recommendation
    # The lift planted is the one that the formula promises to find in 80 %.
    assert got.chosen.power == pytest.approx(0.8, abs=0.025)
    assert got.lift == pytest.approx((1.96 + 0.8416) * 5 * np.sqrt(2 / 200) / 100, rel=0.08)


def test_wald_at_small_arms_is_called_liberal_and_another_recommended() -> None:
    got = found("proportions_wald", ones(10, 40), kind="proportion")
    assert got.chosen.verdict == LIBERAL
    assert got.recommended not in ("proportions_wald", words.RE_RANDOMISATION)
    better = next(rates for rates in got.methods if rates.method == got.recommended)
    assert better.verdict == HOLDS
    assert f"use {better.method} instead" in got.recommendation
    assert better.type_i_error <= 0.055


def test_the_delta_lift_is_liberal_on_zero_inflated_revenue() -> None:
    got = found("lift_delta", skewed(400))
    assert got.chosen.verdict == LIBERAL
    assert got.chosen.type_i_error > 0.1


def test_a_method_with_clearly_less_power_than_another_that_holds_is_said_to_have_it() -> None:
    got = found("welch", seeds.stream(1, "t").poisson(0.3, 100).astype(float))
    assert got.chosen.verdict == HOLDS
    best = next(rates for rates in got.methods if rates.method == got.recommended)
    assert best.power is not None
    assert got.chosen.power is not None
    assert best.power > got.chosen.power + 0.01
    assert f"it holds its level; {best.method} serves better: it rejects a true null in" in got.recommendation


def test_where_no_method_holds_the_splits_themselves_judge() -> None:
    # 12 of 24: every test of two proportions has the same few tables, and rejects in 6.6 %.
    got = found("proportions_wald", ones(12, 24), kind="proportion", p=0.04)
    assert all(rates.verdict == LIBERAL for rates in got.methods)
    assert got.recommended == words.RE_RANDOMISATION
    assert "judge by the re-randomisation p-value, 0.06" in got.recommendation


def test_intervals_that_miss_are_named_although_the_test_is_safe() -> None:
    # A whale decides the standard error: Welch never rejects, and its intervals lie below the truth.
    got = found("welch", skewed(400))
    assert got.chosen.verdict == CONSERVATIVE
    assert got.chosen.coverage is not None
    assert got.chosen.coverage < 0.9
    assert (
        "it errs on the safe side, but its 95 % intervals hold a planted effect in only" in got.recommendation
    )
    assert got.recommended != "welch"


# Relations.
def test_the_p_value_among_the_splits_is_that_of_a_permutation_test() -> None:
    rng = seeds.stream(6, "test")
    y = np.concatenate([rng.normal(10.0, 2.0, 60), rng.normal(11.0, 2.0, 60)])
    result = named("welch")(Moments.of(y[:60]), Moments.of(y[60:]))
    got = found("welch", y, p=float(result.p_value))
    assert got.p_randomised == pytest.approx(float(result.p_value), rel=0.25)
    assert found("welch", y, p=0.0, replicates=99).p_randomised == 0.01
    assert found("welch", y, p=float("nan")).p_randomised is None


@pytest.mark.parametrize("p", [0.01, 0.05, 0.2])
def test_it_holds_its_level_where_the_method_does_not(p: float) -> None:
    y = skewed(400)
    units, assignment = Units(y), Assignment(8, "test")
    answers = named("lift_delta")(*splits({"m": units}, assignment, 2000)["m"], alpha=0.05).p_value
    other = np.sort(named("lift_delta")(*splits({"m": units}, Assignment(9, "test"), 2000)["m"]).p_value)
    randomised = (np.searchsorted(other, answers, side="right") + 1) / (other.size + 1)
    assert np.mean(randomised <= p) == pytest.approx(p, abs=5 * np.sqrt(2 * p * (1 - p) / 2000))


def test_equal_arguments_give_an_equal_diagnosis() -> None:
    y = seeds.stream(1, "test").gamma(1.0, 5.0, 200)
    assert found("welch", y, replicates=500) == found("welch", y, replicates=500)


def test_a_ratio_is_diagnosed_by_its_own_methods() -> None:
    rng = seeds.stream(5, "test")
    d = rng.poisson(3.0, 600) + 1.0
    got = found("ratio_delta", d * rng.normal(10.0, 3.0, 600), kind="ratio", d=d, share=0.3)
    assert got.chosen.verdict == HOLDS
    assert got.chosen.coverage == pytest.approx(0.95, abs=0.015)


# Edges.
def test_what_cannot_be_judged_is_said_without_a_lift() -> None:
    got = found("welch", np.zeros(20), replicates=100)
    assert (got.lift, got.chosen.power, got.effect) == (0.0, None, "")
    assert got.chosen.type_i_error == 0.0
    assert got.recommendation.startswith("welch has no p-value in any random assignment of these 20 units")
    assert detectable(named("welch")(Moments.of([0.0, 1.0]), Moments.of([0.0, 1.0])), 0.0, 0.05) is None


def test_a_lift_of_ones_own_is_planted() -> None:
    got = found("welch", seeds.stream(1, "test").normal(100.0, 5.0, 400), lift=0.02, replicates=500)
    assert got.lift == 0.02
    assert "a planted lift of +2 % is found in" in got.effect

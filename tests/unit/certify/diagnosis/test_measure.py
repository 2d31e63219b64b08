"""Methods on the same splits: known error rates, equal figures for equal arguments, certificates."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from assay import seeds
from assay.certify.certificate import CONSERVATIVE, HOLDS, LIBERAL, RE_RANDOMISED, Certificate
from assay.certify.diagnosis.measure import certify
from assay.certify.rerandomise import Units
from assay.errors import InputError
from assay.stats import METHODS, Effect, Moments, named

AS_OF = date(2026, 2, 2)


def normal(n: int, seed: int = 1) -> np.ndarray:
    return seeds.stream(seed, "test").normal(100.0, 5.0, n)


def measured(method: str, y: np.ndarray, d: np.ndarray | None = None, **options: object) -> Certificate:
    given = {"metric": "m", "kind": "mean", "lift": None, "as_of": AS_OF, "seed": 3, "week": 4} | options
    (found,) = certify([named(method)], Units(y, d), **given)  # type: ignore[arg-type]
    return found


# Known values.
def test_welch_holds_on_normal_values() -> None:
    got = measured("welch", normal(500), replicates=10_000)
    assert got.type_i_error == pytest.approx(0.05, abs=0.011)  # five standard errors
    assert (got.verdict, got.kind) == (HOLDS, RE_RANDOMISED)
    assert (got.n_control, got.n_treatment, got.replicates) == (250, 250, 10_000)


def test_power_coverage_and_errors_of_a_normal_mean_are_those_of_theory() -> None:
    # Halves of 250, sd 5, a difference of 1: 1 / (5 sqrt(2 / 250)) = 2.236 standard errors, so the power is
    # P(Z > 1.96 - 2.236) = 0.609, and E|Z| given significance over 2.236 is 1.27 (Gelman and Carlin).
    y = normal(500)
    y = 100 + 5 * (y - y.mean()) / y.std()
    got = measured("welch", y, lift=0.01, replicates=10_000)
    assert got.power == pytest.approx(0.609, abs=0.02)
    assert got.coverage == pytest.approx(0.95, abs=0.011)
    assert got.bias == pytest.approx(0.0, abs=0.025)
    assert got.rmse == pytest.approx(5 * np.sqrt(2 / 250), rel=0.04)
    assert got.se_ratio == pytest.approx(1.0, abs=0.04)
    assert got.type_s == pytest.approx(0.0, abs=0.002)
    assert got.type_m == pytest.approx(1.27, abs=0.03)
    assert got.miss_left == pytest.approx(got.miss_right, abs=0.012)


def test_welch_is_conservative_on_a_single_whale() -> None:
    # One unit carries all the variance: the half that holds it has t = 1, which is never significant.
    y = np.zeros(200)
    y[7] = 1e6
    got = measured("welch", y)
    assert got.type_i_error == 0.0
    assert got.verdict == CONSERVATIVE


def test_a_method_that_forgets_half_the_variance_is_found_liberal() -> None:
    honest = METHODS["welch"]

    def careless(control: Moments, treatment: Moments, *, alpha: np.ndarray) -> object:
        halved = [Moments(n=m.n, mean_y=m.mean_y, m2_y=m.m2_y / 2) for m in (control, treatment)]
        return honest(*halved, alpha=alpha)

    method = type(honest)("careless", "1", ("mean",), "", ("y",), Moments, Effect, careless)  # type: ignore[arg-type]
    (got,) = certify(
        [method], Units(normal(400)), metric="m", kind="mean", lift=None, as_of=AS_OF, seed=3, week=4
    )
    # P(|Z| > 1.96 / sqrt 2) = 0.166
    assert got.type_i_error == pytest.approx(0.166, abs=0.04)
    assert got.verdict == LIBERAL


def test_wald_is_liberal_on_a_rare_success_in_small_arms() -> None:
    y = np.zeros(40)
    y[:10] = 1.0
    got = measured("proportions_wald", y, kind="proportion", replicates=10_000)
    assert got.verdict == LIBERAL
    assert "it sees effects that are not there; use" in str(got.recommendation)


@pytest.mark.parametrize("method", ["proportions_score", "ratio_delta"])
def test_other_methods_hold_too(method: str) -> None:
    rng = seeds.stream(5, "test")
    counts = rng.poisson(3.0, 1000).astype(float)
    y = (counts > 3).astype(float) if method == "proportions_score" else counts * rng.normal(10, 1, 1000)
    kind, d = ("proportion", None) if method == "proportions_score" else ("ratio", counts)
    got = measured(method, y, d, kind=kind, lift=0.1)
    assert got.verdict == HOLDS
    assert got.coverage == pytest.approx(0.95, abs=0.025)  # five standard errors


def test_a_posterior_is_certified_by_its_interval() -> None:
    got = measured("normal_normal", normal(1000), lift=0.1)
    assert got.verdict == HOLDS
    assert got.coverage == pytest.approx(0.95, abs=0.025)
    assert (got.power or 0.0) > got.type_i_error


def test_where_nothing_holds_a_permutation_test_is_recommended() -> None:
    # 12 of 24: every test of two proportions has the same few tables, and rejects in 6.6 %.
    y = (np.arange(24) < 12).astype(float)
    got = measured("proportions_wald", y, kind="proportion", replicates=10_000)
    assert "no alternative does better: judge by a permutation test" in str(got.recommendation)


# Relations.
def test_equal_arguments_give_an_equal_certificate_and_another_seed_another() -> None:
    y = normal(300)
    assert measured("welch", y, lift=0.1) == measured("welch", y, lift=0.1)
    assert measured("welch", y).certificate_id != measured("welch", y, seed=4).certificate_id
    assert measured("welch", y, replicates=50).replicates == 50


def test_methods_of_a_look_share_their_splits() -> None:
    y = normal(300)
    both = certify(
        [named("welch"), named("student")], Units(y),
        metric="m", kind="mean", lift=0.1, as_of=AS_OF, seed=3, week=4,
    )  # fmt: skip
    assert both == [measured("welch", y, lift=0.1), measured("student", y, lift=0.1)]


def test_a_recount_of_a_look_replaces_its_certificate() -> None:
    few, more = measured("welch", normal(300)), measured("welch", normal(301))
    assert few.certificate_id == more.certificate_id
    assert few.scenario != more.scenario


# Edges.
def test_a_cut_is_stated() -> None:
    assert measured("welch", normal(100), total=250_000).scenario.endswith("chosen by hash from 250,000")


# Refusals.
def test_too_few_units_are_refused() -> None:
    with pytest.raises(InputError, match="metric m has 3 units with a value"):
        measured("welch", np.ones(3))

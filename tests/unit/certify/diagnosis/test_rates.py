"""Rates from answers: every figure on a handful of replicates that one can count."""

from __future__ import annotations

import numpy as np
import pytest

from assay.certify.certificate import HOLDS, clopper_pearson
from assay.certify.diagnosis.rates import rates
from assay.stats import Effect, Moments, Reason, named

WELCH = named("welch")


def effect(
    p: list[float], ends: list[tuple[float, float]], estimate: list[float], **changes: float
) -> Effect:
    lower, upper = (np.array(end) for end in zip(*ends, strict=True))
    nan = np.full(len(p), np.nan)
    parts = {
        "std_error": 1.0, "statistic": 0.0, "df": np.inf, "relative_estimate": 0.0,
        "relative_lower": nan, "relative_upper": nan, "alpha": 0.05, "reason": Reason.NOT_DEFINED,
    } | changes  # fmt: skip
    return Effect(
        p_value=np.array(p),
        lower=lower,
        upper=upper,
        estimate=np.array(estimate),
        **parts,  # type: ignore[arg-type]
    )


NULL = effect([0.01, 0.5, np.nan, 0.2], [(-1, 1)] * 4, [0.0] * 4)
ENDS = [(3.0, 5.0), (0.0, 1.0), (1.0, 3.0), (np.nan, np.nan)]
LIFTED = effect([0.01, 0.04, 0.3, np.nan], ENDS, [4.0, -1.0, 2.0, np.nan])


# Known values.
def test_each_figure_counted_by_hand() -> None:
    found = rates(WELCH, NULL, LIFTED, lift=0.1, truth=2.0, alpha=0.05)
    assert (found.type_i_error, found.lower, found.upper) == (0.25, *clopper_pearson(1, 4))
    assert (found.power, found.power_lower, found.power_upper) == (0.5, *clopper_pearson(2, 4))
    # 2 lies below (3, 5) and above (0, 1); the missing interval rules nothing out.
    assert (found.coverage, found.miss_left, found.miss_right) == (0.5, 0.25, 0.25)
    assert (found.coverage_lower, found.coverage_upper) == clopper_pearson(2, 4)
    assert found.bias == pytest.approx((4 - 1 + 2) / 3 - 2)
    assert found.rmse == pytest.approx(np.sqrt((4 + 9 + 0) / 3))
    assert found.se_ratio == pytest.approx(1 / np.std([4, -1, 2]))
    assert found.type_s == 0.5
    assert found.type_m == pytest.approx((4 + 1) / 2 / 2)
    assert (found.method, found.method_version) == (WELCH.name, WELCH.version)
    assert (found.verdict, found.tolerance, found.replicates) == (HOLDS, pytest.approx(0.005), 4)


def test_of_a_posterior_an_interval_without_0_rejects() -> None:
    arms = [Moments.of_counts([k, k, k], [100, 100, 100]) for k in (50, np.array([50, 80, 20]))]
    answers = named("beta_binomial")(*arms, alpha=0.05)
    found = rates(named("beta_binomial"), answers, answers, lift=0.1, truth=0.05, alpha=0.05)
    assert (found.type_i_error, found.power) == (2 / 3, 2 / 3)
    assert found.type_s == 0.5


# Edges.
def test_without_an_effect_there_is_no_power_and_no_wrong_sign() -> None:
    found = rates(WELCH, NULL, NULL, lift=0.0, truth=0.0, alpha=0.05)
    assert (found.power, found.type_s, found.type_m) == (None, None, None)
    assert (found.coverage, found.bias) == (1.0, 0.0)
    assert found.se_ratio is None  # the estimates do not vary


def test_an_interval_of_the_lift_covers_the_lift() -> None:
    none = [(np.nan, np.nan)] * 4
    relative = effect(
        [0.01] * 4, none, [0.1] * 4,
        relative_lower=np.array([0.0, 0.2, -1.0, 0.05]), relative_upper=np.array([0.2, 0.4, 0.0, 0.5]),
    )  # fmt: skip
    found = rates(WELCH, NULL, relative, lift=0.1, truth=20.0, alpha=0.05)
    assert (found.coverage, found.miss_left, found.miss_right) == (0.5, 0.25, 0.25)


def test_a_method_without_any_interval_or_estimate_has_no_coverage_and_no_bias() -> None:
    silent = effect([0.01] * 4, [(np.nan, np.nan)] * 4, [np.nan] * 4)
    found = rates(WELCH, silent, silent, lift=0.1, truth=1.0, alpha=0.05)
    assert (found.coverage, found.bias, found.rmse, found.type_m) == (None, None, None, None)
    assert found.power == 1.0

"""Defects measured in shipped tools, each with the number that is right; most stand with their family.

The delta-method lift on skewed revenue: tests/statistical/test_error_rates. Raw sums on NumAcc: test_moments.
Zero-weight arms: allocation/test_srm. Bounds of SAS and spotify-confidence: sequential/test_bounds. A
bootstrap p-value of -1: resampling/test_bootstrap. CUPED's relative variance and a lift of 193 %:
adjustment/test_cuped. Retention of units too young: survival/test_methods. Caps per arm: means/test_robust.
Corrected p-values beside uncorrected intervals: multiplicity/test_decision.
"""

from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Moments


def test_gbstats_variance_from_raw_sums_is_negative_on_numacc4() -> None:
    y = np.array([10_000_000.2, *([10_000_000.1, 10_000_000.3] * 500)])
    raw = (np.sum(y**2) - np.sum(y) ** 2 / y.size) / (y.size - 1)
    assert abs(raw - 0.01) > 0.005  # what sums of squares leave of it
    assert float(Moments.of(y).var_y) == pytest.approx(0.01, rel=2e-8)


def test_statsmodels_score_interval_of_two_proportions_is_too_wide() -> None:
    effect = METHODS["proportions_score"](Moments.of_counts(48, 80), Moments.of_counts(56, 70))
    assert float(effect.upper) == pytest.approx(0.3377, abs=5e-5)  # statsmodels 0.15 gives 0.3436


def test_scipy_poisson_means_test_of_equal_counts_is_not_certain() -> None:
    arms = [Moments(n=np.asarray(1.0), mean_y=np.asarray(1.0), m2_y=np.asarray(0.0)) for _ in range(2)]
    effect = METHODS["rate_e_test"](*arms)
    assert float(effect.p_value) == 1.0  # SciPy 1.17 gives 0.8647

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.allocation import srm_sequential


def test_order_and_unit_of_shares_do_not_matter() -> None:
    plain = srm_sequential([300, 210, 240], [0.4, 0.3, 0.3])
    turned = srm_sequential([240, 300, 210], [3, 4, 3])
    assert float(plain.log_evidence) == pytest.approx(float(turned.log_evidence), rel=1e-12)


def test_evidence_does_not_depend_on_when_it_was_looked_at() -> None:
    counts = np.cumsum(np.random.default_rng(1).multinomial(500, [0.52, 0.48], 10), axis=0)
    every, last = srm_sequential(counts, [1, 1]), srm_sequential(counts[-1], [1, 1])
    assert every.log_evidence[-1] == last.log_evidence
    path = every.over_looks()
    assert np.all(np.diff(path) <= 0)
    assert path[-1] == np.min(every.p_value)


def test_no_unit_is_no_evidence_and_units_as_planned_are_evidence_for_the_plan() -> None:
    assert float(srm_sequential([0, 0], [1, 1]).log_evidence) == pytest.approx(0, abs=1e-12)
    even = srm_sequential([5000, 5000], [1, 1])
    assert even.log_evidence < 0
    assert even.p_value == 1


def test_the_mean_of_the_evidence_under_the_plan_is_one() -> None:
    # All sequences of 12 units, by their binomial counts: the martingale property that the p-value rests on.
    from math import comb

    ones = np.arange(13)
    evidence = np.exp(
        srm_sequential(np.stack([ones, 12 - ones], axis=-1), [0.3, 0.7], concentration=5).log_evidence
    )
    odds = np.array([comb(12, k) * 0.3**k * 0.7 ** (12 - k) for k in ones])
    assert float(np.sum(evidence * odds)) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("size", [1, 10, 10**3, 10**6])
def test_the_series_meets_the_gamma_function(size: int) -> None:
    from scipy.special import gammaln

    units, k = np.array([7.0, 5.0]) * size, 12.0
    plain = (
        gammaln(k)
        - gammaln(k + units.sum())
        + np.sum(gammaln(k / 2 + units) - gammaln(k / 2))
        + units.sum() * np.log(2)
    )
    found = float(srm_sequential(units, [1, 1], concentration=k).log_evidence)
    assert found == pytest.approx(float(plain), rel=1e-9, abs=1e-12)


def test_arms_without_a_share() -> None:
    plain = srm_sequential([300, 240], [1, 1])
    assert srm_sequential([300, 0, 240], [1, 0, 1]).log_evidence == plain.log_evidence
    stray = srm_sequential([300, 1, 240], [1, 0, 1])
    assert stray.p_value == 0
    assert stray.log_evidence == np.inf


def test_concentration_broadcasts_over_tests() -> None:
    found = srm_sequential([[520, 480], [1100, 900]], [1, 1], concentration=[10, 1000])
    assert found.p_value[0] == srm_sequential([520, 480], [1, 1], concentration=10).p_value
    assert srm_sequential([520, 480], [1, 1], concentration=[10, 100, 1000]).p_value.shape == (3,)


def test_tails_do_not_overflow() -> None:
    sure = srm_sequential([10**9, 1], [0.5, 0.5])
    assert sure.p_value == 0
    assert np.isfinite(sure.log_evidence)
    assert np.isfinite(srm_sequential([3, 1], [0.5, 0.5], concentration=1e-300).log_evidence)


def test_refusals() -> None:
    for value in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="concentration must be finite and above 0"):
            srm_sequential([5, 5], [1, 1], concentration=value)
    with pytest.raises(InputError, match="concentration has shape"):
        srm_sequential(np.ones((3, 2)), [1, 1], concentration=[1, 2])
    with pytest.raises(InputError, match="axis is 1; p-values of shape"):
        srm_sequential(np.ones((3, 2)), [1, 1]).over_looks(axis=1)

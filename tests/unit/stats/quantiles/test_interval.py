from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import Alternative, Reason
from assay.stats.quantiles import quantile_interval

RNG = np.random.default_rng(12)


# relations


@settings(max_examples=40)
@given(
    y=st.lists(st.integers(-5, 5), min_size=1, max_size=30),
    q=st.floats(0.02, 0.98),
    alpha=st.sampled_from([0.01, 0.05, 0.3]),
)
def test_the_mirror_image_has_the_mirrored_interval(y: list[int], q: float, alpha: float) -> None:
    straight = quantile_interval(y, q=q, alpha=alpha)
    mirrored = quantile_interval([-v for v in y], q=1 - q, alpha=alpha)
    assert float(straight.lower) == -float(mirrored.upper)
    assert float(straight.upper) == -float(mirrored.lower)
    assert float(straight.coverage) == pytest.approx(float(mirrored.coverage), abs=1e-12)


@settings(max_examples=30)
@given(n=st.integers(1, 60), q=st.floats(0.02, 0.98), alpha=st.floats(0.001, 0.5))
def test_coverage_is_kept_and_no_rank_is_given_away(n: int, q: float, alpha: float) -> None:
    found = quantile_interval(np.arange(n), q=q, alpha=alpha)
    assert float(found.coverage) >= 1 - alpha - 1e-12
    for alternative, end in (("greater", "lower"), ("less", "upper")):
        one = quantile_interval(np.arange(n), q=q, alpha=alpha / 2, alternative=alternative)  # type: ignore[arg-type]
        assert float(getattr(one, end)) == float(getattr(found, end))


def test_a_batch_gives_what_its_elements_give() -> None:
    y, q, alpha = RNG.normal(size=(2, 1, 25)), np.array([0.2, 0.5, 0.9]), np.array([0.1, 0.05, 0.2])
    whole = quantile_interval(y, q=q, alpha=alpha)
    assert whole.lower.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = quantile_interval(y[i, 0], q=q[j], alpha=alpha[j])
            for name in ("estimate", "lower", "upper", "lower_rank", "upper_rank", "coverage", "reason"):
                assert getattr(whole, name)[i, j] == getattr(one, name)


def test_more_confidence_never_narrows() -> None:
    found = quantile_interval(RNG.normal(size=80), q=0.3, alpha=np.array([0.4, 0.1, 0.05, 0.01, 1e-4]))
    assert np.all(np.diff(found.lower) <= 0)
    assert np.all(np.diff(found.upper) >= 0)


def test_an_interval_at_its_own_coverage_is_itself() -> None:
    # P(B = 0) + P(B = 5) = 1/16 for n = 5: the level is met exactly and must not fall to rounding.
    found = quantile_interval([1.0, 2, 3, 4, 5], alpha=1 / 16)
    assert (float(found.lower), float(found.upper), float(found.coverage)) == (1, 5, 15 / 16)


# edges


@pytest.mark.parametrize(
    ("alternative", "reason", "lower", "upper"),
    [
        ("two-sided", Reason.UNBOUNDED, 1.0, np.inf),
        ("greater", Reason.NONE, 2.0, np.inf),
        ("less", Reason.UNBOUNDED, -np.inf, np.inf),
    ],
)
def test_an_end_that_the_data_do_not_set_is_infinite(
    alternative: Alternative, reason: Reason, lower: float, upper: float
) -> None:
    found = quantile_interval([1.0, 2, 3], q=0.8, alpha=0.11, alternative=alternative)
    assert (float(found.lower), float(found.upper)) == (lower, upper)
    assert int(found.reason) == reason
    assert float(found.estimate) == pytest.approx(2.6)


@pytest.mark.parametrize(
    ("y", "reason"),
    [([], Reason.TOO_FEW_UNITS), ([1.0, np.nan], Reason.NOT_FINITE), ([1.0, -np.inf], Reason.NOT_FINITE)],
)
def test_no_units_and_no_numbers_leave_nothing(y: list[float], reason: Reason) -> None:
    found = quantile_interval(y)
    assert int(found.reason) == reason
    for name in ("estimate", "lower", "upper", "lower_rank", "upper_rank", "coverage"):
        assert np.isnan(getattr(found, name))


def test_ties_give_a_point() -> None:
    found = quantile_interval([2.0] * 30)
    assert (float(found.lower), float(found.upper), int(found.reason)) == (2, 2, 0)


# refusals


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="q is 1; it must lie strictly between 0 and 1"):
        quantile_interval([1.0, 2.0], q=1.0)
    with pytest.raises(InputError, match="alpha is 0"):
        quantile_interval([1.0, 2.0], alpha=0.0)
    with pytest.raises(InputError, match="alternative is 'both'"):
        quantile_interval([1.0, 2.0], alternative="both")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="y is a single number"):
        quantile_interval(3.0)
    with pytest.raises(InputError, match=r"y has shape \(2,\), q has shape \(3,\)"):
        quantile_interval(np.ones((2, 5)), q=[0.1, 0.2, 0.3])

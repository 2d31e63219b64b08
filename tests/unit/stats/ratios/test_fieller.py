from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Moments, Reason
from assay.stats.ratios import fieller

Y, D = [2.0, 3.0, 7.0, 4.0, 5.5], [1.0, 1.0, 3.0, 2.0, 2.0]


def test_the_interval_is_scaled_with_the_numerator_and_turned_by_the_denominator() -> None:
    one, three = fieller(Moments.of(Y, D)), fieller(Moments.of([3 * v for v in Y], D))
    assert float(three.lower) == pytest.approx(3 * float(one.lower))
    turned = fieller(Moments.of(D, Y))
    assert float(turned.upper) == pytest.approx(1 / float(one.lower))


def test_levels_broadcast_and_widen() -> None:
    found = fieller(Moments.of(Y, D), alpha=[0.5, 0.05, 0.01])
    assert found.estimate.shape == (3,)
    assert np.all(np.diff(found.upper - found.lower) > 0)


def test_an_uncertain_denominator_leaves_it_unbounded() -> None:
    found = fieller(Moments.of(Y, [9.0, 0.0, 0.0, 0.0, 0.0]))
    assert (float(found.lower), float(found.upper)) == (-np.inf, np.inf)
    assert int(found.reason) == Reason.UNBOUNDED


def test_what_is_undefined_is_explained() -> None:
    for arm, reason in (
        (Moments.of([1.0], [2.0]), Reason.TOO_FEW_UNITS),
        (Moments.of([1.0, 2.0], [0.0, 0.0]), Reason.ZERO_DENOMINATOR),
        (Moments.of([1.0, np.nan], [1.0, 1.0]), Reason.NOT_FINITE),
    ):
        found = fieller(arm)
        assert int(found.reason) & reason
        assert np.isnan(found.lower)


def test_no_denominator_and_no_level_are_refused() -> None:
    with pytest.raises(InputError, match="the moments have no series d; a ratio needs a denominator"):
        fieller(Moments.of(Y))
    with pytest.raises(InputError, match=r"alpha is 1\.5; it must lie strictly between 0 and 1"):
        fieller(Moments.of(Y, D), alpha=1.5)

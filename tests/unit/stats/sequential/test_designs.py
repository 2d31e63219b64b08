from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats.sequential import (
    Boundary,
    characteristics,
    given_bounds,
    haybittle_peto_bounds,
    obrien_fleming_bounds,
    pocock_bounds,
    wang_tsiatis_bounds,
)

UNEVEN = (0.15, 0.4, 0.9, 1.1)


@pytest.mark.parametrize("make", [pocock_bounds, obrien_fleming_bounds, haybittle_peto_bounds])
@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_design_has_the_level_that_was_asked_for(make: Callable[..., Boundary], alternative: str) -> None:
    design = make(UNEVEN, alpha=0.02, alternative=alternative)
    assert float(characteristics(design).power) == pytest.approx(0.02, rel=1e-10)
    assert float(design.spent[-1]) == pytest.approx(0.02, rel=1e-10)


@settings(max_examples=15)
@given(shape=st.floats(-0.5, 1.0), alpha=st.sampled_from([1e-6, 0.05, 0.6, 0.98]))
def test_bounds_follow_their_shape(shape: float, alpha: float) -> None:
    two = wang_tsiatis_bounds(UNEVEN, shape=shape, alpha=alpha)
    ratio = two.upper / np.array(UNEVEN) ** (shape - 0.5)
    assert ratio == pytest.approx(np.full(4, ratio[0]), rel=1e-12)
    assert float(characteristics(two).power) == pytest.approx(alpha, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.4, 0.5, 0.6, 0.9])
def test_one_sided_levels_around_a_half(alpha: float) -> None:
    for shape in (0.0, 0.5):
        design = wang_tsiatis_bounds(UNEVEN, shape=shape, alpha=alpha, alternative="greater")
        assert float(characteristics(design).power) == pytest.approx(alpha, rel=1e-9)


def test_the_family_holds_pococks_and_obrien_flemings() -> None:
    pocock, flat = pocock_bounds(UNEVEN), wang_tsiatis_bounds(UNEVEN, shape=0.5)
    assert pocock.upper.tolist() == flat.upper.tolist()
    assert np.ptp(pocock.upper) < 1e-14
    score = obrien_fleming_bounds(UNEVEN)
    assert np.ptp(score.upper * np.sqrt(UNEVEN)) < 1e-12


def test_a_stricter_early_bound_leaves_more_for_the_end() -> None:
    strict, lax = haybittle_peto_bounds(UNEVEN, early=4.0), haybittle_peto_bounds(UNEVEN, early=3.0)
    assert strict.upper[-1] < lax.upper[-1]
    assert strict.upper[:-1].tolist() == [4.0] * 3


def test_given_bounds_keep_their_level_and_may_leave_out_looks() -> None:
    assert given_bounds([0.5, 1.0], [np.inf, 2.0]).alpha == pytest.approx(0.04550026389635842, rel=1e-12)
    assert given_bounds([0.5, 1.0], 1.0, alternative="less").lower.tolist() == [-1.0, -1.0]
    assert given_bounds([1.0], 0.0, alternative="greater").alpha == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wang_tsiatis_bounds([0.5, 1.0], shape=np.nan), "shape is nan"),
        (lambda: haybittle_peto_bounds([0.5, 1.0], early=0.0), "early is 0"),
        (lambda: haybittle_peto_bounds([0.5, 1.0], early=1.0), "early is 1; it must be greater"),
        (lambda: given_bounds([0.5, 1.0], [1.0, 2.0, 3.0]), "one per look"),
        (lambda: given_bounds([0.5, 1.0], 0.0), "greater than 0"),
        (lambda: given_bounds([0.5, 1.0], np.nan, alternative="greater"), "critical is nan"),
        (lambda: given_bounds([0.5, 1.0], np.inf), "not all infinite"),
        (lambda: pocock_bounds([0.5, 1.0], alternative="up"), "alternative is 'up'"),  # type: ignore[arg-type]
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

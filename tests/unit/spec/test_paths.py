"""The integrals over calendar, fading effects and lives, against adaptive quadrature and sums by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate

from assay.spec.arm import Fade
from assay.spec.paths import Course, Span, _cohorts, _lives, _rest_of_week, factor_at, paths

FLAT = np.ones((4, 7))
CALENDAR = np.array([[3, 2, 1, 1, 0.5, 0.2, 0], [1, 1, 2, 1, 0, 1, 1], [1, 0, 1, 0, 1, 0, 4]], dtype=float)
NOVELTY, PRIMACY = Fade(kind="novelty", half_life=0.7), Fade(kind="primacy", half_life=2.0)
COURSE = Course(rate=2.0, value=0.5, rate_fade=NOVELTY, value_fade=PRIMACY)


def span(calendar: np.ndarray, **parts: float) -> Span:
    fields = {"before": 100.0, "signups": 0.0, "enrolling": 1, "attrition": 0.0} | parts
    return Span(calendar=calendar, **fields)  # type: ignore[arg-type]


def by_quadrature(calendar: np.ndarray, entry: float, end: float, power: int) -> float:
    """The integral over t of w m g^power, day by day."""

    def integrand(t: float) -> float:
        rate = 1 + 2 ** (-(t - entry) / 0.7)
        value = 1 - 0.5 * (1 - 2 ** (-(t - entry) / 2.0))
        return float(calendar.ravel()[min(int(t * 7 + 1e-12), calendar.size - 1)] * rate * value**power)

    days = np.unique([entry, *(d / 7 for d in range(calendar.size + 1) if entry < d / 7 < end), end])
    return math.fsum(
        integrate.quad(integrand, a + 1e-15, b - 1e-15, epsabs=1e-13)[0] for a, b in itertools.pairwise(days)
    )


# ---- known values


def test_a_flat_world_has_the_weeks_since_exposure() -> None:
    """D = 3 + U for those who were there: E[D] = 3.5, E[D²] = 12 + 1/3."""
    found = paths(span(FLAT), Course(rate=2.0, value=3.0))
    assert found.weights.sum() == pytest.approx(1, rel=1e-13)
    assert found.mean(0) == pytest.approx(2 * 3.5, rel=1e-13)
    assert found.mean(0, 0) == pytest.approx(4 * (12 + 1 / 3), rel=1e-13)
    assert found.mean(1) == pytest.approx(6 * 3.5, rel=1e-13)
    assert found.mean(2) == pytest.approx(18 * 3.5, rel=1e-13)


def test_the_rest_of_the_week_of_a_sign_up_is_a_product_of_uniforms() -> None:
    rest, weights = _rest_of_week()
    assert weights.sum() == pytest.approx(1, rel=1e-13)
    for power in (1, 2, 3):
        assert weights @ rest**power == pytest.approx(1 / (1 + power) ** 2, rel=1e-13)
    for day in range(7):  # the day on which it falls: the integral of -log(r)
        inside = (rest > day / 7) & (rest < (day + 1) / 7)
        expected = integrate.quad(lambda r: -math.log(r), day / 7, (day + 1) / 7)[0]
        assert weights[inside].sum() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_calendar_and_fades_against_adaptive_quadrature(power: int) -> None:
    found = paths(span(CALENDAR), COURSE)
    entries = next(iter(_cohorts(span(CALENDAR))))[1]
    for node in (0, 17, 35, 69):  # no attrition: the last column is the whole time
        expected = by_quadrature(CALENDAR, float(entries[node]), 3.0, power)
        got = found.integrals[power].reshape(70, 3)[node, -1]
        assert got == pytest.approx(expected, rel=1e-9)


def test_the_mean_over_entries_against_adaptive_quadrature() -> None:
    weekly = [
        integrate.quad(lambda e: by_quadrature(CALENDAR, e, 3.0, 0), d / 7, (d + 1) / 7, epsabs=1e-8)[0]
        for d in range(7)
    ]
    assert paths(span(CALENDAR), COURSE).mean(0) == pytest.approx(math.fsum(weekly), rel=1e-7)


def test_lives_are_geometric_up_to_the_look() -> None:
    np.testing.assert_allclose(_lives(0.2, 4), [0.2, 0.16, 0.128, 0.512])
    np.testing.assert_allclose(_lives(0.0, 3), [0, 0, 1])
    assert _lives(0.3, 1) == 1


def test_units_that_leave_by_hand() -> None:
    """Flat: the first week has 1/2 on average, each later one 1 times the chance to be still there."""
    found = paths(span(FLAT, attrition=0.2), Course())
    assert found.mean(0) == pytest.approx(0.5 + 0.8 + 0.64 + 0.512, rel=1e-13)


# ---- relations


def test_cohorts_are_weighed_by_their_size() -> None:
    """Sign-ups of week k have on average 1/4 of it and the weeks after it."""
    found = paths(span(FLAT, before=100.0, signups=50.0, enrolling=2), Course())
    assert found.weights.sum() == pytest.approx(1, rel=1e-12)
    assert found.mean(0) == pytest.approx((100 * 3.5 + 50 * 3.25 + 50 * 2.25) / 200, rel=1e-12)


def test_novelty_and_primacy_are_halves_of_one() -> None:
    weeks = np.array([0.0, 0.7, 1.4])
    np.testing.assert_allclose(NOVELTY.share(weeks), [1, 0.5, 0.25])
    same = Fade(kind="primacy", half_life=0.7)
    np.testing.assert_allclose(same.share(weeks), [0, 0.5, 0.75])
    np.testing.assert_allclose(factor_at(3.0, same)(weeks), [1, 2, 2.5])
    np.testing.assert_allclose(factor_at(3.0, None)(weeks), [3, 3, 3])

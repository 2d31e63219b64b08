"""The column "exact" against other ways to the same number: normal orthants, enumeration, quadrature."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from assay.certify.published import (
    Row,
    cuped_variance,
    false_discovery,
    peeking,
    proportion_coverage,
    reproduce,
    skewness,
)

REPLICATES = 100


def rows(name: str) -> dict[str, Row]:
    (table,) = reproduce(name, replicates=REPLICATES)
    return {row.label: row for row in table.rows}


def staying(bounds: NDArray[np.float64], drift: float = 0.0) -> float:
    """Probability that z stays within bounds at even looks, as a multivariate normal box."""
    time = np.arange(1, bounds.size + 1) / bounds.size
    correlation = np.sqrt(np.minimum.outer(time, time) / np.maximum.outer(time, time))
    law = stats.multivariate_normal(
        drift * np.sqrt(time), correlation, maxpts=500_000, abseps=1e-7, releps=1e-7
    )
    return float(law.cdf(bounds, lower_limit=-bounds, rng=np.random.default_rng(1)))


def staying_on_a_grid(bounds: NDArray[np.float64]) -> float:
    """The same by the trapezoidal rule on scores, for many looks."""
    # In units in which a look adds a variance of 1; what is farther out has left.
    score = np.linspace(-1, 1, 1_201) * (float(np.max(bounds * np.sqrt(np.arange(1, bounds.size + 1)))) + 1)
    step = score[1] - score[0]
    kernel = stats.norm.pdf(score[:, None] - score) * step
    density = stats.norm.pdf(score)
    for look, bound in enumerate(bounds, start=1):
        reached = bound * math.sqrt(look)
        # The cell that the bound cuts counts by the part of it that lies inside.
        inside = np.clip((reached - np.abs(score)) / step + 0.5, 0, 1)
        density = density * inside
        if look < bounds.size:
            density = kernel @ density
    return float(density.sum() * step)


@pytest.mark.parametrize(("looks", "level"), [(2, 0.05), (3, 0.05), (4, 0.01), (5, 0.01)])
def test_repeated_tests(looks: int, level: float) -> None:
    exact = rows("repeated_tests")[f"{looks} looks at level {level:g}"].exact
    assert exact == pytest.approx(1 - staying(np.full(looks, stats.norm.isf(level / 2))), abs=3e-6)


def test_repeated_tests_at_fifty_looks() -> None:
    exact = rows("repeated_tests")["50 looks at level 0.05"].exact
    assert exact == pytest.approx(1 - staying_on_a_grid(np.full(50, stats.norm.isf(0.025))), abs=1e-4)


def test_constants_of_classical_designs() -> None:
    found = rows("group_sequential_bounds")
    pocock, obrien = found["Pocock, K = 4, C = 2.361"], found["O'Brien-Fleming, K = 3, C = 2.004"]
    assert pocock.exact == pytest.approx(1 - staying(np.full(4, 2.361)), abs=3e-6)
    assert obrien.exact == pytest.approx(1 - staying(2.004 * np.sqrt(3 / np.arange(1, 4))), abs=3e-6)
    # Half a unit of the constant's third decimal moves the level by this much.
    moved = abs(staying(np.full(4, 2.3605)) - staying(np.full(4, 2.361)))
    assert pocock.rounding == pytest.approx(moved, rel=0.02)


def test_power_and_expected_size() -> None:
    found = rows("group_sequential_power")
    once = float(stats.norm.isf(0.025) + stats.norm.isf(0.1))
    drift = math.sqrt(1.183) * once
    power = found["power, Pocock, K = 4, R = 1.183"].exact
    assert power == pytest.approx(1 - staying(np.full(4, 2.361298), drift), abs=3e-6)
    # What has not stopped by look k goes on: the expected number of looks is 1 + the sum of those shares.
    share = [staying(np.full(k, 2.361298), drift * math.sqrt(k / 4)) for k in (2, 3)]
    first = float(stats.norm(drift / 2).cdf(2.361298) - stats.norm(drift / 2).cdf(-2.361298))
    expected = 118.3 * (1 + first + sum(share)) / 4
    assert found["expected size in %, Pocock, K = 4, the effect"].exact == pytest.approx(expected, abs=1e-3)


def test_peeking() -> None:
    found = rows("peeking")
    n = peeking.UNITS * np.arange(1, peeking.LOOKS + 1)
    ratio = peeking.SD**2 / (2 / n)
    # Evidence exp(½·z²·r/(1+r)) / √(1+r) reaches 20 at this z.
    reach = np.sqrt(2 * np.log(20 * np.sqrt(1 + ratio)) * (1 + ratio) / ratio)
    expected = 1 - staying_on_a_grid(reach)
    for name in ("mixture_sprt", "mixture_t"):
        for what in ("false alarm", "interval misses the effect"):
            assert found[f"{name}: {what} at some look"].exact == pytest.approx(expected, abs=1e-4)
    t_test = found["welch: false alarm at some look"].exact
    assert t_test == pytest.approx(1 - staying_on_a_grid(np.full(100, 1.959964)), abs=1e-4)
    assert t_test == pytest.approx(0.374, abs=5e-4)  # printed by Armitage, McPherson and Rowe


def test_coverage_by_enumeration_in_whole_numbers() -> None:
    found = rows("proportion_coverage")
    z2 = Fraction(stats.norm.isf(0.025)) ** 2
    for case in proportion_coverage.CASES:
        if case.n > 600:
            continue
        n, p = case.n, Fraction(case.p)
        # |x/n - p| <= z·√(v/n), squared: v from the count (Wald) or from p (Wilson).
        total = 0.0
        for x in range(n + 1):
            share = Fraction(x, n) if case.interval == "Wald" else p
            inside = (Fraction(x, n) - p) ** 2 * n <= z2 * share * (1 - share)
            total += inside * math.comb(n, x) * case.p**x * (1 - case.p) ** (n - x)
        assert found[f"{case.interval}, n = {n:,}, p = {case.p:g}"].exact == pytest.approx(total, abs=1e-9)


def test_the_lowest_point_of_wilsons_interval() -> None:
    row = rows("proportion_coverage")["Wilson, n = 10,000, p = 1.765e-05"]
    assert row.exact == pytest.approx((1 - 0.1765 / 10_000) ** 10_000, abs=1e-9)


def test_what_an_estimated_slope_costs_cuped() -> None:
    n = cuped_variance.UNITS
    inverse = stats.chi2(2 * n - 2).expect(lambda s: 1 / s, lb=2_000, ub=7_000)
    for rho, row in zip(cuped_variance.CORRELATIONS, rows("cuped_variance").values(), strict=True):
        assert row.exact == pytest.approx((1 - rho**2) * (1 + inverse), abs=1e-9)


def test_the_design_effect_of_sessions() -> None:
    found = rows("ratio_variance")
    counts = np.arange(200)
    mass = stats.poisson.pmf(counts, 4)
    mean, square = float(mass @ (1 + counts)), float(mass @ (1 + counts) ** 2)
    # Variance of a user's sum of d sessions: d·(1 - r) + d²·r.
    effect = (0.5 * mean + 0.5 * square) / mean
    level = 2 * stats.norm.sf(stats.norm.isf(0.025) / math.sqrt(effect))
    assert found["r = 0.5: false alarms, sessions"].published == pytest.approx(level, abs=1e-9)
    assert found["r = 0.5: variance reported over true, sessions"].published == pytest.approx(
        1 / effect, abs=1e-9
    )
    assert found["r = 0: false alarms, sessions"].published == pytest.approx(0.05)


def test_the_rules_size_puts_each_tail_off_by_the_same() -> None:
    assert [case.units for case in skewness.CASES] == [1_420, 355, 2_840, 1_420]
    assert [case.skewness for case in skewness.CASES] == pytest.approx([2, 2, math.sqrt(8), 2])
    # (2z² + 1)·φ(z) / 6 at z = 1.96 is 0.08458; s²·(z⁴ + 2z² - 3) / 18 - k·(z² - 3) / 12 is 0.9748 s².
    off, more = 0.08458 / math.sqrt(355), 1.96 * 0.05844 * 0.9748 / 355
    for case, factor in zip(skewness.CASES, (1, 2, 1, 0), strict=True):
        middle = 0.025 + factor**2 * more
        assert case.tails() == pytest.approx((middle + factor * off, middle - factor * off), abs=1e-5)


def test_errors_of_sign_and_magnitude_by_quadrature() -> None:
    found = rows("type_s_m")
    z = float(stats.norm.isf(0.025))
    for effect, error in ((0.1, 3.28), (1.0, 3.28), (2.0, 8.1)):
        law, label = stats.norm(effect, error), f"effect {effect:g}, standard error {error:g}"
        above, below = law.sf(z * error), law.cdf(-z * error)
        size = sum(
            integrate.quad(lambda x, law=law: abs(x) * law.pdf(x), *ends)[0]
            for ends in ((z * error, 12 * error), (-12 * error, -z * error))
        )
        assert found[f"power, {label}"].exact == pytest.approx(above + below, rel=1e-9)
        assert found[f"type S, {label}"].exact == pytest.approx(below / (above + below), rel=1e-9)
        assert found[f"type M, {label}"].exact == pytest.approx(size / (above + below) / effect, rel=1e-7)


def test_the_worst_dependence_leaves_every_p_value_uniform() -> None:
    p = false_discovery.worst(np.random.default_rng(3), 40_000)
    for column in (0, 7, 19):
        assert stats.kstest(p[:, column], "uniform").pvalue > 1e-6
    # And some p-values crowd where the step-up rule looks: P(one of twenty rejected) is q·(1 + ... + 1/20).
    sorted_p = np.sort(p, axis=1)
    caught = float(np.mean(np.any(sorted_p <= 0.05 * np.arange(1, 21) / 20, axis=1)))
    expected = 0.05 * float(sum(Fraction(1, k) for k in range(1, 21)))
    assert abs(caught - expected) < 5 * math.sqrt(expected / 40_000)

"""Do two proportions of the same units differ? McNemar's test, with the score intervals that it inverts.

Each unit is seen under control and under treatment. Only units that differ speak: b succeed under treatment
only, c under control only. The score of a difference (Tango's) and of a risk ratio (Tang's) are at no effect
both McNemar's (b - c) / √(b + c).

References:
    McNemar (1947), Note on the Sampling Error of the Difference between Correlated Proportions. Tango (1998),
    Equivalence Test and Confidence Interval for the Difference in Proportions for the Paired-Sample Design,
    eq. 20. Tang, Tang and Chan (2003), On Tests of Equivalence via Non-unity Relative Risk for Matched-Pair
    Design, eq. 4. Fay (2010), Two-sided Exact Tests and Matching Confidence Intervals for Discrete Data (the
    exact test).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.proportions.arms import Arms, Array
from assay.stats.proportions.fields import Pivot, counts_fields, z_fields
from assay.stats.proportions.inversion import Pairs, Tables, solve
from assay.stats.proportions.odds_effect import OddsEffect, odds_effect
from assay.stats.proportions.one_sample import clopper_pearson
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, p_value


@method(
    name="mcnemar",
    version="1",
    metric_types=(),
    summary="McNemar's score test of paired proportions, with score intervals of difference and risk ratio.",
    needs=("y",),
    data=Samples,
)
def mcnemar(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Difference and risk ratio of two proportions of the same units.

    Formula: Z(δ) = (b - c - n·δ) / √(n·(2q̃ + δ·(1 - δ))), b and c the units that succeed under treatment only
        and under control only, q̃ the maximum likelihood of c / n under δ; the interval is where |Z(δ)| <= z.
        The risk ratio likewise.
    Assumes: Pairs are independent, each value a success or not.
    Use when: The same units are seen twice: before and after, or matched pairs.
    Avoid when: Fewer than about ten units differ and the level must be guaranteed: use `mcnemar_exact`.

    Args:
        control: Samples with y of zeros and ones.
        treatment: The same units in the same order; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `std_error` is that of the estimate, √(b + c - (b - c)²/n) / n. No unit that differs is
        evidence of nothing: p = 1. A value that is NaN or neither 0 nor 1 leaves nothing defined.

    Raises:
        InputError: The arms have unlike numbers of units.
    """
    arms, pairs = _pairs(control, treatment, alpha)
    pivot = Pivot.of(arms.alpha, alternative)
    edge, d = np.ones_like(pairs.gained), pairs.gained - pairs.lost
    difference = tuple(solve(_difference_score, pairs, pivot.z, d, side * edge) for side in (-1, 1))
    p_c, p_t = arms.tables.p_c, arms.tables.p_t
    none = p_c + p_t == 0
    centre = np.where(none, 0.5, p_t / np.where(none, 1.0, p_c + p_t))
    low, high = (
        np.where(none, side, solve(_ratio_score, pairs, pivot.z, centre, side * edge)) for side in (0, 1)
    )
    statistic = np.where(pairs.apart > 0, d / np.sqrt(pairs.apart / pairs.n), 0.0)
    fields = z_fields(
        arms, statistic, (difference[0], difference[1]), (low / (1 - low), high / (1 - high)), pivot
    )
    fields["std_error"] = arms.known(np.sqrt(np.maximum(pairs.apart - d**2, 0.0) / pairs.n))
    return Effect(**fields)


@method(
    name="mcnemar_exact",
    version="1",
    metric_types=(),
    summary="Exact conditional test of paired proportions, with the matched odds ratio's exact interval.",
    needs=("y",),
    data=Samples,
    result=OddsEffect,
)
def mcnemar_exact(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Conditional exact test of paired proportions: a binomial test of the units that differ.

    Formula: Of b + c units that differ, b succeed under treatment: binomial with share ψ / (1 + ψ), ψ the
        matched odds ratio. p = twice the smaller tail at ψ = 1; the interval is Clopper and Pearson's.
    Assumes: Pairs are independent, each value a success or not. Nothing else.
    Use when: Few units differ and the level must be guaranteed.
    Avoid when: The difference's interval is asked for: use `mcnemar`.

    Args:
        control: Samples with y of zeros and ones.
        treatment: The same units in the same order; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the matched odds ratio b / c, which is not that of the two shares. It has no standard
        error, statistic, or interval of difference and lift.

    Raises:
        InputError: The arms have unlike numbers of units.
    """
    arms, pairs = _pairs(control, treatment, alpha)
    b, c = np.rint(pairs.n * pairs.gained), np.rint(pairs.n * pairs.lost)
    p = p_value(_at_most(b, c), _at_most(c, b), alternative)
    share = clopper_pearson(b, b + c, alpha=arms.alpha, alternative=alternative)
    empty = b + c == 0
    low, high = np.where(empty, 0.0, share.lower), np.where(empty, 1.0, share.upper)
    return odds_effect(counts_fields(arms, p, alternative), arms, b / c, (low / (1 - low), high / (1 - high)))


def _at_most(b: Array, c: Array) -> Array:
    """Probability that at most b of the b + c units that differ succeed under treatment, if even."""
    return np.where(c == 0, 1.0, special.betainc(np.maximum(c, 1.0), b + 1, 0.5))


def _pairs(control: Samples, treatment: Samples, alpha: Array) -> tuple[Arms, Pairs]:
    if control.n != treatment.n:
        raise InputError(
            f"control has {control.n} units and treatment {treatment.n}; pairs need the same units in both"
        )
    n = float(control.n)
    if n == 0:
        shares = [np.full(np.broadcast_shapes(control.shape, treatment.shape), np.nan)] * 4
        odd = np.asarray(False)
    else:
        y_c, y_t = np.broadcast_arrays(control.y, treatment.y)
        odd = ~np.all(np.isin(y_c, (0, 1)) & np.isin(y_t, (0, 1)), axis=-1)
        shares = [np.mean(v, axis=-1) for v in (y_c == 1, y_t == 1, y_t > y_c, y_t < y_c)]
    broken = np.any(~np.isfinite(control.y), axis=-1) | np.any(~np.isfinite(treatment.y), axis=-1)
    p_c, p_t, gained, lost, odd, broken, level = np.broadcast_arrays(*shares, odd, broken, alpha)
    reason = flagged(
        (n == 0, Reason.TOO_FEW_UNITS),
        (broken, Reason.NOT_FINITE),
        (odd & ~broken, Reason.OUTSIDE_DOMAIN),
    )
    usable = np.broadcast_to(reason == 0, level.shape)
    p_c, p_t, gained, lost = (np.where(usable, v, 0.5) for v in (p_c, p_t, gained, lost))
    units = np.full(level.shape, max(n, 1.0))
    arms = Arms(
        tables=Tables(units, p_c, units, p_t),
        difference=np.where(usable, gained - lost, np.nan),
        lift=np.where(usable & (p_c > 0), (gained - lost) / p_c, np.nan),
        alpha=np.asarray(level, dtype=float),
        reason=reason | flagged((usable & (p_c == 0), Reason.ZERO_CONTROL)),
        usable=usable,
    )
    return arms, Pairs(units, p_t - gained, gained, lost)


def _difference_score(delta: Array, pairs: Pairs) -> tuple[Array, Array]:
    """Tango's: the distance from the hypothesis, and its standard error under it."""
    # Seen from the arm that the hypothesis favours, no term of the root cancels.
    up = delta >= 0
    size, lost = np.abs(delta), np.where(up, pairs.lost, pairs.gained)
    b = (2 - pairs.gained - pairs.lost + 2 * lost) * size - pairs.apart
    least = _root(2.0, b, -lost * size * (1 - size))
    return pairs.gained - pairs.lost - delta, np.sqrt((2 * least + size * (1 - size)) / pairs.n)


def _ratio_score(share: Array, pairs: Pairs) -> tuple[Array, Array]:
    """Tang's, for p_t·(1 - φ) - p_c·φ, the ratio's hypothesis θ = φ / (1 - φ) without division by 0."""
    rest = 1 - share
    up = share >= rest
    most, least = np.maximum(share, rest), np.minimum(share, rest)
    lost = np.where(up, pairs.lost, pairs.gained)
    any_success = pairs.both + pairs.apart
    b = (pairs.both + lost) * most**2 - (any_success + lost) * least**2
    lean = _root(least, b, -lost * any_success * (most - least) * least)
    error = np.sqrt(least * (lean + any_success * (most - least)) / pairs.n)
    return (pairs.both + pairs.gained) * rest - (pairs.both + pairs.lost) * share, error


def _root(a: Array | float, b: Array, c: Array) -> Array:
    """The root of a·q² + b·q + c = 0 that is not negative, for c <= 0 <= a, without cancellation."""
    whole = np.abs(b) + np.sqrt(b**2 - 4 * a * c)
    small = np.where(whole == 0, 0.0, -2 * c / np.where(whole == 0, 1.0, whole))
    return np.where(b > 0, small, whole / np.where(b > 0, 1.0, 2 * a))

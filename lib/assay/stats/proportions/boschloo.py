"""Do two proportions differ? Boschloo's test: Fisher's p-value as the statistic of an unconditional test.

Fisher's test is conservative, as its level is reached for few margins only. Boschloo's takes its p-value as a
mere ordering of all tables and asks how probable a p-value as small is, at the worst common share: never more
than Fisher's own. For another odds ratio than 1 the ordering is that of the noncentral tail, which gives the
interval.

References:
    Boschloo (1970), Raised Conditional Level of Significance for the 2 × 2 Table when Testing the Equality of
    Two Probabilities. Agresti and Min (2002), Unconditional Small-Sample Confidence Intervals for the Odds
    Ratio, section 2. Mehrotra, Chan and Berger (2003), A Cautionary Note on Exact Unconditional Inference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.moments import Moments
from assay.stats.proportions.arms import Array, paired_tables
from assay.stats.proportions.fields import counts_fields
from assay.stats.proportions.odds_effect import OddsEffect, cells, odds_effect, odds_ratio_of
from assay.stats.proportions.unconditional import (
    MOST_UNITS,
    Cuts,
    Row,
    least_value,
    once_each,
    rows_of,
    supremum,
)
from assay.stats.registry import method
from assay.stats.tails import Alternative, p_value, per_tail

# p-values of Fisher whose ratio differs from 1 by less are one, and rounding did it.
_TIE = 1e-10


@method(
    name="boschloo",
    version="1",
    metric_types=("proportion",),
    summary="Boschloo's unconditional exact test, with the odds ratio's exact interval by its inversion.",
    needs=("y",),
    result=OddsEffect,
)
def boschloo(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Unconditional exact test of two proportions, ordered by Fisher's p-value.

    Formula: P(ψ) = max over p_c of P(F(X; ψ) <= F(x; ψ)), F the upper tail of the noncentral hypergeometric
        distribution; p = twice the lesser of P(1) and its mirror; the interval of the odds ratio is where
        neither is below α/2.
    Assumes: Units are independent, each a success or not. Nothing else: the level holds for any counts.
    Use when: Counts are small and the level must be guaranteed: it never has less power than `fisher`.
    Avoid when: There are more than a few hundred units: it costs a tenth of a second and more.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the odds ratio, the estimate that of the table. It has no standard error, statistic,
        or interval of difference and lift (`barnard` has these). Each end is searched on the side of 1 that
        the p-value is on. Counts that are not whole, or more than 1,000 units in both arms, are
        `OUTSIDE_DOMAIN`.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha, most=MOST_UNITS, whole=True)
    tails = per_tail(arms.alpha, alternative)

    def both(row: Row) -> tuple[float, ...]:
        return *_side(row, alternative != "less"), *_side(row.swapped(), alternative != "greater")

    sides = once_each(rows_of(arms.tables, tails), both)
    above, low, below, high = np.moveaxis(np.reshape(sides, (*arms.alpha.shape, 4)), -1, 0)
    fields = counts_fields(arms, p_value(below, above, alternative), alternative)
    return odds_effect(fields, arms, odds_ratio_of(*cells(arms.tables)), (low, 1 / high))


def _side(row: Row, asked: bool) -> tuple[float, float]:
    """The tail above at an odds ratio of 1, and the least odds ratio whose tail is not below the level."""
    if not asked:
        return 1.0, 0.0
    weights = _log_weights(row)
    p = _tail(row, weights, 0.5, None)
    if row.x_t == 0 or row.x_c == row.n_c:
        return p, 0.0
    side = (0.0, 0.5) if p >= row.tail else (0.5, 1.0)
    share = least_value(lambda s: _tail(row, weights, s, row.tail) >= row.tail, *side)
    return p, share / (1 - share)


def _log_weights(row: Row) -> Array:
    """Log ways to each table: treatment's successes by successes of both arms; -inf where there is none."""
    i, m = np.arange(row.n_t + 1.0)[:, None], np.arange(row.n_t + row.n_c + 1.0)
    j = m - i
    ways = -sum(special.gammaln(k + 1) for k in (i, row.n_t - i, np.abs(j), np.abs(row.n_c - j)))
    return np.where((j >= 0) & (j <= row.n_c), ways, -np.inf)


def _tail(row: Row, log_weights: Array, share: float, level: float | None) -> float:
    """The greatest probability of a Fisher's p-value as small, at the odds ratio share / (1 - share)."""
    odds = share / (1 - share)

    def path(u: Array) -> tuple[Array, Array]:
        return u, np.minimum(u * odds / (1 + u * (odds - 1)), 1.0)

    return supremum(_cuts(row, log_weights, odds), row.n_c, path, level=level)


def _cuts(row: Row, log_weights: Array, odds: float) -> Cuts:
    """Of the tables whose Fisher's p-value is no greater than the row's."""
    logs = log_weights + np.arange(row.n_t + 1.0)[:, None] * np.log(odds)
    weights = np.exp(logs - np.max(logs, axis=0))
    from_here = np.cumsum(weights[::-1], axis=0)[::-1]
    tails = from_here / from_here[0]
    i, j = np.arange(row.n_t + 1)[:, None], np.arange(row.n_c + 1)
    by_arm = tails[i, i + j]
    inside = by_arm <= by_arm[row.x_t, row.x_c] * (1 + _TIE)
    # More successes of the control are never more evidence: each row of the region is its first columns.
    return np.asarray(np.sum(inside, axis=1) - 1)

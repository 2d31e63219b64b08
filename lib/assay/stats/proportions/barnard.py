"""Do two proportions differ? The unconditional exact test of the score statistic, and its intervals.

Only the arms' sizes are fixed. A p-value is the greatest probability, over all common shares, of a statistic
as extreme as the observed. The statistic is the score of the hypothesis: Mee's for a difference, Koopman's
for a risk ratio, the pooled z for no effect.

References:
    Barnard (1947), Significance Tests for 2 × 2 Tables. Suissa and Shuster (1985), Exact Unconditional Sample
    Sizes for the 2 × 2 Binomial Trial (the pooled z). Chan and Zhang (1999), Test-Based Exact Confidence
    Intervals for the Difference of Two Binomial Proportions. Koopman (1984),
    Confidence Intervals for the Ratio of Two Binomial Proportions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.moments import Moments
from assay.stats.proportions.arms import Array, paired_tables, pooled_z
from assay.stats.proportions.fields import counts_fields
from assay.stats.proportions.inversion import Score, Tables, difference_score, ratio_score
from assay.stats.proportions.unconditional import (
    MOST_UNITS,
    Path,
    Row,
    cuts,
    least_value,
    once_each,
    rows_of,
    supremum,
)
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative, opened, p_value, per_tail

# Statistics that differ by less are one, and rounding did it.
_TIE = 1e-9


@method(
    name="barnard",
    version="1",
    metric_types=("proportion",),
    summary="Unconditional exact test by the pooled z, with exact intervals of difference and risk ratio.",
    needs=("y",),
)
def barnard(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Effect:
    """Unconditional exact test of two proportions; intervals by inversion of the same statistic.

    Formula: P(δ) = max over p_c of P(Z(X; δ) >= Z(x; δ)), Z the score of `proportions_score`; p = twice the
        lesser of P(0) and its mirror; the interval is where neither is below α/2 (Chan and Zhang). The lift
        likewise with Koopman's score.
    Assumes: Units are independent, each a success or not. Nothing else: the level holds for any counts.
    Use when: Counts are small, the level must be guaranteed and the difference or the lift is asked for.
    Avoid when: There are more than a few hundred units: the score test is as good and costs microseconds;
        this one costs a tenth of a second.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect. `statistic` is the pooled z, which has no degrees of freedom as it is not referred to a
        distribution of its own; there is no standard error. Each end is searched on the side of no effect
        that the p-value is on; where P crosses the level more than once there, one crossing is taken. Counts
        that are not whole, or more than 1,000 units in both arms, are `OUTSIDE_DOMAIN`.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha, most=MOST_UNITS, whole=True)
    tails = per_tail(arms.alpha, alternative)

    def both(row: Row) -> tuple[float, ...]:
        return *_side(row, alternative != "less"), *_side(row.swapped(), alternative != "greater")

    sides = once_each(rows_of(arms.tables, tails), both)
    above, low, ratio_low, below, high, ratio_high = np.moveaxis(
        np.reshape(sides, (*arms.alpha.shape, 6)), -1, 0
    )
    lower, upper = opened(low, -high, alternative, least=-1.0, greatest=1.0)
    ratio_lower, ratio_upper = opened(ratio_low, 1 / ratio_high, alternative, least=0.0)
    unbounded = arms.usable & (ratio_high == 0)
    fields = counts_fields(arms, p_value(below, above, alternative), alternative)
    fields["reason"] = fields["reason"] | flagged((unbounded, Reason.RELATIVE_UNBOUNDED))
    fields["statistic"] = arms.known(pooled_z(arms.tables))
    fields["lower"], fields["upper"] = arms.known(lower), arms.known(upper)
    fields["relative_lower"], fields["relative_upper"] = (
        arms.known(ratio_lower - 1),
        arms.known(ratio_upper - 1),
    )
    return Effect(**fields)


def _side(row: Row, asked: bool) -> tuple[float, float, float]:
    """The tail above at no effect, and the least difference and ratio whose tail is not below the level."""
    if not asked:
        return 1.0, -1.0, 0.0
    p = _tail(difference_score, row, 0.0, None)
    side = (-1.0, 0.0) if p >= row.tail else (0.0, 1.0)
    difference = least_value(lambda d: _tail(difference_score, row, d, row.tail) >= row.tail, *side)
    if row.x_t == 0:
        return p, (-1.0 if row.x_c == row.n_c else difference), 0.0
    share = least_value(
        lambda s: _tail(ratio_score, row, s, row.tail) >= row.tail, *((1 + end) / 2 for end in side)
    )
    return p, difference, share / (1 - share)


def _tail(score: Score, row: Row, hypothesis: float, level: float | None) -> float:
    """The greatest probability, over the nuisance share, of a score as great as the row's."""
    observed = _statistic(score, row, np.array([float(row.x_c)]), np.array([float(row.x_t)]), hypothesis)
    least = observed[0] - _TIE * max(1.0, abs(observed[0]))
    cut = cuts(lambda x_c, x_t: _statistic(score, row, x_c, x_t, hypothesis) >= least, row.n_c, row.n_t)
    path = _ratio_path(hypothesis) if score is ratio_score else _difference_path(hypothesis)
    return supremum(cut, row.n_c, path, level=level)


def _statistic(score: Score, row: Row, x_c: Array, x_t: Array, hypothesis: float) -> Array:
    n_c, n_t = np.full_like(x_c, row.n_c), np.full_like(x_t, row.n_t)
    distance, error = score(np.full_like(x_t, hypothesis), Tables(n_c, x_c / n_c, n_t, x_t / n_t))
    return np.where(distance == 0, 0.0, distance / error)


def _difference_path(delta: float) -> Path:
    low, high = max(0.0, -delta), min(1.0, 1 - delta)

    def path(u: Array) -> tuple[Array, Array]:
        p_c = low + (high - low) * u
        return p_c, np.clip(p_c + delta, 0.0, 1.0)

    return path


def _ratio_path(share: float) -> Path:
    ratio = share / (1 - share)
    return lambda u: (u * min(1.0, 1 / ratio), u * min(1.0, ratio))

"""How do the odds differ? The score interval of the odds ratio, and the customary one of its logarithm.

The score interval is Cornfield's without continuity correction: it moves s successes between the arms, all
margins fixed, until the table is z standard errors from its hypothesis. At an odds ratio of 1 its statistic
is the pooled z, so that one p-value belongs to it, to Mee's difference and to Koopman's risk ratio.

References:
    Cornfield (1956), A Statistical Problem Arising from Retrospective Studies, eq. 4.2. Miettinen and
    Nurminen (1985), Comparative Analysis of Two Rates, section 5. Woolf (1955), On Estimating the Relation
    between Blood Group and Disease. Haldane (1956), The Estimation and Significance of the Logarithm of a
    Ratio of Frequencies (the half).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise

from assay.stats.moments import Moments
from assay.stats.proportions.arms import Array, paired_tables, pooled_z
from assay.stats.proportions.fields import Ends, Pivot, counts_fields, z_fields
from assay.stats.proportions.inversion import difference_interval, ratio_interval
from assay.stats.proportions.odds_effect import OddsEffect, cells, odds_effect, odds_ratio_of
from assay.stats.registry import method
from assay.stats.tails import Alternative, p_value, per_tail


@method(
    name="odds_ratio",
    version="1",
    metric_types=("proportion",),
    summary="Pooled z-test of two proportions with score intervals of odds ratio, difference and risk ratio.",
    needs=("y",),
    result=OddsEffect,
)
def odds_ratio(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Odds ratio of two proportions; difference and lift as `proportions_score` has them.

    Formula: The ψ whose restricted table, x_t - s and x_c + s successes with the odds ratio ψ, has
        |s|·√(sum of 1 / expected count of the four cells) <= z.
    Assumes: Units are independent, each a success or not.
    Use when: The odds ratio is asked for (logistic models, case-control data); any counts, 0 included.
    Avoid when: Readers will take it for a risk ratio, from which it departs as successes get common.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the odds ratio; `estimate` and `lower` to `relative_upper` are those of
        `proportions_score`.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha)
    t = arms.tables
    pivot = Pivot.of(arms.alpha, alternative)
    ends = difference_interval(t, pivot.z), ratio_interval(t, pivot.z)
    counts = cells(t)
    return odds_effect(
        z_fields(arms, pooled_z(t), *ends, pivot),
        arms,
        odds_ratio_of(*counts),
        pivot.turned(score_odds_interval(*counts, pivot.z)),
    )


@method(
    name="odds_ratio_woolf",
    version="1",
    metric_types=("proportion",),
    summary="The customary interval and test of the log odds ratio.",
    needs=("y",),
    result=OddsEffect,
)
def odds_ratio_woolf(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Odds ratio of two proportions by the normal approximation to its logarithm.

    Formula: Z = log ψ̂ / √(sum of 1 / count of the four cells); a table with a count of 0 gets 1/2 in every
        cell first.
    Assumes: Units are independent, each a success or not, and all four counts are large.
    Use when: The customary number must stand beside a better one.
    Avoid when: A count is below about 10: use `odds_ratio` or `fisher`.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the odds ratio; `std_error` is that of its logarithm. Difference and lift have
        estimates and no intervals.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha)
    counts = np.stack(cells(arms.tables))
    counts = counts + np.where(np.any(counts == 0, axis=0), 0.5, 0.0)
    ratio, error = odds_ratio_of(*counts), np.sqrt(np.sum(1 / counts, axis=0))
    statistic = np.log(ratio) / error
    reach = np.exp(-special.ndtri(per_tail(arms.alpha, alternative)) * error)
    p = p_value(special.ndtr(statistic), special.ndtr(-statistic), alternative)
    fields = counts_fields(arms, p, alternative)
    fields["std_error"], fields["statistic"] = arms.known(error), arms.known(statistic)
    fields["df"] = np.asarray(np.inf)
    return odds_effect(fields, arms, ratio, (ratio / reach, ratio * reach))


def score_odds_interval(a: Array, b: Array, c: Array, d: Array, z: Array) -> Ends:
    """Cornfield's interval of the odds ratio without continuity correction.

    Args:
        a: Successes of the treatment.
        b: Its failures.
        c: Successes of the control.
        d: Its failures.
        z: Normal quantile of the level, above 0.

    Returns:
        Lower and upper ends, in [0, inf].
    """
    # Swapping successes with failures inverts the odds ratio.
    return _score_end(a, b, c, d, z), 1 / _score_end(b, a, d, c, z)


def _score_end(a: Array, b: Array, c: Array, d: Array, z: Array) -> Array:
    """The lower end: moves part of what can be moved, a and d down, b and c up."""
    room = np.minimum(a, d)
    fixed = room == 0

    def beyond(part: Array, *args: Array) -> Array:
        a, b, c, d, z, room = args
        moved = part * room
        # moved·√(sum of 1 / count) = z, times the root of the least count, which goes to 0 at the edge.
        least = room * (1 - part)
        other = np.maximum(a, d) - moved
        rest = np.where(other == 0, 1.0, least / other) + least / (b + moved) + least / (c + moved)
        reach = z * np.sqrt(least / (1 + rest))
        return np.where(part == 0, -1.0, (moved - reach) / (moved + reach))

    safe = [np.where(fixed, 1.0, v) for v in (a, b, c, d)]
    edges = np.zeros_like(room), np.ones_like(room)
    part = elementwise.find_root(beyond, edges, args=(*safe, z, np.where(fixed, 1.0, room))).x
    moved = part * room
    return np.where(fixed, 0.0, (a - moved) * (d - moved) / ((b + moved) * (c + moved)))

"""Do two proportions differ? Fisher's exact test, and the odds ratio's interval from the same distribution.

Given all margins, the treatment's successes are hypergeometric, noncentral with the odds ratio. The
customary two-sided p-value adds up all tables that are no likelier than the observed; the customary interval
is central. The two contradict each other for some tables. `fisher` doubles the smaller tail instead, which is
what the central interval inverts; `fisher_customary` is the customary pair.

References:
    Fisher (1935), The Logic of Inductive Inference. Cornfield (1956), A Statistical Problem Arising from
    Retrospective Studies, section 3. Agresti (1992), A Survey of Exact Inference for Contingency Tables,
    section 2. Fay (2010), Confidence Intervals that Match Fisher's Exact or Blaker's Exact Tests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from assay.stats.distinct import distinct
from assay.stats.moments import Moments
from assay.stats.proportions.arms import Arms, Array, paired_tables
from assay.stats.proportions.fields import counts_fields
from assay.stats.proportions.hypergeometric import (
    Margins,
    least_odds,
    likeliest_odds,
    no_likelier,
    tail_above,
)
from assay.stats.proportions.odds_effect import OddsEffect, odds_effect
from assay.stats.registry import method
from assay.stats.tails import Alternative, p_value, per_tail

# Units in both arms: beyond, the window of the distribution has more than a million counts.
_MOST = 2e9


@method(
    name="fisher",
    version="1",
    metric_types=("proportion",),
    summary="Fisher's exact test with the doubled p-value, which the odds ratio's exact interval inverts.",
    needs=("y",),
    result=OddsEffect,
)
def fisher(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Conditional exact test of two proportions; p-value and odds ratio's interval agree.

    Formula: p = 2·min(P(X <= x_t), P(X >= x_t)), X hypergeometric with the table's margins; the interval is
        where neither tail of the noncentral hypergeometric is below α/2. The odds ratio's estimate is the
        conditional maximum likelihood.
    Assumes: Units are independent, each a success or not. Nothing else: the level holds for any counts.
    Use when: Counts are small and the level must be guaranteed.
    Avoid when: Power matters: it is conservative; `boschloo` is uniformly more powerful. Each test costs a
        sum over its counts, a quarter of a millisecond; tables that repeat are summed once.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the odds ratio. It has no standard error, statistic, or interval of difference and
        lift. Counts that are not whole, or more than 2e9 units, are `OUTSIDE_DOMAIN`.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha, most=_MOST, whole=True)
    return _conditional(arms, _tails_p_value(arms, alternative), alternative)


@method(
    name="fisher_customary",
    version="1",
    metric_types=("proportion",),
    summary="Fisher's exact test as commonly printed: p-value by minimum likelihood, interval central.",
    needs=("y",),
    result=OddsEffect,
)
def fisher_customary(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> OddsEffect:
    """Conditional exact test of two proportions with the customary two-sided p-value.

    Formula: p = the probability of all tables with the same margins that are no likelier than the observed;
        the interval is that of `fisher`. One-sided, it is `fisher`.
    Assumes: Units are independent, each a success or not.
    Use when: A number must equal that of other software.
    Avoid when: An interval stands beside the p-value: the two may contradict each other. Use `fisher`.

    Args:
        control: Moments with y of zeros and ones: `mean_y` is the proportion.
        treatment: The same; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect with the odds ratio, as that of `fisher`.

    Raises:
        InputError: A mean outside [0, 1].
    """
    arms = paired_tables(control, treatment, alpha, most=_MOST, whole=True)
    p = (
        _each(arms, lambda m: (no_likelier(m),), 1)[0]
        if alternative == "two-sided"
        else _tails_p_value(arms, alternative)
    )
    return _conditional(arms, p, alternative)


def _conditional(arms: Arms, p: Array, alternative: Alternative) -> OddsEffect:
    def answer(table: Margins, tail: float) -> tuple[float, ...]:
        return least_odds(table, tail), least_odds(table.swapped(), tail), likeliest_odds(table)

    low, high, estimate = _each(arms, answer, 3, per_tail(arms.alpha, alternative))
    return odds_effect(counts_fields(arms, p, alternative), arms, estimate, (low, 1 / high))


def _tails_p_value(arms: Arms, alternative: Alternative) -> Array:
    above, below = _each(arms, lambda m: (tail_above(m), tail_above(m.swapped())), 2)
    return p_value(below, above, alternative)


def _each(arms: Arms, answer: Callable[..., tuple[float, ...]], size: int, *options: Array) -> Array:
    """So many answers, on the first axis, for each table and its options; equal tables share them."""
    t = arms.tables
    counts = (t.n_t * t.p_t, t.n_t, t.n_c, t.n_t * t.p_t + t.n_c * t.p_c)

    def answers(*columns: Array) -> Array:
        rows = zip(*(column.tolist() for column in columns), strict=True)
        found = [answer(Margins(*(int(count) for count in row[:4])), *row[4:]) for row in rows]
        return np.reshape(np.asarray(found, dtype=np.float64), (-1, size)).T

    return distinct(answers, *(np.rint(count) for count in counts), *options)

"""Does the treatment tend to higher values, whatever the spread of both arms? Brunner and Munzel's test.

A unit's placement is the share of the other arm that it beats, ties counted half. The probability of
superiority is a mean of placements, and its variance comes from theirs in each arm, so nothing is assumed
about the two laws: Welch's test on placements.

References:
    Brunner and Munzel (2000), The Nonparametric Behrens-Fisher Problem: Asymptotic Theory and a Small-Sample
    Approximation, eqs. 4.4 to 4.8. Brunner, Bathke and Konietschke (2018), Rank and Pseudo-Rank Procedures
    for Independent Observations in Factorial Designs, section 3.7 (range-preserving intervals by the logit).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.pivot import t_p_value
from assay.stats.ranks.midranks import midranks, ranking, unusable
from assay.stats.ranks.superiority import Inference, Superiority, superiority
from assay.stats.registry import method
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, per_tail

# What rounding alone can make of a standard error of 0; placements lie within 0 and 1.
_ROUNDING = 1e-12


@method(
    name="brunner_munzel",
    version="1",
    metric_types=("mean",),
    summary="Brunner-Munzel test of the probability of superiority, with the interval of the same pivot.",
    needs=("y",),
    data=Samples,
    result=Superiority,
)
def brunner_munzel(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Superiority:
    """Probability of superiority where arms may differ in spread and shape.

    Formula: T(θ) = (θ̂ - θ) / √(s_c²/n_c + s_t²/n_t), s² the variance of an arm's placements; Student's t
        with Welch-Satterthwaite degrees of freedom. The interval is cut to between 0 and 1.
    Assumes: Units are independent, ten or more per arm, and the arms overlap.
    Use when: The question is whether treatment units tend to higher values, and the spread may differ as
        well.
    Avoid when: The arms hardly overlap: the variance is then underestimated, and without any overlap it is 0
        and no answer is given; `mann_whitney` gives one. `brunner_munzel_logit` is better near 0 and 1.

    Args:
        control: Units of the control, at least 2.
        treatment: Units of the treatment, at least 2; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        Superiority. Arms that do not overlap leave only the estimate (`Reason.NO_VARIANCE`).
    """
    placed = _placed(control, treatment)
    statistic = (placed.theta - 0.5) / placed.std_error
    half = -special.stdtrit(placed.df, per_tail(alpha, alternative)) * placed.std_error
    found = Inference(
        probability=placed.theta,
        std_error=placed.std_error,
        statistic=statistic,
        df=placed.df,
        p_value=t_p_value(statistic, placed.df, alternative),
        lower=np.clip(placed.theta - half, 0.0, 1.0),
        upper=np.clip(placed.theta + half, 0.0, 1.0),
    )
    return superiority(
        found, alpha=alpha, alternative=alternative, unusable=placed.unusable, fixed=placed.fixed
    )


@method(
    name="brunner_munzel_logit",
    version="1",
    metric_types=("mean",),
    summary="Brunner-Munzel test and interval on the logit scale, which stays between 0 and 1 by itself.",
    needs=("y",),
    data=Samples,
    result=Superiority,
)
def brunner_munzel_logit(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
) -> Superiority:
    """Probability of superiority by its log-odds, where arms may differ in spread and shape.

    Formula: T(θ) = (logit θ̂ - logit θ)·θ̂·(1 - θ̂) / √(s_c²/n_c + s_t²/n_t), the delta method on
        `brunner_munzel`; same degrees of freedom.
    Assumes: Units are independent, ten or more per arm, and the arms overlap.
    Use when: As `brunner_munzel`, and the effect is large: the interval needs no cut.
    Avoid when: The arms do not overlap.

    Args:
        control: Units of the control, at least 2.
        treatment: Units of the treatment, at least 2; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        Superiority; `std_error` is that of the difference, `statistic` the logit's. Arms that do not overlap
        leave only the estimate (`Reason.NO_VARIANCE`).
    """
    placed = _placed(control, treatment)
    log_odds = special.logit(placed.theta)
    error = placed.std_error / (placed.theta * (1 - placed.theta))
    half = -special.stdtrit(placed.df, per_tail(alpha, alternative)) * error
    found = Inference(
        probability=placed.theta,
        std_error=placed.std_error,
        statistic=log_odds / error,
        df=placed.df,
        p_value=t_p_value(log_odds / error, placed.df, alternative),
        lower=special.expit(log_odds - half),
        upper=special.expit(log_odds + half),
    )
    return superiority(
        found, alpha=alpha, alternative=alternative, unusable=placed.unusable, fixed=placed.fixed
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    theta: NDArray[np.float64]
    std_error: NDArray[np.float64]
    df: NDArray[np.float64]
    unusable: NDArray[np.uint16]
    fixed: NDArray[np.bool_]


def _placed(control: Samples, treatment: Samples) -> _Placed:
    n_c, n_t = control.n, treatment.n
    bad = unusable(control, treatment, 2)
    ranks = ranking(control, treatment)
    # A unit's rank among all less its rank in its own arm counts the units of the other arm below it.
    place_c = (ranks.control - midranks(control.y)[0]) / max(n_t, 1)
    place_t = (ranks.treatment - midranks(treatment.y)[0]) / max(n_c, 1)
    v_c, v_t = (_variance(place) / max(place.shape[-1], 1) for place in (place_c, place_t))
    square = v_c + v_t
    share = v_c / square
    df = (
        1 / (share**2 / (n_c - 1) + (1 - share) ** 2 / (n_t - 1)) if min(n_c, n_t) > 1 else np.asarray(np.nan)
    )
    std_error = np.sqrt(square)
    return _Placed(ranks.wins / max(ranks.pairs, 1), std_error, df, bad, std_error <= _ROUNDING)


def _variance(values: NDArray[np.float64]) -> NDArray[np.float64]:
    n = values.shape[-1]
    centre = np.sum(values, axis=-1, keepdims=True) / max(n, 1)
    return np.asarray(np.sum((values - centre) ** 2, axis=-1) / max(n - 1, 1))

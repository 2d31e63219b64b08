"""Do values tend to be higher? Mann and Whitney's test, and the probability of superiority by its inversion.

The test's variance holds at no effect. Newcombe's method 5 continues it to other probabilities of
superiority: the variance that two exponential laws would have (Hanley and McNeil), with the mean arm size in
the place of both. At 1/2 it is Mann and Whitney's (n_c + n_t + 1) / (12·n_c·n_t), so the interval inverts the
test; ties shrink both by the same factor.

References:
    Mann and Whitney (1947), On a Test of Whether One of Two Random Variables is Stochastically Larger than
    the Other. Newcombe (2006), Confidence Intervals for an Effect Size Measure Based on the Mann-Whitney
    Statistic, part 2, method 5. Hanley and McNeil (1982), The Meaning and Use of the Area under a Receiver
    Operating Characteristic (ROC) Curve, eq. 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.stats.ranks.midranks import Ranking, ranking, unusable
from assay.stats.ranks.superiority import Inference, Superiority, superiority
from assay.stats.registry import method
from assay.stats.samples import Samples
from assay.stats.tails import Alternative, p_value, per_tail

# The error shrinks at least ninefold a round, whatever the data: 20 rounds reach the last digit.
_ROUNDS = 20


@method(
    name="mann_whitney",
    version="1",
    metric_types=("mean",),
    summary="Mann-Whitney z-test with ties; probability of superiority by inversion (Newcombe's method 5).",
    needs=("y",),
    data=Samples,
    result=Superiority,
)
def mann_whitney(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    continuity: bool = False,
) -> Superiority:
    """Do treatment units beat control units more often than they lose?

    Formula: θ̂ = U / (n_c·n_t); z(θ) = (θ̂ - θ) / √(τ·V(θ)), V(θ) = θ(1 - θ)·[1 + (n̄ - 1)·((1 - θ)/(2 - θ) +
        θ/(1 + θ))] / (n_c·n_t), n̄ = (n_c + n_t) / 2, τ = 1 - Σ(t³ - t) / (N³ - N) over groups of t ties. The
        p-value reads z(1/2); the interval is where |z(θ)| <= z.
    Assumes: Units are independent; at no effect both arms have one law. A difference in spread alone can make
        the level wrong.
    Use when: The metric is ordinal or so heavy-tailed that means say little, and any shift of the law counts.
    Avoid when: The decision is about a mean or a total (a treatment may win most pairs and lose money), arms
        differ in spread (use `brunner_munzel`), or arms have under ten units (use `mann_whitney_exact`).

    Args:
        control: Units of the control.
        treatment: Units of the treatment; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        continuity: Moves U by half a pair towards no effect, in the test and in the interval.

    Returns:
        Superiority; `statistic` is z without the correction. All values equal leave only the estimate.
    """
    ranks = ranking(control, treatment)
    pairs, bad = max(ranks.pairs, 1), unusable(control, treatment, 1)
    wins, deviation = ranks.wins, np.sqrt(ranks.null_variance)
    step = 0.5 if continuity else 0.0
    away = wins - pairs / 2
    share = _tie_factor(ranks)
    size = (control.n + treatment.n) / 2
    quantile = -special.ndtri(per_tail(alpha, alternative))
    cut = quantile**2 * share / pairs
    down, up = np.maximum(wins - step, 0.0) / pairs, np.maximum(pairs - wins - step, 0.0) / pairs
    theta = wins / pairs
    found = Inference(
        probability=theta,
        std_error=np.sqrt(share * theta * (1 - theta) * _spread(theta, size) / pairs),
        statistic=away / deviation,
        df=np.asarray(np.inf),
        p_value=p_value(
            special.ndtr((away + step) / deviation), special.ndtr(-(away - step) / deviation), alternative
        ),
        lower=_end(down, cut, size, quantile),
        upper=1 - _end(up, cut, size, quantile),
    )
    return superiority(found, alpha=alpha, alternative=alternative, unusable=bad, fixed=share <= 0)


def _tie_factor(ranks: Ranking) -> NDArray[np.float64]:
    n = ranks.control.shape[-1] + ranks.treatment.shape[-1]
    return np.asarray(1 - ranks.ties / max(n**3 - n, 1))


def _spread(theta: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    return 1 + (size - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta))


def _end(
    theta: NDArray[np.float64], cut: NDArray[np.float64], size: float, quantile: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where z falls to the quantile: below the estimate, or above it for a one-sided level beyond 1/2."""
    return np.where(quantile < 0, 1 - _lesser(1 - theta, cut, size), _lesser(theta, cut, size))


def _lesser(theta: NDArray[np.float64], cut: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """The lesser solution p of (theta - p)² = cut · p·(1 - p) · spread(p), by its odds r = p / (1 - p).

    With the spread w held, theta²/r - 2·theta·(1 - theta) + (1 - theta)²·r = cut·w is a quadratic in r. The
    spread varies so little that putting the solution back into it converges at once.
    """
    a, b = theta, 1 - theta
    p = theta
    for _ in range(_ROUNDS):
        half = a * b + cut * _spread(p, size) / 2
        # The lesser root as product over greater root, which cancels nothing.
        odds = a**2 / (half + np.sqrt(half**2 - (a * b) ** 2))
        p = odds / (1 + odds)
    return np.where(theta == 0, 0.0, p)

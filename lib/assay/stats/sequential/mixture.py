"""Did the mean differ, at any look so far? The mixture sequential probability ratio test.

The effect that the test is tuned to is a normal law with mean 0 and standard deviation `mixture_sd`: the
size of effect that the experimenter has in mind. Any value keeps the error rate. The 95 % interval is 17 %
wider than it could be where the value is ten times too great, 23 % where it is three times too small.

References:
    Robbins (1970), Statistical Methods Related to the Law of the Iterated Logarithm. Johari, Koomen, Pekelis
    and Walsh (2022), Always Valid Inference: Continuous Monitoring of A/B Tests, eqs. 10 and 14. Howard,
    Ramdas, McAuliffe and Sekhon (2021), Time-Uniform, Nonparametric, Nonasymptotic Confidence Sequences.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.stats.means.welch import mean
from assay.stats.moments import Moments
from assay.stats.registry import method
from assay.stats.result import Effect
from assay.stats.sequential.normal_mixture import log_evidence, positive, radius, sequence_effect
from assay.stats.tails import Alternative

# A tenth of the spread between units is what many call a small effect.
_SMALL = 0.1


@method(
    name="mixture_sprt",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Always-valid test of two means by a normal mixture over effects (mSPRT); valid at every look.",
    needs=("y",),
)
def mixture_sprt(
    control: Moments,
    treatment: Moments,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    mixture_sd: ArrayLike | None = None,
) -> Effect:
    """Difference and lift of means from all units so far, to be read as often as one likes.

    The p-value bounds, by alpha, the probability that it ever falls below alpha under no effect, whenever and
    why ever one stops. The least p-value and the intersection of the intervals over the looks so far are
    valid too: see `over_looks`.

    Formula: V = s_c² / n_c + s_t² / n_t, r = mixture_sd² / V, z = (mean_t - mean_c) / √V; p = √(1 + r) ·
        exp(-½·z²·r / (1 + r)), at most 1. One-sided: half the mixture, p divided by 2·Φ(z·√(r / (1 + r))).
    Assumes: Units are independent, and there are enough of them at the first look (a hundred an arm, more if
        the metric is skewed) that means are nearly normal and variances nearly known; shares of the arms do
        not change on the way (analyse allocation phases apart).
    Use when: Results are watched and the experiment may stop at any time, and the size of effects worth
        finding is known in the metric's unit.
    Avoid when: The number of looks is planned: a group sequential design is shorter. Looks begin with a
        handful of units: use `mixture_t`, or `betting_sequence` for bounded data.

    Args:
        control: Moments with y, of all units so far.
        treatment: Moments with y; broadcasts.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        mixture_sd: Standard deviation of the mixture, in the metric's unit, above 0; broadcasts. None: a
            tenth of the units' pooled standard deviation. `mixture_sd_for` gives the one that suits a planned
            standard error.

    Returns:
        The effect; `statistic` is z, `df` is infinite. Fewer than 2 units in an arm, or no variance in both,
        leave only the estimate. The lift's mixture has the same ratio r.

    Raises:
        InputError: `mixture_sd` is not above 0.
    """
    arms = mean(control), mean(treatment)
    if mixture_sd is None:
        pooled = (control.m2_y + treatment.m2_y) / (control.n + treatment.n - 2)
        square = _SMALL**2 * pooled
    else:
        square = positive("mixture_sd", mixture_sd) ** 2
    ratio = square / (arms[0].variance + arms[1].variance)
    return sequence_effect(
        *arms,
        reach=radius(ratio, alpha, alternative),
        evidence=lambda z: log_evidence(z, ratio, alternative),
        alpha=alpha,
        alternative=alternative,
    )

"""Permutation test of the difference in means, with the shifts and lifts that it does not reject.

If the treatment adds δ to every unit, then taking δ away again makes the arms exchangeable. An assignment of
the units to arms has at least the real difference from one threshold on, δ >= δ_π, in closed form; so p-value
and interval count the same thresholds. For the lift the treatment multiplies every unit by 1 + L.

References:
    Pitman (1937), Significance Tests which May be Applied to Samples from any Populations. Tritchler (1984),
    On Inverting Permutation Tests. Phipson and Smyth (2010), Permutation P-values Should Never Be Zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.stats.ranks.midranks import unusable
from assay.stats.registry import method
from assay.stats.resampling.answer import Found, answer, by_parts
from assay.stats.resampling.assignment import Assignments, Thresholds
from assay.stats.resampling.weights import checked_resamples, sums
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

# Sums that differ by this share of their terms are equal but for rounding.
_ROUNDING = 1e-13


@method(
    name="permutation",
    version="1",
    metric_types=("mean", "proportion"),
    summary="Permutation test of the difference in means, exact or Monte Carlo, with its own inversion.",
    needs=("y",),
    data=Samples,
)
def permutation(
    control: Samples,
    treatment: Samples,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    resamples: int = 9_999,
    seed: int = 0,
) -> Effect:
    """Is the difference in means surprising among all assignments of these units?

    Formula: p = #{π : D_π >= D} / M over the M assignments of n_t of the N units to the treatment, if M is at
        most resamples + 1; otherwise (b + 1) / (resamples + 1), b counting random ones. Two-sided: twice the
        lesser tail. δ is in the interval if the same test of the treatment less δ does not reject it.
    Assumes: Units were assigned at random, and the treatment changes none (the test), shifts all by one
        amount (the difference) or multiplies all by one factor (the lift).
    Use when: Arms are small or the law is odd, and the level must hold whatever the law.
    Avoid when: Arms differ in size and the treatment may change the spread: use `permutation_t`.

    Args:
        control: Units of the control, at least 1.
        treatment: Units of the treatment, at least 1; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        resamples: Random assignments, 99 to 1,000,000; where there are no more than that, all are taken.
        seed: Of the draws; the tests of a batch share their assignments.

    Returns:
        The effect; `std_error` is the exact standard deviation of D_π, `statistic` the difference over it,
        `df` is not defined. The lift's interval needs values of 0 and more. An end is infinite where there
        are too few assignments for the level.

    Raises:
        InputError: `resamples` or `seed` out of range.
    """
    count, start = checked_resamples(resamples, seed)
    chosen = Assignments.of(control.n, treatment.n, count, start)

    def found(y_c: NDArray[np.float64], y_t: NDArray[np.float64], tail: NDArray[np.float64]) -> Found:
        return _found(y_c, y_t, tail, chosen)

    bad = unusable(control, treatment, 1)
    parts = by_parts(control, treatment, bad, alpha, alternative, chosen.count, found)
    return answer(parts, alpha=alpha, alternative=alternative)


def _found(
    y_c: NDArray[np.float64], y_t: NDArray[np.float64], tail: NDArray[np.float64], chosen: Assignments
) -> Found:
    n_c, n_t, m = y_c.shape[1], y_t.shape[1], y_c.shape[0]
    per_pair = (n_c + n_t) / (n_c * n_t)
    both = np.concatenate([y_c, y_t], axis=1)
    centred = both - np.mean(both, axis=1, keepdims=True)
    only_c = np.concatenate([y_c, np.zeros(y_t.shape)], axis=1)
    treated = (np.arange(n_c + n_t) >= n_c).astype(np.float64)
    drawn = sums(chosen.blocks(), np.concatenate([centred, only_c, treated[None]]), chosen.count)
    real = np.sum(centred[:, n_c:], axis=1, keepdims=True)
    # With centred units a difference of means is the treatment's sum times N / (n_c·n_t).
    gap = real - drawn[:m]
    gap = np.where(np.abs(gap) <= _ROUNDING * np.sum(np.abs(centred), axis=1, keepdims=True), 0.0, gap)
    shifts = Thresholds.of(gap, n_t - np.broadcast_to(drawn[-1], gap.shape), chosen.others)
    lifts = Thresholds.of(gap, drawn[m : 2 * m], chosen.others)
    below, above = shifts.tails()
    lift_low, lift_high = lifts.ends(tail)
    square = np.sum(centred**2, axis=1) / max(n_c + n_t - 1, 1) * per_pair
    positive = np.all(both >= 0, axis=1)
    low, high = shifts.ends(tail)
    return Found(
        control=np.mean(y_c, axis=1),
        treatment=np.mean(y_t, axis=1),
        std_error=np.sqrt(square),
        below=below,
        above=above,
        lower=low,
        upper=high,
        # A factor is not below 0, nor a lift below -1.
        lift_lower=np.where(positive, np.maximum(lift_low, -1.0), np.nan),
        lift_upper=np.where(positive, lift_high, np.nan),
    )

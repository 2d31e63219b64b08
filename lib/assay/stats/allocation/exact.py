"""Did a handful of users arrive in the planned shares? The exact multinomial test.

The p-value is the probability, under the plan, of all allocations of as many units that are no more probable
than the observed one. With two arms it is the exact binomial test.

References:
    Read and Cressie (1988), Goodness-of-Fit Statistics for Discrete Multivariate Data, section 5.5. Davison
    and Hinkley (1997), Bootstrap Methods and their Application, eq. 4.11 (Monte Carlo p-value).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.seeds import stream
from assay.stats.allocation.plan import checked_plan, whole_numbers

# Two probabilities closer than this are equal: sums of logarithms of factorials differ by rounding.
_TIE = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class ExactMismatch:
    """Answer of `srm_exact`, arrays of the shape of the counts without the axis of arms.

    Attributes:
        p_value: Of the planned allocation.
        std_error: Of the p-value: 0 where all allocations were enumerated, else the Monte Carlo error.
        enumerated: True where all allocations were enumerated.
    """

    p_value: NDArray[np.float64]
    std_error: NDArray[np.float64]
    enumerated: NDArray[np.bool_]


def srm_exact(
    observed: ArrayLike,
    expected_shares: ArrayLike,
    *,
    most_allocations: int = 1_000_000,
    draws: int = 100_000,
    seed: int = 0,
) -> ExactMismatch:
    """The exact p-value of the planned allocation: by enumeration, or by simulation where that is too much.

    A simulated p-value is (1 + draws at most as probable as the data) / (1 + draws), which keeps its level
    for any number of draws and is never 0. It does not depend on what else stands in the batch.

    Args:
        observed: Units per arm along the last axis, whole numbers, 0 or greater.
        expected_shares: Planned shares or weights along the last axis; broadcasts. Arms with share 0 take no
            part; a unit in one of them gives p = 0.
        most_allocations: Allocations to enumerate at most, 1 or more; there are C(n + k - 1, k - 1) of n
            units to k arms. Above, the p-value is simulated.
        draws: Allocations to simulate, 1 or more.
        seed: Seed of the simulation, 0 or greater.

    Returns:
        p-values with their standard errors.

    Raises:
        InputError: As for `srm`; counts that are not whole; a limit or a number of draws below 1, or a
            negative seed.

    Example:
        >>> round(float(srm_exact([9, 1, 2], [1, 1, 1]).p_value), 6)
        0.017155
    """
    plan = checked_plan(observed, expected_shares)
    whole_numbers("observed", plan.units)
    for name, value, least in (
        ("most_allocations", most_allocations, 1),
        ("draws", draws, 1),
        ("seed", seed, 0),
    ):
        if not (isinstance(value, int) and value >= least):
            raise InputError(f"{name} is {value!r}; it must be a whole number, {least} or greater")
    shape, arms = plan.units.shape[:-1], plan.units.shape[-1]
    stray = plan.stray.reshape(-1)
    p_value, enumerated = np.zeros(stray.shape), np.ones(stray.shape, dtype=bool)
    rows = zip(plan.units.reshape(-1, arms), plan.shares.reshape(-1, arms), strict=True)
    for test, (units, shares) in enumerate(rows):
        if stray[test]:
            continue
        planned = shares > 0
        counts, odds = units[planned], np.log(shares[planned])
        n, k = int(np.sum(counts)), counts.size
        enumerated[test] = comb(n + k - 1, k - 1) <= most_allocations
        if enumerated[test]:
            p_value[test] = _enumerated(counts, odds)
        else:
            p_value[test] = _simulated(counts, odds, draws, seed)
    error = np.where(enumerated, 0.0, np.sqrt(p_value * (1 - p_value) / draws))
    return ExactMismatch(p_value.reshape(shape), error.reshape(shape), enumerated.reshape(shape))


def _enumerated(counts: NDArray[np.float64], odds: NDArray[np.float64]) -> float:
    """Arm by arm: each partial allocation branches into all numbers of units that are left for the arm."""
    n = float(np.sum(counts))
    left, log_p = np.array([n]), np.array([special.gammaln(n + 1)])
    for odd in odds[:-1]:
        branches = left.astype(np.int64) + 1
        first = np.cumsum(branches) - branches
        taken = np.arange(float(np.sum(branches))) - np.repeat(first, branches)
        left = np.repeat(left, branches) - taken
        log_p = np.repeat(log_p, branches) + taken * odd - special.gammaln(taken + 1)
    log_p = log_p + left * odds[-1] - special.gammaln(left + 1)
    seen = _log_probability(counts, odds)
    return float(min(np.sum(np.exp(np.sort(log_p[log_p <= seen + _TIE]))), 1.0))


def _simulated(counts: NDArray[np.float64], odds: NDArray[np.float64], draws: int, seed: int) -> float:
    shares = np.exp(odds)
    rng = stream(seed, "allocation.srm_exact")
    drawn = rng.multinomial(int(np.sum(counts)), shares / np.sum(shares), size=draws)
    rare = _log_probability(drawn.astype(np.float64), odds) <= _log_probability(counts, odds) + _TIE
    return float((1 + np.sum(rare)) / (1 + draws))


def _log_probability(counts: NDArray[np.float64], odds: NDArray[np.float64]) -> NDArray[np.float64]:
    n = np.sum(counts, axis=-1)
    return np.asarray(special.gammaln(n + 1) + np.sum(counts * odds - special.gammaln(counts + 1), axis=-1))

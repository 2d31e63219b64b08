"""Do users arrive in the planned shares, checked as often as one likes? The sequential sample ratio test.

Under the plan the likelihood ratio of other shares against the planned ones is a martingale of mean 1, and so
is its mean over a Dirichlet law around the plan. By Ville's inequality its inverse is a p-value at every
look, and so is the least one so far: a mismatch may be looked for daily, and found early.

References:
    Lindon and Malek (2022), Anytime-Valid Inference for Multinomial Count Data, eqs. 3 to 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.allocation.plan import Plan, checked_plan
from assay.stats.checks import numbers

# Stirling's series of log Γ, the coefficients of x^-9 to x^-1 (Abramowitz and Stegun 1964, 6.1.41).
_STIRLING = (1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)
_SERIES_FROM = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class SequentialMismatch:
    """Answer of `srm_sequential`, arrays of the shape of the counts without the axis of arms.

    Attributes:
        p_value: Always-valid p-value of the plan at each look.
        log_evidence: Logarithm of the evidence against the plan. That of phases with plans of their own adds
            up.
    """

    p_value: NDArray[np.float64]
    log_evidence: NDArray[np.float64]

    def over_looks(self, axis: int = -1) -> NDArray[np.float64]:
        """The least p-value of all looks up to each; valid, too.

        Args:
            axis: The axis of looks, in order of time.

        Returns:
            p-values, of the same shape.

        Raises:
            InputError: There is no such axis.
        """
        if not -self.p_value.ndim <= axis < self.p_value.ndim:
            raise InputError(f"axis is {axis}; p-values of shape {self.p_value.shape} have no such axis")
        return np.asarray(np.minimum.accumulate(self.p_value, axis=axis))


def srm_sequential(
    observed: ArrayLike, expected_shares: ArrayLike, *, concentration: ArrayLike = 1_000.0
) -> SequentialMismatch:
    """Always-valid p-value of the planned allocation.

    Args:
        observed: Units so far (not since the last look) per arm along the last axis; looks may stand along
            any other.
        expected_shares: Planned shares or weights along the last axis; broadcasts. Arms with share 0 take no
            part; a unit in one of them gives p = 0.
        concentration: How closely the mismatches to find lie around the plan, above 0, broadcasting with the
            counts without their last axis: a share s varies by √(s·(1 - s) / (concentration + 1)). 1,000
            suits mismatches of one to three percentage points; any value keeps the error rate.

    Returns:
        p-values and evidence.

    Raises:
        InputError: As for `srm`, or a concentration that is not above 0.

    Example:
        >>> days = srm_sequential([[520, 480], [1100, 900], [1680, 1320]], [0.5, 0.5])
        >>> [round(float(p), 4) for p in days.over_looks()]
        [0.9479, 0.0022, 0.0]
    """
    plan = checked_plan(observed, expected_shares)
    weight = numbers("concentration", concentration)
    if not np.all(np.isfinite(weight) & (weight > 0)):
        raise InputError("concentration must be finite and above 0")
    try:
        np.broadcast_shapes(weight.shape, plan.units.shape[:-1])
    except ValueError:
        raise InputError(
            f"concentration has shape {weight.shape}; it must broadcast to that of the tests, "
            f"{plan.units.shape[:-1]}"
        ) from None
    evidence = np.where(plan.stray, np.inf, _log_evidence(plan, weight))
    return SequentialMismatch(np.exp(-np.maximum(evidence, 0.0)), evidence)


def _log_evidence(plan: Plan, weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log of Γ(w) / Γ(w + n) · ∏ Γ(w·s + x) / Γ(w·s) / s^x, by Stirling: gamma functions would cancel.

    What is of the size of n·log n cancels on paper. What is left of it is the distance of the posterior mean
    from the plan, e·((1 + d)·log(1 + d) - d) summed over arms, e = (w + n)·s and d = (x - n·s) / e.
    """
    planned = plan.shares > 0
    shares = np.where(planned, plan.shares, 1.0)
    excess = np.where(planned, plan.units - plan.expected, 0.0)
    whole = weight + np.sum(plan.units, axis=-1)
    prior = weight[..., None] * shares
    mean = whole[..., None] * shares
    off = excess / mean
    arms = mean * (special.xlog1py(1 + off, off) - off) + _rest(mean + excess) - _rest(prior)
    return np.asarray(np.sum(np.where(planned, arms, 0.0), axis=-1) + _rest(weight) - _rest(whole))


def _rest(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log Γ(x) less x·log x - x + ½·log 2π: half a logarithm and Stirling's series, exact from 16 on."""
    far = np.maximum(x, _SERIES_FROM)
    series = np.zeros_like(far)
    for coefficient in _STIRLING:
        series = series / far**2 + coefficient
    near = np.minimum(x, _SERIES_FROM)
    direct = special.gammaln(near) - special.xlogy(near, near) + near - np.log(2 * np.pi) / 2
    return np.where(x < _SERIES_FROM, direct, series / far - np.log(far) / 2)

"""Post-stratification: units are compared within strata that were known before the exposure.

Every arm's stratum means are weighted by the same shares, so that arms with, by chance, more users of one
country differ no more by that. Strata in which an arm has fewer than 2 units have no variance; they are
collapsed into one.

References:
    Holt and Smith (1979), Post Stratification. Miratrix, Sekhon and Yu (2013), Adjusting Treatment
    Effect Estimates by Post-Stratification in Randomized Experiments. Cochran (1977), Sampling Techniques,
    chapter 5A (collapsed strata). Fieller (1954), eq. 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.adjustment.slopes import EPS
from assay.stats.checks import not_negative
from assay.stats.moments import Moments
from assay.stats.pivot import Joint, joint_effect, satterthwaite
from assay.stats.registry import method
from assay.stats.result import Effect, Reason, flagged
from assay.stats.tails import Alternative

_LEAST = 2  # units of an arm in a stratum: a variance needs two


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """One arm's moments by stratum.

    Attributes:
        moments: Moments with y, shape (..., strata): the last axis is that of strata, in the order of the
            other arm's; a stratum without units has n = 0.

    Raises:
        InputError: The moments have no axis of strata, or none on it.

    Example:
        >>> Strata(Moments.of_counts([3, 0, 8], [10, 0, 12])).shape
        ()
    """

    moments: Moments

    def __post_init__(self) -> None:
        if self.moments.shape[-1:] in ((), (0,)):
            raise InputError(
                f"moments have shape {self.moments.shape}; strata need a last axis with at least one stratum"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: one element per test."""
        return self.moments.shape[:-1]

    @property
    def series(self) -> frozenset[str]:
        """Which of `y`, `d` and `x` are present."""
        return self.moments.series


@method(
    name="poststratified",
    version="1",
    metric_types=(),
    summary="Means compared within strata and weighted by their shares; lift by Fieller.",
    needs=("y",),
    data=Strata,
)
def poststratified(
    control: Strata,
    treatment: Strata,
    *,
    alpha: NDArray[np.float64],
    alternative: Alternative = "two-sided",
    weights: ArrayLike | None = None,
) -> Effect:
    """Difference and lift of stratum means, weighted by the strata's shares.

    Strata in which an arm has fewer than 2 units are collapsed into one, and this, if it still is such a
    stratum, with the largest other; their weights add up. With all collapsed the answer is Welch's.

    Formula: mean_a = Σ_s w_s·mean_as; var(D) = Σ_s w_s²·(s²_ts / n_ts + s²_cs / n_cs), plus Σ_s w_s·(D_s -
        D)² / N where the shares w_s = N_s / N are those of the experiment and so vary with it; Student's t
        with Satterthwaite's degrees of freedom over all cells.
    Assumes: Units are independent; strata are known from before the exposure.
    Use when: A few groups differ much in the metric (country, platform, new or old), or the shares of the
        population are known and differ from those of the experiment: give them as `weights`.
    Avoid when: Strata are many and thin: use them as covariates of `cuped_many`.

    Args:
        control: Strata with y.
        treatment: The same strata; batches broadcast.
        alpha: Level; broadcasts.
        alternative: What the test looks for.
        weights: Shares of the strata in the population, shape (..., strata), 0 or greater; scaled to sum 1
            and taken as known. Left out: the shares of both arms' units together, taken as a sample of the
            population's.

    Returns:
        The effect. Fewer than 2 units in an arm leave only the estimate, none not even that.

    Raises:
        InputError: Numbers of strata that differ, or weights that are negative, not finite, all 0 or of
            another number.
    """
    size = control.moments.shape[-1]
    if treatment.moments.shape[-1] != size:
        raise InputError(
            f"control has {size} strata, treatment {treatment.moments.shape[-1]}; give both the same"
        )
    known = None if weights is None else _weights(weights, size)
    one, other, shares = _collapsed(control.moments, treatment.moments, known)
    total = np.sum(one.n + other.n, axis=-1)
    value, effects = np.sum(shares * one.mean_y, axis=-1), other.mean_y - one.mean_y
    difference = np.sum(shares * effects, axis=-1)
    cells, floor = _cells(one, other, shares)
    of_control = np.sum(cells[..., : shares.shape[-1]], axis=-1)
    # Known shares do not vary from experiment to experiment.
    drawn = shares / total[..., None] if known is None else np.zeros(1)
    off, apart = one.mean_y - value[..., None], effects - difference[..., None]
    between = np.sum(drawn * apart**2, axis=-1)
    fewest = np.minimum(np.sum(one.n, axis=-1), np.sum(other.n, axis=-1))
    joint = Joint(
        control=np.where(fewest > 0, value, np.nan),
        difference=np.where(fewest > 0, difference, np.nan),
        variance=np.sum(cells, axis=-1) + between,
        control_variance=of_control + np.sum(drawn * off**2, axis=-1),
        covariance=np.sum(drawn * off * apart, axis=-1) - of_control,
        floor=floor,
        df=satterthwaite(
            np.concatenate([cells, between[..., None]], axis=-1),
            np.concatenate([one.n - 1, other.n - 1, total[..., None] - 2], axis=-1),
        ),
        reason=flagged((fewest < _LEAST, Reason.TOO_FEW_UNITS), (_not_finite(one, other), Reason.NOT_FINITE)),
    )
    return joint_effect(joint, alpha=alpha, alternative=alternative)


def _weights(weights: ArrayLike, size: int) -> NDArray[np.float64]:
    shares = not_negative("weights", weights, finite=True)
    if shares.shape[-1:] != (size,):
        raise InputError(f"weights has shape {shares.shape}; its last axis must be that of the {size} strata")
    total = np.sum(shares, axis=-1, keepdims=True)
    if not np.all(total > 0):
        raise InputError("weights are all 0; at least one stratum must have a share of the population")
    return np.asarray(shares / total)


def _collapsed(
    control: Moments, treatment: Moments, known: NDArray[np.float64] | None
) -> tuple[Moments, Moments, NDArray[np.float64]]:
    """Both arms' moments with thin strata moved to one more stratum at the end, and the strata's shares."""
    weights = np.ones(1) if known is None else known
    shape = np.broadcast_shapes(control.shape, treatment.shape, weights.shape)
    n_c, n_t = (np.where(weights > 0, np.broadcast_to(arm.n, shape), 0.0) for arm in (control, treatment))
    units = n_c + n_t
    thin = (units > 0) & (np.minimum(n_c, n_t) < _LEAST)
    rest = np.minimum(*(np.sum(np.where(thin, n, 0.0), axis=-1) for n in (n_c, n_t)))
    largest = np.argmax(np.where(thin, -1.0, units), axis=-1)
    short = np.any(thin, axis=-1) & (rest < _LEAST)
    thin = thin | (short[..., None] & (np.arange(shape[-1]) == largest[..., None]))
    one, other = (_with_rest(arm, n, thin) for arm, n in ((control, n_c), (treatment, n_t)))
    size = units if known is None else np.where(units > 0, weights, 0.0)
    moved = np.sum(np.where(thin, size, 0.0), axis=-1, keepdims=True)
    shares = np.concatenate([np.where(thin, 0.0, size), moved], axis=-1)
    return one, other, shares / np.sum(shares, axis=-1, keepdims=True)


def _with_rest(arm: Moments, n: NDArray[np.float64], thin: NDArray[np.bool_]) -> Moments:
    rest = Moments(n=np.where(thin, n, 0.0), mean_y=arm.mean_y, m2_y=arm.m2_y).merge_all()
    kept = Moments(n=np.where(thin, 0.0, n), mean_y=arm.mean_y, m2_y=arm.m2_y)
    return Moments(
        **{
            name: np.concatenate([getattr(kept, name), getattr(rest, name)[..., None]], axis=-1)
            for name in ("n", "mean_y", "m2_y")
        }
    )


def _cells(
    control: Moments, treatment: Moments, shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each cell's part of the variance, those of the control first, and what rounding can make of 0."""
    arms = (control, treatment)
    parts = [np.where(arm.n >= _LEAST, shares**2 * arm.var_y / arm.n, 0.0) for arm in arms]
    floors = [np.where(arm.n > 0, (shares * EPS * arm.mean_y) ** 2 / arm.n, 0.0) for arm in arms]
    return np.concatenate(parts, axis=-1), np.sum(floors[0] + floors[1], axis=-1)


def _not_finite(control: Moments, treatment: Moments) -> NDArray[np.bool_]:
    parts = (control.mean_y, control.m2_y, treatment.mean_y, treatment.m2_y)
    return np.asarray(~np.isfinite(np.sum(sum(np.abs(part) for part in parts), axis=-1)))

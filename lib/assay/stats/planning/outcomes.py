"""What is known of a metric before the experiment: how much a unit varies, and how that moves with the mean.

In the families that planning needs, the variance of a unit is a quadratic function of its mean, so four
numbers say it for every effect: V(mean + e) = variance + slope·e + curve·e².

References:
    Morris (1982), Natural Exponential Families with Quadratic Variance Functions, section 2. Cochran (1977),
    Sampling Techniques, eq. 6.13 (ratio).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import not_negative, numbers, open_unit, shared_shape
from assay.stats.moments import Moments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Outcome:
    """A metric as planning sees it: arrays of one shape, one element per metric.

    Attributes:
        mean: The control's mean, in the metric's unit; NaN if unknown (then nothing relative is).
        variance: Variance of one control unit, in the metric's unit squared.
        treatment_variance: The same of a treated unit while the effect is 0.
        slope: Change of a treated unit's variance per unit of effect.
        curve: Change of it per square of the effect; dimensionless.
        least: Lowest mean that the metric can have.
        greatest: Highest one.
        pooled: Whether the test's standard error is that of both arms taken together, as under no effect.
        student: The test's law: `common` for Student's t with one variance, `separate` for Welch's t,
            `normal` for the normal.
    """

    mean: Array
    variance: Array
    treatment_variance: Array
    slope: Array
    curve: Array
    least: float = -np.inf
    greatest: float = np.inf
    pooled: bool = False
    student: str = "normal"

    def __post_init__(self) -> None:
        names = ("mean", "variance", "treatment_variance", "slope", "curve")
        given = {name: numbers(name, getattr(self, name)) for name in names}
        shape = shared_shape(**given)
        for name, value in given.items():
            object.__setattr__(self, name, np.broadcast_to(value, shape))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of every array."""
        return self.mean.shape

    def broadcast(self, shape: tuple[int, ...]) -> Outcome:
        """The same outcome with every array of that shape."""
        return replace(
            self,
            mean=np.broadcast_to(self.mean, shape),
            variance=np.broadcast_to(self.variance, shape),
            treatment_variance=np.broadcast_to(self.treatment_variance, shape),
            slope=np.broadcast_to(self.slope, shape),
            curve=np.broadcast_to(self.curve, shape),
        )


def mean_outcome(
    variance: ArrayLike, treatment_variance: ArrayLike | None = None, *, mean: ArrayLike = np.nan
) -> Outcome:
    """A mean, tested by t.

    Args:
        variance: Variance of one unit, in the metric's unit squared, 0 or greater.
        treatment_variance: That of a treated unit. None: the arms share `variance` and Student's test has
            n - 2 degrees of freedom; otherwise Welch's test with Satterthwaite's.
        mean: The control's mean, in the metric's unit, if relative effects are asked for.

    Returns:
        The outcome.

    Raises:
        InputError: A negative variance, or shapes that do not broadcast.
    """
    control = not_negative("variance", variance)
    treated = control
    if treatment_variance is not None:
        treated = not_negative("treatment_variance", treatment_variance)
    return Outcome(
        mean=numbers("mean", mean),
        variance=control,
        treatment_variance=treated,
        slope=np.zeros(()),
        curve=np.zeros(()),
        student="common" if treatment_variance is None else "separate",
    )


def proportion_outcome(baseline: ArrayLike, *, pooled: bool = False) -> Outcome:
    """A proportion, tested by the normal law; a unit of proportion p has the variance p(1 - p).

    Args:
        baseline: The control's proportion, strictly between 0 and 1.
        pooled: True for the standard error under no effect (the score, or chi-squared, test); False for
            each arm's own (Wald's).

    Returns:
        The outcome.

    Raises:
        InputError: A baseline outside (0, 1).
    """
    p = open_unit("baseline", baseline)
    spread = p * (1 - p)
    return Outcome(
        mean=p,
        variance=spread,
        treatment_variance=spread,
        slope=1 - 2 * p,
        curve=np.full((), -1.0),
        least=0.0,
        greatest=1.0,
        pooled=pooled,
    )


def rate_outcome(
    rate: ArrayLike,
    *,
    exposure: ArrayLike = 1.0,
    dispersion: ArrayLike = 1.0,
    heterogeneity: ArrayLike = 0.0,
    pooled: bool = False,
) -> Outcome:
    """Events per exposure, tested by the normal law; a unit has variance dispersion·λ/exposure + h·λ².

    Args:
        rate: The control's events per unit of exposure, greater than 0.
        exposure: What one unit is exposed to (days, say), greater than 0.
        dispersion: Variance over mean of the counts (quasi-Poisson), greater than 0; 1 for Poisson.
        heterogeneity: Squared coefficient of variation of the units' own rates (negative binomial), 0 or
            greater.
        pooled: True for the standard error under no effect (the score test); False for each arm's own.

    Returns:
        The outcome.

    Raises:
        InputError: A rate, an exposure or a dispersion that is not above 0, a negative heterogeneity, or
            shapes that do not broadcast.
    """
    events, time = _positive("rate", rate), _positive("exposure", exposure)
    factor, extra = _positive("dispersion", dispersion), not_negative("heterogeneity", heterogeneity)
    shared_shape(rate=events, exposure=time, dispersion=factor, heterogeneity=extra)
    spread = factor * events / time + extra * events**2
    return Outcome(
        mean=events,
        variance=spread,
        treatment_variance=spread,
        slope=factor / time + 2 * extra * events,
        curve=extra,
        least=0.0,
        pooled=pooled,
    )


def ratio_outcome(history: Moments) -> Outcome:
    """A ratio of sums Σy / Σd from past units, by the delta method: (v_y - 2·R·c_yd + R²·v_d) / mean(d)².

    Args:
        history: Moments with y and d, of units watched for as long as the experiment will watch them.

    Returns:
        The outcome, with the variance of the linearised unit; NaN where the history has fewer than 2 units
        or a denominator of mean 0.

    Raises:
        InputError: The history has no d.
    """
    if history.mean_d is None:
        raise InputError("history has no series d; give moments with y and d, or use mean_outcome(var_y)")
    with np.errstate(all="ignore"):
        ratio = np.where(history.mean_d == 0, np.nan, history.mean_y / history.mean_d)
        spread = history.var_y - 2 * ratio * history.cov_yd + ratio**2 * history.var_d
        spread = np.maximum(spread / history.mean_d**2, 0.0)
    return Outcome(
        mean=ratio,
        variance=spread,
        treatment_variance=spread,
        slope=np.zeros(()),
        curve=np.zeros(()),
        student="separate",
    )


def _positive(name: str, values: ArrayLike) -> Array:
    array = numbers(name, values)
    if not np.all(array > 0):
        raise InputError(f"{name} is {values!r}; it must be greater than 0")
    return array

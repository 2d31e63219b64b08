"""When is it hopeless to go on? Futility bounds that spend the type II error.

Under the effect that the experiment should find, beta is spent over the looks as alpha is under no effect: a
stop for futility happens where z falls below a bound that has just that probability. At the last look the
futility bound meets the efficacy bound, and what is spent in all is the type II error of the design.

Binding bounds lower the efficacy bounds, because paths that stopped for futility can no longer err; then they
must be obeyed. Non-binding ones may be overruled: the type I error holds either way.

References:
    Pampallona, Tsiatis and Kim (2001), Interim Monitoring of Group Sequential Trials Using Spending Functions
    for the Type I and Type II Error Probabilities. Jennison and Turnbull (2000), Group Sequential Methods,
    section 7.2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from assay.errors import InputError
from assay.stats.checks import open_unit
from assay.stats.sequential import recursion
from assay.stats.sequential.boundary import Boundary
from assay.stats.sequential.bounds import DEFAULT_SPENDING
from assay.stats.sequential.spending import Spending, spent

_PRECISE = 1e-12
_GROWTH = 1.25


def futility_bounds(
    design: Boundary,
    *,
    beta: float = 0.2,
    spending: Spending = DEFAULT_SPENDING,
    binding: bool = False,
    drift: float | None = None,
) -> Boundary:
    """A one-sided design with futility bounds.

    Formula: P(no stop before look k, then z_k below its futility bound) = g(t_k) - g(t_{k-1}) under the
        drift, g the spending function of beta.
    Assumes: What the efficacy bounds assume.
    Use when: An experiment that will not show its effect should end early.
    Avoid when: The size of a small effect, or of a harm, is of interest in itself.

    Args:
        design: A one-sided design, with or without looks that are still to come.
        beta: Type II error of the whole design, strictly between 0 and 1 - alpha.
        spending: How fast `beta` is spent.
        binding: Whether a stop for futility is compulsory; the efficacy bounds then spend the design's error
            anew, given those stops.
        drift: Expected z at fraction 1 under the effect to be found; its sign is ignored. Left out, it is the
            one at which the design has power 1 - `beta`. Give the planned one at actual looks.

    Returns:
        The design with `futility`, `spent_beta`, `beta` and `drift` (negative for `less`); `spent_beta` at
        the last look is the type II error that results.

    Raises:
        InputError: A two-sided design, beta out of range, a spending function that is none, a drift that is
            not finite and above 0, or no drift for a design that has not spent its alpha yet.

    Example:
        >>> from assay.stats.sequential import spending_bounds
        >>> plan = futility_bounds(spending_bounds([0.5, 1.0], alpha=0.025, alternative="greater"))
        >>> plan.futility.round(3).tolist(), round(plan.drift, 3)
        ([0.559, 1.969], 2.879)
    """
    if design.alternative == "two-sided":
        raise InputError("alternative is 'two-sided'; futility bounds need a design for greater or less")
    error = float(open_unit("beta", beta))
    if not error < 1 - design.alpha:
        raise InputError(f"beta is {error:g}; it must be below 1 - alpha = {1 - design.alpha:g}")
    plan = spent(spending, design.fraction, error)
    if drift is None:
        drift = _drift(design, plan, error, binding=binding)
    elif not 0 < abs(drift) < np.inf:
        raise InputError(f"drift is {drift:g}; it must be finite and not 0")
    high, low, used = _bounds(design, plan, abs(drift), binding=binding)
    sign = design.sign
    return replace(
        design,
        upper=high if sign > 0 else design.upper,
        lower=-high if sign < 0 else design.lower,
        futility=sign * low,
        spent_beta=used,
        beta=error,
        drift=sign * abs(drift),
        binding=binding,
    )


def _drift(design: Boundary, plan: NDArray[np.float64], beta: float, *, binding: bool) -> float:
    """The drift at which the design errs with probability `beta`."""
    if not design.complete:
        raise InputError(
            f"drift is left out, but the design has spent {design.spent[-1]:g} of {design.alpha:g} only; "
            "give the planned drift, or a design with all its looks"
        )

    def excess(drift: float) -> float:
        return float(_bounds(design, plan, drift, binding=binding)[2][-1] - beta)

    # No design with this much information has more power than the test with one look at the end.
    fixed = -float(special.ndtri(design.alpha) + special.ndtri(beta)) / float(np.sqrt(design.fraction[-1]))
    least, most = fixed / _GROWTH, fixed * _GROWTH
    while excess(most) > 0:
        least, most = most, most * _GROWTH
    return float(optimize.brentq(excess, least, most, xtol=_PRECISE, rtol=_PRECISE))


def _bounds(
    design: Boundary, plan: NDArray[np.float64], drift: float, *, binding: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Efficacy and futility bounds as for `greater`, and the type II error spent by each look."""
    time = design.fraction
    high = design.walls(futility=False)[1].copy()
    low = _at_least(time, plan, drift)
    used = np.zeros(time.size)
    errors, last, under = np.diff(design.spent, prepend=0.0), time.size - 1, np.asarray(drift)
    stage, total = recursion.start(), 0.0
    for k in range(time.size):
        if binding:
            high[k] = recursion.level(stage, time[k], errors[k])
        low[k] = -recursion.level(stage.mirrored(drift), time[k], plan[k] - total)
        if low[k] >= high[k] or (k == last and design.complete):
            low[k] = high[k]
            used[k:] = total + float(recursion.below(stage, time[k], high[k], under))
            low[k:] = high[k:]
            break
        used[k] = total = float(plan[k])
        if k < last:
            limits = recursion.reach(time, low, high, k, 0.0, drift)
            stage = recursion.advance(stage, time[k], low[k], high[k], time[k + 1], limits)
    return high, low, used


def _at_least(time: NDArray[np.float64], plan: NDArray[np.float64], drift: float) -> NDArray[np.float64]:
    """Values below which the futility bounds cannot fall: those of looks that nothing went before."""
    step = np.diff(plan, prepend=0.0)
    bound = drift * np.sqrt(time) + special.ndtri(np.maximum(step, 0.0))
    return np.asarray(np.where(step > 0, bound, -np.inf))

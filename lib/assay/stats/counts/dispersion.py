"""How much more than Poisson do units vary? Moment estimates of a dispersion common to both arms.

Both compare the squared residuals y - r·d of an arm's units around its rate with what the law expects of
them; d is 1 where units do not differ in exposure.

References:
    McCullagh and Nelder (1989), Generalized Linear Models, eq. 4.16 (Pearson's dispersion). Breslow (1984),
    Extra-Poisson Variation in Log-Linear Models. Böhning (1994), A Note on a Test for Poisson Overdispersion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.stats.counts.events import Array
from assay.stats.moments import Moments


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Sums over one arm's units.

    Attributes:
        n: Units.
        rate: Events per exposure.
        exposure: Σd.
        squares: Σd².
        residual: Σ(y - rate·d)².
    """

    n: Array
    rate: Array
    exposure: Array
    squares: Array
    residual: Array


def spread(moments: Moments) -> Spread:
    """The sums of an arm with y, and with d where units differ in exposure."""
    n, y = moments.n, moments.mean_y
    if moments.mean_d is None:
        return Spread(n, y, n, n, moments.m2_y)
    mean_d, m2_d, c_yd = (np.asarray(v) for v in (moments.mean_d, moments.m2_d, moments.c_yd))
    rate = y / mean_d
    residual = np.maximum(moments.m2_y - 2 * rate * c_yd + rate**2 * m2_d, 0.0)
    return Spread(n, rate, n * mean_d, m2_d + n * mean_d**2, residual)


def pearson(control: Spread, treatment: Spread, power: Array) -> Array:
    """Dispersion φ of a variance φ·rate^power·d: Pearson's X² over its degrees of freedom, units minus 2.

    Args:
        control: Sums of the control.
        treatment: Sums of the treatment.
        power: Of the variance function.

    Returns:
        φ; an arm without events adds nothing to X² but its degrees of freedom.
    """
    parts = [_per(arm.residual * arm.n, arm.rate**power * arm.exposure) for arm in (control, treatment)]
    return np.asarray(sum(parts) / (control.n + treatment.n - 2))


def excess(control: Spread, treatment: Spread) -> Array:
    """Dispersion α of a variance r·d + α·(r·d)², by moments: 0 where units vary no more than Poisson.

    Σ(y - r·d)² exceeds what Poisson units would leave of it, (1 - 1/n)·Σy, by the share of α·r²·Σd² that
    estimating r leaves; r² is freed of the variance of r that it contains.
    """
    over = sum(arm.residual - (1 - 1 / arm.n) * arm.rate * arm.exposure for arm in (control, treatment))
    scale = sum(
        (1 - 1 / arm.n) * arm.squares * np.maximum(arm.rate**2 - _variance(arm), 0.0)
        for arm in (control, treatment)
    )
    return np.maximum(_per(np.asarray(over), np.asarray(scale)), 0.0)


def _variance(arm: Spread) -> Array:
    return np.asarray(arm.residual * arm.n / np.maximum(arm.n - 1, 1) / arm.exposure**2)


def _per(amount: Array, scale: Array) -> Array:
    return np.asarray(np.where(scale > 0, amount / np.where(scale > 0, scale, 1.0), 0.0))

"""How much noise does CUPED take away? The share ρ² of the variance.

Units are bivariate normal; their sums of squares and products are drawn from the Wishart law by Bartlett's
decomposition. The slope is estimated, which costs 1 / (2n - 4) of what is left of the variance at n units per
arm: Δ²/S, in the formula of `cuped`, has that expectation against 2/n.

References:
    Deng, Xu, Kohavi and Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
    Utilizing Pre-Experiment Data, section 3.1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.certify.published.figures import Measured, theory
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row
from assay.stats import METHODS, Moments

CORRELATIONS = (0.0, 0.3, 0.5, 0.7, 0.9)
UNITS = 2_000
_BLOCK = 5_000


@publication(
    name="cuped_variance",
    title="CUPED leaves 1 - ρ² of the variance",
    source=(
        "Deng, Xu, Kohavi and Walker (2013), Improving the Sensitivity of Online Controlled Experiments "
        "by Utilizing Pre-Experiment Data, WSDM: 123-132."
    ),
    compares=(
        f"Variance of CUPED's estimate over that of the plain difference of means, {UNITS:,} bivariate "
        "normal units per arm. Ours: `cuped` and `welch` on the same experiments; exact: (1 - ρ²)·(1 + 1 "
        "/ (2n - 4)), the slope being estimated."
    ),
    replicates=40_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """A row per correlation."""
    found = simulation.run(CORRELATIONS, _estimates, block=_BLOCK)
    return tuple(
        theory(
            f"correlation {rho:g}",
            1 - rho**2,
            3,
            variance_ratio(*estimates),
            exact=(1 - rho**2) * (1 + 1 / (2 * UNITS - 4)),
        )
        for rho, estimates in zip(CORRELATIONS, found, strict=True)
    )


def variance_ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> Measured:
    """Ratio of the variances of two normal estimates from the same replicates.

    Its logarithm has the variance 4·(1 - r²) / replicates, r being the estimates' correlation.
    """
    ratio = float(np.var(numerator, ddof=1) / np.var(denominator, ddof=1))
    r = float(np.corrcoef(numerator, denominator)[0, 1])
    return Measured(ratio, ratio * math.sqrt(4 * (1 - r**2) / numerator.size))


def _estimates(generator: np.random.Generator, size: int, rho: float) -> NDArray[np.float64]:
    arms = _arm(generator, size, rho), _arm(generator, size, rho)
    return np.stack([METHODS[name](*arms).estimate for name in ("cuped", "welch")])


def _arm(generator: np.random.Generator, size: int, rho: float) -> Moments:
    """Moments of standard normal units y and x with correlation rho."""
    rest = math.sqrt(1 - rho**2)
    mean_x, noise = generator.standard_normal((2, size)) / math.sqrt(UNITS)
    m2_x = generator.chisquare(UNITS - 1, size)
    slope = rho * np.sqrt(m2_x) + rest * generator.standard_normal(size)
    return Moments(
        n=np.full(size, float(UNITS)),
        mean_y=rho * mean_x + rest * noise,
        m2_y=slope**2 + rest**2 * generator.chisquare(UNITS - 2, size),
        mean_x=mean_x,
        m2_x=m2_x,
        c_yx=slope * np.sqrt(m2_x),
    )

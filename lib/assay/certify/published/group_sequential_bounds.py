"""Do the printed constants of the classical designs give the level?

The constants are those of tests/reference, printed with three decimals. How far the level may be from 5 % by
that rounding alone is computed at the constant's ends.

References:
    Pocock (1977), Group Sequential Methods in the Design and Analysis of Clinical Trials. O'Brien and Fleming
    (1979), A Multiple Testing Procedure for Clinical Trials. Jennison and Turnbull (2000), Group Sequential
    Methods with Applications to Clinical Trials, tables 2.1 and 2.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.certify.published.figures import printed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation, watched
from assay.certify.published.table import Row
from assay.stats import METHODS
from assay.stats.sequential import given_bounds
from assay.stats.sequential.boundary import Boundary

ALPHA = 0.05
POCOCK = {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 6: 2.453, 7: 2.485, 8: 2.512, 9: 2.535, 10: 2.555}
"""Number of looks to the constant: z at every look."""
OBRIEN_FLEMING = {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040, 6: 2.053, 7: 2.063, 8: 2.072, 9: 2.080, 10: 2.087}
"""Number of looks to the constant: z at the last look."""
_HALF = 0.0005
_MOST = 10
_UNITS = 10_000
_BLOCK = 5_000


@publication(
    name="group_sequential_bounds",
    title="Constants of Pocock and of O'Brien and Fleming",
    source=(
        "Pocock (1977), Biometrika 64: 191-199; O'Brien and Fleming (1979), Biometrics 35: 549-556; "
        "constants as printed by Jennison and Turnbull (2000), Group Sequential Methods with Applications "
        "to Clinical Trials, tables 2.1 and 2.3."
    ),
    compares=(
        "Type I error of two-sided designs with the printed constant C, which is for level 0.05. Ours: "
        "`z_means` against the bounds of `given_bounds`, 10,000 more normal units per arm at each look; "
        "exact: recursive quadrature at the printed constant."
    ),
    replicates=100_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """A row per design and number of looks; the first looks of one long experiment are a shorter one."""
    (z,) = simulation.run([None], _statistics, block=_BLOCK)
    return tuple(
        _row(name, shape, constant, z[:looks])
        for name, shape, constants in (("Pocock", 0.5, POCOCK), ("O'Brien-Fleming", 0.0, OBRIEN_FLEMING))
        for looks, constant in constants.items()
    )


def design(looks: int, shape: float, constant: float) -> Boundary:
    """Wang and Tsiatis' bounds with a constant: `shape` 0.5 is Pocock's form, 0 O'Brien and Fleming's."""
    fraction = np.arange(1, looks + 1) / looks
    return given_bounds(fraction, constant * fraction ** (shape - 0.5))


def _row(name: str, shape: float, constant: float, z: NDArray[np.float64]) -> Row:
    looks = z.shape[0]
    ends = [design(looks, shape, constant + half).alpha for half in (-_HALF, _HALF)]
    chosen = design(looks, shape, constant)
    return printed(
        f"{name}, K = {looks}, C = {constant:.3f}",
        ALPHA,
        2,
        rate(np.any(np.abs(z) >= chosen.upper[:, None], axis=0)),
        exact=chosen.alpha,
        rounding=max(abs(end - chosen.alpha) for end in ends),
    )


def _statistics(generator: np.random.Generator, size: int, _: None) -> NDArray[np.float64]:
    control, treatment = watched(generator, size, looks=_MOST, n=_UNITS)
    return METHODS["z_means"](control, treatment).statistic.T

"""What does it cost to test at every look as if it were the only one?

Figures printed at the 5 % level are those of tests/reference (2, 3, 4, 5, 10, 20 and 50 looks); those at the
1 % level are the same table's, and the recursion confirms both to their last digit.

References:
    Armitage, McPherson and Rowe (1969), Repeated Significance Tests on Accumulating Data, normal response
    with known variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.certify.published.figures import printed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation, watched
from assay.certify.published.table import Row
from assay.stats import METHODS
from assay.stats.sequential import given_bounds

PRINTED = {
    0.05: {2: 0.083, 3: 0.107, 4: 0.126, 5: 0.142, 10: 0.193, 20: 0.248, 50: 0.320},
    0.01: {2: 0.018, 3: 0.024, 4: 0.029, 5: 0.033, 10: 0.047, 20: 0.064, 50: 0.088},
}
"""Level of each test to number of looks to probability of a significant result at one of them."""
_MOST = 50
_UNITS = 10_000
_BLOCK = 1_000


@publication(
    name="repeated_tests",
    title="Repeated significance tests",
    source=(
        "Armitage, McPherson and Rowe (1969), Repeated Significance Tests on Accumulating Data, Journal "
        "of the Royal Statistical Society A 132: 235-244."
    ),
    compares=(
        "Probability that an experiment without effect is significant at one of its looks, each tested as "
        "if it were the only one. Ours: `z_means` on 10,000 more normal units per arm at each look; "
        "exact: the recursive quadrature of `given_bounds`."
    ),
    replicates=40_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """A row per level and number of looks; the first looks of one long experiment are a shorter one."""
    (p_values,) = simulation.run([None], _p_values, block=_BLOCK)
    return tuple(
        printed(
            f"{looks} looks at level {level:g}",
            theirs,
            3,
            rate(np.min(p_values[:looks], axis=0) < level),
            exact=_exact(looks, level),
        )
        for level, table in PRINTED.items()
        for looks, theirs in table.items()
    )


def _p_values(generator: np.random.Generator, size: int, _: None) -> NDArray[np.float64]:
    control, treatment = watched(generator, size, looks=_MOST, n=_UNITS)
    return METHODS["z_means"](control, treatment).p_value.T


def _exact(looks: int, level: float) -> float:
    return given_bounds(np.arange(1, looks + 1) / looks, -float(special.ndtri(level / 2))).alpha

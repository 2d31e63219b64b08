"""Do group sequential designs have their power at the printed size, and stop as early as printed?

The ratios R of the maximum size to that of a test with one look were recalled and kept where the quadrature
gives the same three decimals. Not so for Pocock's form at five looks: remembered as 1.229 and 1.207, by
quadrature 1.2284 and 1.2065 (power 0.8 and 0.9), they are left out. The expected sizes are from a package's
documentation, quoted to one decimal: it prints 115.6074 and 69.74805 at a maximum of 118.3143, which is
118.3068 by quadrature.

References:
    Jennison and Turnbull (2000), Group Sequential Methods with Applications to Clinical Trials, section 2
    (ratios R). SAS Institute, SAS/STAT User's Guide, the SEQDESIGN procedure, example "Creating Two-Sided
    Pocock and O'Brien-Fleming Designs".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.certify.published.figures import mean, printed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation, watched
from assay.certify.published.table import Row
from assay.stats import METHODS
from assay.stats.sequential import characteristics, wang_tsiatis_bounds
from assay.stats.sequential.boundary import Boundary

ALPHA = 0.05
POCOCK, OBRIEN_FLEMING = 0.5, 0.0
RATIOS = {
    (POCOCK, 0.8): {2: 1.110, 3: 1.166, 4: 1.202},
    (POCOCK, 0.9): {2: 1.100, 3: 1.151, 4: 1.183},
    (OBRIEN_FLEMING, 0.8): {2: 1.008, 3: 1.017, 4: 1.024, 5: 1.028},
    (OBRIEN_FLEMING, 0.9): {2: 1.007, 3: 1.016, 4: 1.022, 5: 1.026},
}
"""Form and power to number of looks to the maximum size over that of a test with one look."""
EXPECTED = {False: 115.6, True: 69.7}
"""Whether there is an effect to the expected size in % of a test with one look: Pocock, K = 4, power 0.9."""
_NAMES = {POCOCK: "Pocock", OBRIEN_FLEMING: "O'Brien-Fleming"}
_HALF = 0.0005
_UNITS = 10_000
_BLOCK = 5_000


@dataclass(frozen=True, slots=True)
class Case:
    """A design whose maximum size is `ratio` times that of a test with one look and this power."""

    shape: float
    looks: int
    power: float
    ratio: float
    effect: bool = True

    @property
    def design(self) -> Boundary:
        """Its bounds."""
        fraction = np.arange(1, self.looks + 1) / self.looks
        return wang_tsiatis_bounds(fraction, shape=self.shape, alpha=ALPHA)

    def drift(self, off: float = 0.0) -> float:
        """Expected z at the last look, if the ratio were greater by `off`."""
        once = float(special.ndtri(self.power) - special.ndtri(ALPHA / 2))
        return float(np.sqrt(self.ratio + off)) * once if self.effect else 0.0


PLANS = [
    Case(shape, looks, power, ratio)
    for (shape, power), table in RATIOS.items()
    for looks, ratio in table.items()
]
SIZES = [Case(POCOCK, 4, 0.9, RATIOS[POCOCK, 0.9][4], effect) for effect in EXPECTED]


@publication(
    name="group_sequential_power",
    title="Power and expected size of group sequential designs",
    source=(
        "Jennison and Turnbull (2000), Group Sequential Methods with Applications to Clinical Trials, "
        "chapter 2 (ratios R); SAS/STAT User's Guide, PROC SEQDESIGN, example of two-sided Pocock and "
        "O'Brien-Fleming designs (expected sizes)."
    ),
    compares=(
        "Power of two-sided designs of level 0.05 whose maximum size is R times that of a test with one "
        "look; expected size in per cent of that test's. Ours: `z_means` on 10,000 normal units per arm "
        "and look against the design's bounds; exact: `characteristics`, by recursive quadrature."
    ),
    replicates=40_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """A row per design and power, and the expected sizes without and with the effect."""
    found = simulation.run([*PLANS, *SIZES], _experiments, block=_BLOCK)
    made = [_power] * len(PLANS) + [_size] * len(SIZES)
    return tuple(row(case, figures) for row, case, figures in zip(made, [*PLANS, *SIZES], found, strict=True))


def _power(case: Case, figures: NDArray[np.float64]) -> Row:
    exact, *ends = (
        float(characteristics(case.design, case.drift(off)).power) for off in (0.0, -_HALF, _HALF)
    )
    return printed(
        f"power, {_NAMES[case.shape]}, K = {case.looks}, R = {case.ratio:.3f}",
        case.power,
        1,
        rate(figures[0]),
        exact=exact,
        rounding=max(abs(end - exact) for end in ends),
    )


def _size(case: Case, figures: NDArray[np.float64]) -> Row:
    scale = 100 * case.ratio
    return printed(
        f"expected size in %, Pocock, K = {case.looks}, {'the' if case.effect else 'no'} effect",
        EXPECTED[case.effect],
        1,
        mean(scale * figures[1]),
        exact=scale * float(characteristics(case.design, case.drift()).expected_fraction),
    )


def _experiments(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    """Whether each experiment finds the effect, and the share of its maximum size that it used."""
    effect = case.drift() * np.sqrt(2 / (_UNITS * case.looks))
    control, treatment = watched(generator, size, looks=case.looks, n=_UNITS, effect=effect)
    z = METHODS["z_means"](control, treatment).statistic
    stops = np.abs(z) >= case.design.upper
    found = stops.any(axis=-1)
    return np.stack([found, np.where(found, stops.argmax(axis=-1) + 1, case.looks) / case.looks])

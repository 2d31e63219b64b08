"""Do always-valid methods keep their level however often one looks, and the t-test not?

The theorems bound the probability of ever being wrong. At a finite number of looks it is less, and for normal
units the recursion of Armitage, McPherson and Rowe gives it from the boundary alone.

References:
    Johari, Koomen, Pekelis and Walsh (2022), Always Valid Inference: Continuous Monitoring of A/B Tests.
    Howard, Ramdas, McAuliffe and Sekhon (2021), Time-Uniform, Nonparametric, Nonasymptotic Confidence
    Sequences. Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Time-Uniform Central Limit Theory and
    Asymptotic Confidence Sequences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from assay.certify.published.figures import bound, computed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation, watched
from assay.certify.published.table import Row
from assay.stats import METHODS
from assay.stats.sequential import given_bounds, tightest_ratio

ALPHA = 0.05
LOOKS = 100
UNITS = 1_000
SD = 0.02
"""Of the mixture over effects, in standard deviations of a unit."""
EFFECT = 0.02
"""What intervals must hold at all looks, in the same unit."""
PLANNED = 100_000
"""Units of both arms at which the confidence sequence is tightest: half of all."""
METHODS_SHOWN: dict[str, dict[str, Any]] = {
    "mixture_sprt": {"mixture_sd": SD},
    "mixture_t": {"mixture_sd": SD},
    "confidence_sequence": {"planned_n": PLANNED},
}
_BLOCK = 500


@publication(
    name="peeking",
    title="Always-valid methods under continuous peeking",
    source=(
        "Johari, Koomen, Pekelis and Walsh (2022), Always Valid Inference: Continuous Monitoring of A/B "
        "Tests, Operations Research 70: 1806-1821; Howard, Ramdas, McAuliffe and Sekhon (2021), Annals of "
        "Statistics 49: 1055-1080; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Annals of "
        "Statistics 52: 2613-2640."
    ),
    compares=(
        f"Probability of being wrong at one of {LOOKS} looks, {UNITS:,} more normal units per arm at each: "
        f"of finding an effect that is not there (p below {ALPHA:g}), and of an interval that leaves out "
        "the true effect. The theorems bound it by the level; exact: recursive quadrature over the "
        "method's boundary, variance known."
    ),
    replicates=10_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """False alarms and missed effects of each method, and the false alarms of a t-test at every look."""
    alarms, misses = simulation.run([0.0, EFFECT], _wrong, block=_BLOCK)
    z = -float(special.ndtri(ALPHA / 2))
    peeked = computed("welch: false alarm at some look", _exact(np.full(LOOKS, z)), 3, rate(alarms[0]))
    return (
        peeked,
        *(
            bound(f"{name}: {what} at some look", ALPHA, 2, rate(figures[row]), exact=_exact(_reach(name)))
            for what, figures in (("false alarm", alarms), ("interval misses the effect", misses))
            for row, name in enumerate(METHODS_SHOWN, start=1)
        ),
    )


def _wrong(generator: np.random.Generator, size: int, effect: float) -> NDArray[np.float64]:
    """Whether each method is wrong at some look, shape (methods, replicates), the t-test first."""
    arms = watched(generator, size, looks=LOOKS, n=UNITS, effect=effect)
    found = []
    shown: dict[str, dict[str, Any]] = {"welch": {}, **METHODS_SHOWN}
    for name, options in shown.items():
        answer = METHODS[name](*arms, alpha=ALPHA, **options)
        missed = (answer.lower > effect) | (answer.upper < effect)
        found.append(np.any(missed if effect else answer.p_value < ALPHA, axis=-1))
    return np.stack(found).astype(np.float64)


def _reach(name: str) -> NDArray[np.float64]:
    """The z that a method must see at each look: log(1 + r) - 2·log(alpha) over r / (1 + r), rooted."""
    n = UNITS * np.arange(1, LOOKS + 1)
    ratio = tightest_ratio() * 2 * n / PLANNED if name == "confidence_sequence" else SD**2 * n / 2
    return np.asarray(np.sqrt((1 + ratio) / ratio * (np.log1p(ratio) - 2 * np.log(ALPHA))))


def _exact(critical: NDArray[np.float64]) -> float:
    return given_bounds(np.arange(1, LOOKS + 1) / LOOKS, critical).alpha

"""What is a significant result of a weak experiment worth? Its sign may be wrong, its size hardly right.

The printed figures were recalled and kept because the closed form gives the same digits. The paper made its
exaggeration ratios by simulation; the one of the second example (2 against 8.1) that is remembered, 9.7, is
farther from the closed form's 9.54 than its digits allow, and is left out.

References:
    Gelman and Carlin (2014), Beyond Power Calculations: Assessing Type S (Sign) and Type M (Magnitude)
    Errors. Lu, Qiu and Deng (2019), A Note on Type S/M Errors in Hypothesis Testing (closed forms).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.published.figures import computed, mean, printed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation, normal_arm
from assay.certify.published.table import Row
from assay.stats import METHODS
from assay.stats.planning import retrodesign

ALPHA = 0.05
UNITS = 10_000
_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """A true effect, the standard error, and the printed power, type S and type M error."""

    effect: float
    std_error: float
    power: float
    type_s: float
    type_m: float | None


CASES = (
    Case(0.1, 3.28, 0.05, 0.46, 77),
    Case(1.0, 3.28, 0.06, 0.19, 8),
    Case(2.0, 8.1, 0.06, 0.24, None),
)


@publication(
    name="type_s_m",
    title="Errors of sign and magnitude",
    source=(
        "Gelman and Carlin (2014), Beyond Power Calculations: Assessing Type S (Sign) and Type M "
        "(Magnitude) Errors, Perspectives on Psychological Science 9: 641-651."
    ),
    compares=(
        "Power, share of significant results whose sign is wrong (type S), and their mean size over the "
        "true effect (type M). Ours: `z_means` on 10,000 normal units per arm; exact: `retrodesign`, the "
        "closed form."
    ),
    replicates=400_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """Three rows per example."""
    found = simulation.run(CASES, _experiments, block=_BLOCK)
    return tuple(row for case, figures in zip(CASES, found, strict=True) for row in _rows(case, *figures))


def _rows(case: Case, estimate: NDArray[np.float64], significant: NDArray[np.float64]) -> tuple[Row, ...]:
    exact = retrodesign(case.effect, case.std_error, alpha=ALPHA)
    kept = estimate[significant > 0]
    magnitude = mean(np.abs(kept) / case.effect)
    label = f"effect {case.effect:g}, standard error {case.std_error:g}"
    type_m = float(exact.type_m)
    return (
        printed(f"power, {label}", case.power, 2, rate(significant), exact=float(exact.power)),
        printed(f"type S, {label}", case.type_s, 2, rate(kept < 0), exact=float(exact.type_s)),
        computed(f"type M, {label}", type_m, 1, magnitude)
        if case.type_m is None
        else printed(f"type M, {label}", case.type_m, 0, magnitude, exact=type_m),
    )


def _experiments(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    sd = case.std_error * math.sqrt(UNITS / 2)
    control = normal_arm(generator, (size,), UNITS, sd=sd)
    treatment = normal_arm(generator, (size,), UNITS, mean=case.effect, sd=sd)
    answer = METHODS["z_means"](control, treatment, alpha=ALPHA)
    return np.stack([answer.estimate, answer.p_value < ALPHA])

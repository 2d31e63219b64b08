"""How often do intervals of a proportion cover it? The customary one far less than it says; Wilson's nearly.

The printed coverages were recalled and kept because enumeration of all counts gives the same three decimals.
The customary interval of one proportion is `proportions_wald` against a control whose share is 0 and does not
vary. Wilson's lowest point lies just below his lower end for one success, p = 0.1765 / n, where only a count
of 0 covers: exp(-0.1765) = 0.838.

References:
    Brown, Cai and DasGupta (2001), Interval Estimation for a Binomial Proportion, sections 2 and 4. Wilson
    (1927), Probable Inference, the Law of Succession, and Statistical Inference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from assay.certify.published.figures import computed, printed, rate
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row
from assay.stats import METHODS, Moments
from assay.stats.proportions import wilson

ALPHA = 0.05
WALD, WILSON = "Wald", "Wilson"
_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """An interval of a share `p` from `n` units, and its coverage if that is printed."""

    interval: str
    n: int
    p: float
    printed: float | None = None


CASES = (
    Case(WALD, 17, 0.5, 0.951),
    Case(WALD, 18, 0.5, 0.904),
    Case(WALD, 19, 0.5, 0.936),
    Case(WALD, 20, 0.5, 0.959),
    Case(WALD, 40, 0.5, 0.919),
    Case(WALD, 30, 0.2, 0.946),
    Case(WALD, 98, 0.2, 0.928),
    Case(WALD, 592, 0.005, 0.792),
    Case(WALD, 954, 0.005, 0.852),
    Case(WALD, 1_279, 0.005, 0.875),
    Case(WALD, 1_583, 0.005, 0.889),
    Case(WALD, 1_876, 0.005, 0.898),
    Case(WILSON, 18, 0.5),
    Case(WILSON, 40, 0.5),
    Case(WILSON, 98, 0.2),
    Case(WILSON, 592, 0.005),
    Case(WILSON, 1_876, 0.005),
    Case(WILSON, 10_000, 0.1765 / 10_000, 0.838),
)


@publication(
    name="proportion_coverage",
    title="Coverage of Wald's and Wilson's intervals",
    source=(
        "Brown, Cai and DasGupta (2001), Interval Estimation for a Binomial Proportion, Statistical "
        "Science 16: 101-133."
    ),
    compares=(
        "Coverage of 95 % intervals of one proportion. Ours: `proportions_wald` against a control that is "
        "0 without variance, and `wilson`, on binomial counts; exact: the sum over all counts."
    ),
    replicates=100_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """A row per interval, number of units and share."""
    found = simulation.run(CASES, _covered, block=_BLOCK)
    return tuple(_row(case, hits[0]) for case, hits in zip(CASES, found, strict=True))


def _row(case: Case, hits: NDArray[np.float64]) -> Row:
    label = f"{case.interval}, n = {case.n:,}, p = {case.p:g}"
    every = np.arange(case.n + 1)
    exact = float(stats.binom.pmf(every, case.n, case.p) @ covers(case, every))
    if case.printed is None:
        return computed(label, exact, 3, rate(hits))
    return printed(label, case.printed, 3, rate(hits), exact=exact)


def covers(case: Case, successes: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the interval from each count holds the share; one that does not exist holds nothing."""
    if case.interval == WILSON:
        interval = wilson(successes, case.n, alpha=ALPHA)
        return np.asarray((interval.lower <= case.p) & (case.p <= interval.upper))
    still = Moments.of_counts(0, 1)
    effect = METHODS["proportions_wald"](still, Moments.of_counts(successes, case.n), alpha=ALPHA)
    return np.asarray((effect.lower <= case.p) & (case.p <= effect.upper))


def _covered(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    return covers(case, generator.binomial(case.n, case.p, size))[None].astype(np.float64)

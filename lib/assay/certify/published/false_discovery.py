"""Does the procedure of Benjamini and Hochberg keep its false discovery rate when tests depend on each other?

With m0 of m hypotheses true, it is q·m0/m exactly if tests are independent, at most that if they are
positively related, and up to q·(1 + 1/2 + ... + 1/m) in the worst case, which is attained: a number J of
p-values, j with probability q/j, lies in the j-th of m intervals of width q/m, all others above q. At the
levels of Benjamini and Yekutieli that law is caught only for J = 1, with probability q / (1 + ... + 1/m).

References:
    Benjamini and Hochberg (1995), Controlling the False Discovery Rate. Benjamini and Yekutieli (2001), The
    Control of the False Discovery Rate in Multiple Testing under Dependency, theorems 1.2 and 1.3. Guo and
    Rao (2008), On Control of the False Discovery Rate under No Assumption of Dependency (the worst case).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.published.figures import bound, rate, theory
from assay.certify.published.registry import publication
from assay.certify.published.simulation import Simulation
from assay.certify.published.table import Row
from assay.stats import CORRECTIONS, METHODS, Moments

Q = 0.05
TESTS = 20
TRUE = 15
UNITS = 1_000
_EFFECT = 0.13
_HARMONIC = float(np.sum(1 / np.arange(1, TESTS + 1)))
_BLOCK = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """A family of tests: how many hypotheses are true, and how they depend (None: in the worst way)."""

    label: str
    true: int
    correlation: float | None


CASES = (
    Case(f"independent, {TRUE} of {TESTS} true", TRUE, 0.0),
    Case(f"correlated by 0.5, {TRUE} of {TESTS} true", TRUE, 0.5),
    Case("correlated by 0.5, all true", TESTS, 0.5),
    Case("the worst dependence, all true", TESTS, None),
)


@publication(
    name="false_discovery",
    title="False discovery rate under dependence",
    source=(
        "Benjamini and Yekutieli (2001), The Control of the False Discovery Rate in Multiple Testing "
        "under Dependency, Annals of Statistics 29: 1165-1188; worst case: Guo and Rao (2008), Journal of "
        "Statistical Planning and Inference 138: 3176-3188."
    ),
    compares=(
        f"Expected share of false ones among the findings of {TESTS} one-sided tests, q = {Q:g}. Ours: "
        f"`welch` on {UNITS:,} normal units per arm and metric, then `benjamini_hochberg` (BH) or "
        "`benjamini_yekutieli` (BY); of the worst dependence the p-values themselves are drawn. The paper "
        "proves bounds and prints no table of it."
    ),
    replicates=40_000,
)
def rows(simulation: Simulation) -> tuple[Row, ...]:
    """BH and BY in each case."""
    found = simulation.run(CASES, _false_shares, block=_BLOCK)
    independent, related, null, worst = ([rate(share) for share in shares] for shares in found)
    share, labels = Q * TRUE / TESTS, [case.label for case in CASES]
    return (
        theory(f"BH, {labels[0]}", share, 4, independent[0], exact=share),
        bound(f"BY, {labels[0]}", share, 4, independent[1]),
        bound(f"BH, {labels[1]}", share, 4, related[0]),
        bound(f"BY, {labels[1]}", share, 4, related[1]),
        bound(f"BH, {labels[2]}", Q, 2, null[0]),
        bound(f"BY, {labels[2]}", Q, 2, null[1]),
        theory(f"BH, {labels[3]}", Q * _HARMONIC, 4, worst[0], exact=Q * _HARMONIC),
        bound(f"BY, {labels[3]}", Q, 2, worst[1], exact=Q / _HARMONIC),
    )


def _false_shares(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    """Share of false ones among the findings, 0 without any, of BH and of BY."""
    p = worst(generator, size) if case.correlation is None else _tested(generator, size, case)
    found = []
    for name in ("benjamini_hochberg", "benjamini_yekutieli"):
        rejected = CORRECTIONS[name](p, alpha=Q).p_value < Q
        wrong = rejected[:, : case.true].sum(axis=-1)
        found.append(wrong / np.maximum(rejected.sum(axis=-1), 1))
    return np.stack(found)


def _tested(generator: np.random.Generator, size: int, case: Case) -> NDArray[np.float64]:
    effect = np.where(np.arange(TESTS) < case.true, 0.0, _EFFECT)
    control, treatment = (_arm(generator, size, case.correlation or 0.0, shift) for shift in (0.0, effect))
    return METHODS["welch"](control, treatment, alternative="greater").p_value


def _arm(generator: np.random.Generator, size: int, rho: float, mean: NDArray[np.float64] | float) -> Moments:
    """Moments of normal metrics whose means correlate by rho."""
    shape = (size, TESTS)
    shared, own = generator.standard_normal((size, 1)), generator.standard_normal(shape)
    return Moments(
        n=np.full(shape, float(UNITS)),
        mean_y=mean + (np.sqrt(rho) * shared + np.sqrt(1 - rho) * own) / np.sqrt(UNITS),
        m2_y=generator.chisquare(UNITS - 1, shape),
    )


def worst(generator: np.random.Generator, size: int) -> NDArray[np.float64]:
    """P-values, each uniform, of the law under which BH is wrong most often."""
    chance = Q / np.arange(1, TESTS + 1)
    near = generator.choice(TESTS + 1, size, p=np.append(1 - chance.sum(), chance))[:, None]
    low = (near - 1 + generator.random((size, TESTS))) * (Q / TESTS)
    high = Q + (1 - Q) * generator.random((size, TESTS))
    place = generator.permuted(np.tile(np.arange(TESTS), (size, 1)), axis=1)
    return np.where(place < near, low, high)

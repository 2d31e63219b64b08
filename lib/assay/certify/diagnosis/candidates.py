"""Which other methods answer the same question, and which of them would serve better?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from assay.certify.certificate import HOLDS, LIBERAL
from assay.certify.diagnosis.rates import Rates
from assay.certify.rerandomise import Units
from assay.stats import Effect, Method, MetricType, Moments, for_metric

FAMILIES = frozenset({"means", "proportions", "ratios", "counts", "adjustment"})
"""Families whose p-value is for one look at the difference: no sequences of looks, no posteriors."""
SLOW = frozenset(
    {"barnard", "boschloo", "rate_e_test", "rate_exact", "rate_exact_minimum_likelihood", "rate_mid_p"}
)
"""They enumerate tables or counts: minutes for thousands of tests."""
AMOUNTS = "compound_poisson_gamma"


def alternatives(method: Method, kind: MetricType, units: Units) -> list[Method]:
    """Methods that answer the same question from the same moments, fast enough to be asked 10,000 times.

    Those that need the units themselves (bootstrap, permutation, ranks) are left out: thousands of splits of
    them take minutes, and a permutation test is what the splits are already. Methods for counts are asked
    only about counts, and that for amounts only about amounts with zeros.

    Args:
        method: The method to be replaced.
        kind: Type of the metric.
        units: The units' values.
    """
    return [
        other
        for other in for_metric(kind)
        if other is not method
        and other.data is Moments
        and other.result is Effect
        and other.family in FAMILIES
        and other.name not in SLOW
        and units.series.keys() >= set(other.needs)
        and (other.family != "counts" or _suits(other, units.y[units.present]))
    ]


def falls_short(found: Rates) -> bool:
    """Whether a method rejects true nulls, or misses planted effects with its intervals, too often."""
    nominal = 1 - found.alpha - found.tolerance
    misses = found.coverage_upper is not None and found.coverage_upper < nominal
    return found.verdict == LIBERAL or misses


def by_usefulness(found: Iterable[Rates]) -> list[Rates]:
    """In the order in which one would use them: those that hold, then the safe, then the rest; by power."""
    return sorted(found, key=lambda each: (not _keeps(each), each.verdict != HOLDS, -(each.power or 0.0)))


def better(chosen: Rates, others: Iterable[Rates]) -> Rates | None:
    """The alternative to use: one that keeps the level, if the chosen one does not or has clearly less power.

    Args:
        chosen: Rates of the method in use.
        others: Rates of alternatives.
    """
    best = next((other for other in by_usefulness(others) if _keeps(other)), None)
    if best is None or falls_short(chosen):
        return best
    if best.power_lower is None or chosen.power_upper is None or best.verdict != HOLDS:
        return None
    return best if best.power_lower > chosen.power_upper else None


def _keeps(found: Rates) -> bool:
    """What is recommended must itself be measured within the tolerance, not merely not be proved outside."""
    return not falls_short(found) and found.type_i_error <= found.alpha + found.tolerance


def _suits(method: Method, y: np.ndarray) -> bool:
    if method.name == AMOUNTS:
        return bool(np.all(y >= 0) and np.any(y == 0))
    return bool(np.all((y >= 0) & (y == np.rint(y))))

"""Error rates under cluster randomisation with no effect, against the test that takes units for independent.

A sixth of the variance lies between clusters, whose sizes differ. A rate is held against the greatest
count that a true 5 % would exceed with probability 1e-6, as in `test_error_rates.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.seeds import stream
from assay.stats import METHODS, Effect, Moments, Samples
from assay.stats.clusters import cluster_totals

REPLICATES = 3_000
ALPHA = 0.05
FALSE_FAIL = 1e-6
MOST = int(stats.binom.isf(FALSE_FAIL, REPLICATES, ALPHA))


UNEVEN = (2, 5, 10, 20, 40)
EVEN = (5, 10, 15, 20, 25)


def arms(clusters: int, sizes: tuple[int, ...]) -> tuple[Samples, Samples]:
    """Half of the clusters in each arm."""
    rng = stream(20_261_123, f"test.clusters.{clusters}.{sizes}")
    found = []
    for half in range(2):
        units = np.tile(sizes, clusters // 10)
        number = np.repeat(np.arange(units.size), units)
        between = rng.normal(0.0, np.sqrt(0.2), (REPLICATES, units.size))
        y = 3 + between[:, number] + rng.normal(0.0, 1.0, (REPLICATES, number.size))
        found.append(Samples(y, cluster=number + 1_000.0 * half))
    return found[0], found[1]


def rejections(effect: Effect) -> tuple[int, int]:
    """How often the difference's p-value, and the lift's interval, reject."""
    lift = (effect.relative_lower > 0) | (effect.relative_upper < 0)
    return int(np.sum(effect.p_value < ALPHA)), int(np.sum(lift))


@pytest.mark.parametrize(
    ("name", "clusters", "sizes"),
    [
        ("cluster_robust", 10, EVEN),
        ("cluster_robust", 40, UNEVEN),
        ("cluster_robust_icc", 10, UNEVEN),
        ("cluster_robust_icc", 40, UNEVEN),
    ],
)
def test_units_taken_for_independent_show_effects_that_are_not_there_and_clusters_do_not(
    name: str, clusters: int, sizes: tuple[int, ...]
) -> None:
    control, treatment = arms(clusters, sizes)
    naive = METHODS["welch"](Moments.of(control.y), Moments.of(treatment.y), alpha=ALPHA)
    assert min(rejections(naive)) > 0.25 * REPLICATES
    assert max(rejections(METHODS[name](control, treatment, alpha=ALPHA))) <= MOST


def test_sums_per_cluster_are_not_enough_for_ten_clusters() -> None:
    # Without a small-sample correction the delta method rejects too often; the same bound catches it.
    totals = [cluster_totals(arm) for arm in arms(10, UNEVEN)]
    assert min(rejections(METHODS["ratio_delta"](*totals, alpha=ALPHA))) > MOST

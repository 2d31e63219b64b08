"""Shipped certificates come out again with another seed."""

from __future__ import annotations

import math

import pytest

from assay.certify.lab.certificates import shipped
from assay.certify.lab.grid import chosen
from assay.certify.lab.run import measure

CELLS = [
    ("welch", "normal:200:50/50"),
    ("welch", "gamma-0.1:50:90/10"),
    ("welch", "payers-5%:200:50/50"),
    ("lift_delta", "payers-5%:200:50/50"),
    ("proportions_wald", "bernoulli-0.01:200:90/10"),
    ("rate_score", "negative-binomial:1000:50/50"),
    ("ratio_delta", "sessions:200:50/50"),
    ("cuped", "covariate-0.7:50:50/50"),
    ("cluster_robust", "clusters:200:50/50"),
    ("mixture_sprt", "gamma-1:1000:50/50:20 looks"),
]
REPLICATES = 4_000


@pytest.mark.parametrize(("method", "scenario"), CELLS)
def test_another_seed_measures_the_same(method: str, scenario: str) -> None:
    """Two shares within 4.5 standard errors of their difference: 20 comparisons fail once in 7,000 suites."""
    (certificate,) = (c for c in shipped() if (c.method, c.scenario) == (method, scenario))
    (again,) = measure(chosen(method=method, scenario=scenario, replicates=REPLICATES), seed=77)
    assert again.scenario.lift == certificate.lift
    pairs = (
        (certificate.type_i_error, again.null.rejected / again.null.rows),
        (certificate.power or 0.0, again.planted.rejected / again.planted.rows),
    )
    for theirs, ours in pairs:
        pooled = (theirs * certificate.replicates + ours * REPLICATES) / (certificate.replicates + REPLICATES)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / certificate.replicates + 1 / REPLICATES))
        assert abs(theirs - ours) <= 4.5 * spread + 1e-12

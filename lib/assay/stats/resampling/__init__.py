"""Answers by drawing again from the data: permutation and bootstrap."""

from __future__ import annotations

from assay.stats.resampling.bootstrap import bootstrap_bca, bootstrap_percentile
from assay.stats.resampling.bootstrap_t import bootstrap_t, bootstrap_t_symmetric
from assay.stats.resampling.given import from_resamples
from assay.stats.resampling.permutation import permutation
from assay.stats.resampling.permutation_t import permutation_t
from assay.stats.resampling.poisson import PoissonSums
from assay.stats.resampling.poisson_methods import poisson_bootstrap, poisson_bootstrap_merged

__all__ = [
    "PoissonSums",
    "bootstrap_bca",
    "bootstrap_percentile",
    "bootstrap_t",
    "bootstrap_t_symmetric",
    "from_resamples",
    "permutation",
    "permutation_t",
    "poisson_bootstrap",
    "poisson_bootstrap_merged",
]

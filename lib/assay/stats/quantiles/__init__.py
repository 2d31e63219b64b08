"""Do quantiles differ, of units or of events of units?

`quantile_melded` is the one to start with for one value per unit: it keeps its level for every distribution
and at every size. `quantile_clustered` is the one for events whose customer was randomised.
"""

from __future__ import annotations

from assay.stats.quantiles.clustered import clustered_quantile_interval, quantile_clustered
from assay.stats.quantiles.interval import QuantileInterval, quantile_interval
from assay.stats.quantiles.melded import quantile_melded
from assay.stats.quantiles.normal import quantile_normal
from assay.stats.quantiles.poisson_bootstrap import quantile_poisson_bootstrap

__all__ = [
    "QuantileInterval",
    "clustered_quantile_interval",
    "quantile_clustered",
    "quantile_interval",
    "quantile_melded",
    "quantile_normal",
    "quantile_poisson_bootstrap",
]

"""Does the mean differ when groups of units, or blocks of time, were randomised?"""

from __future__ import annotations

from assay.stats.clusters.aggregate import cluster_means, cluster_totals
from assay.stats.clusters.exchangeable import cluster_robust_icc
from assay.stats.clusters.hac import switchback_hac
from assay.stats.clusters.intraclass import Intraclass, design_effect, intraclass
from assay.stats.clusters.robust import cluster_robust
from assay.stats.clusters.switchback import Switchback, switchback

__all__ = [
    "Intraclass",
    "Switchback",
    "cluster_means",
    "cluster_robust",
    "cluster_robust_icc",
    "cluster_totals",
    "design_effect",
    "intraclass",
    "switchback",
    "switchback_hac",
]

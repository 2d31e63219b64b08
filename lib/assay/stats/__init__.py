"""A/B-test statistics on arrays: mergeable moments (or samples) in, effects with reasons out.

Every way to compare two arms is a method in `METHODS`; what surrounds a comparison (planning, corrections,
sequential designs, sample ratios) are functions. Each package answers one question.

>>> control = Moments.of_counts([48], [80])
>>> treatment = Moments.of_counts([56], [70])
>>> effect = METHODS["proportions_score"](control, treatment, alpha=0.05)
>>> round(float(effect.estimate[0]), 3), round(float(effect.upper[0]), 4)
(0.2, 0.3377)
"""

from __future__ import annotations

from assay.stats import (
    adjustment,
    allocation,
    arms,
    bayes,
    clusters,
    combining,
    counts,
    equivalence,
    means,
    multiplicity,
    planning,
    proportions,
    quantiles,
    ranks,
    ratios,
    resampling,
    sequential,
    survival,
)
from assay.stats.allocation import SRM_LEVEL, srm
from assay.stats.grouping import moments_by
from assay.stats.means import welch
from assay.stats.moments import Moments
from assay.stats.multiplicity import CORRECTIONS, Corrected, bonferroni, holm
from assay.stats.planning import mde, power
from assay.stats.proportions import proportions_score
from assay.stats.ratios import ratio_delta
from assay.stats.registry import DEFAULT_METHOD, METHODS, Method, MetricType, for_metric, method, named
from assay.stats.result import Effect, Posterior, Reason, explain
from assay.stats.samples import Samples
from assay.stats.tails import Alternative

__all__ = [
    "CORRECTIONS",
    "DEFAULT_METHOD",
    "METHODS",
    "SRM_LEVEL",
    "Alternative",
    "Corrected",
    "Effect",
    "Method",
    "MetricType",
    "Moments",
    "Posterior",
    "Reason",
    "Samples",
    "adjustment",
    "allocation",
    "arms",
    "bayes",
    "bonferroni",
    "clusters",
    "combining",
    "counts",
    "equivalence",
    "explain",
    "for_metric",
    "holm",
    "mde",
    "means",
    "method",
    "moments_by",
    "multiplicity",
    "named",
    "planning",
    "power",
    "proportions",
    "proportions_score",
    "quantiles",
    "ranks",
    "ratio_delta",
    "ratios",
    "resampling",
    "sequential",
    "srm",
    "survival",
    "welch",
]

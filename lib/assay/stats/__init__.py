"""A/B-test statistics on arrays: mergeable moments in, effects with reasons out.

>>> control = Moments.of_counts([48], [80])
>>> treatment = Moments.of_counts([56], [70])
>>> effect = METHODS["proportions_score"](control, treatment, alpha=0.05)
>>> round(float(effect.estimate[0]), 3), round(float(effect.upper[0]), 4)
(0.2, 0.3377)
"""

from __future__ import annotations

from assay.stats.means import welch
from assay.stats.moments import Moments
from assay.stats.multiple import CORRECTIONS, Corrected, bonferroni, holm
from assay.stats.power import mde, power
from assay.stats.proportions import proportions_score
from assay.stats.ratios import ratio_delta
from assay.stats.registry import DEFAULT_METHOD, METHODS, Method, MetricType, for_metric, method, named
from assay.stats.result import Effect, Reason, explain
from assay.stats.srm import SRM_LEVEL, srm

__all__ = [
    "CORRECTIONS",
    "DEFAULT_METHOD",
    "METHODS",
    "SRM_LEVEL",
    "Corrected",
    "Effect",
    "Method",
    "MetricType",
    "Moments",
    "Reason",
    "bonferroni",
    "explain",
    "for_metric",
    "holm",
    "mde",
    "method",
    "named",
    "power",
    "proportions_score",
    "ratio_delta",
    "srm",
    "welch",
]

"""How long until it happens, and how many stay, when not all were watched for as long?"""

from __future__ import annotations

from assay.stats.survival.curves import Curve, kaplan_meier, nelson_aalen
from assay.stats.survival.lifetable import LifeTable
from assay.stats.survival.logrank import log_rank
from assay.stats.survival.quantile import SurvivalQuantile, survival_quantile
from assay.stats.survival.restricted_mean import restricted_mean
from assay.stats.survival.retention import eligible_cohort, retention

__all__ = [
    "Curve",
    "LifeTable",
    "SurvivalQuantile",
    "eligible_cohort",
    "kaplan_meier",
    "log_rank",
    "nelson_aalen",
    "restricted_mean",
    "retention",
    "survival_quantile",
]

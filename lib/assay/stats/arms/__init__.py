"""More than two arms: do they differ at all, which from the control, and which from which?"""

from __future__ import annotations

from assay.stats.arms.chi_square import chi_square
from assay.stats.arms.contrasts import Contrasts
from assay.stats.arms.dunnett import dunnett
from assay.stats.arms.dunnett_law import dunnett_quantile, dunnett_tail
from assay.stats.arms.kruskal import kruskal_wallis
from assay.stats.arms.omnibus import Omnibus, anova, welch_anova
from assay.stats.arms.pairwise import games_howell, tukey
from assay.stats.arms.range_law import studentised_range_quantile, studentised_range_tail

__all__ = [
    "Contrasts",
    "Omnibus",
    "anova",
    "chi_square",
    "dunnett",
    "dunnett_quantile",
    "dunnett_tail",
    "games_howell",
    "kruskal_wallis",
    "studentised_range_quantile",
    "studentised_range_tail",
    "tukey",
    "welch_anova",
]

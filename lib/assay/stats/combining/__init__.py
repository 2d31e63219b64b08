"""What do many experiments say together, and what does that say of each?"""

from __future__ import annotations

from assay.stats.combining.between import ESTIMATORS
from assay.stats.combining.heterogeneity import Heterogeneity, heterogeneity
from assay.stats.combining.pooled import INTERVALS, Pooled, fixed_effect, random_effects
from assay.stats.combining.shrinkage import Shrunk, shrink

__all__ = [
    "ESTIMATORS",
    "INTERVALS",
    "Heterogeneity",
    "Pooled",
    "Shrunk",
    "fixed_effect",
    "heterogeneity",
    "random_effects",
    "shrink",
]

"""Does the ratio of two sums differ, when the unit is what was randomised?"""

from __future__ import annotations

from assay.stats.ratios.delta import ratio_delta
from assay.stats.ratios.fieller import Ratio, fieller
from assay.stats.ratios.sessions import per_unit

__all__ = ["Ratio", "fieller", "per_unit", "ratio_delta"]

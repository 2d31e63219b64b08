"""Less noise by what was known before the exposure."""

from __future__ import annotations

from assay.stats.adjustment.checks import (
    CHECK_LEVEL,
    Imbalance,
    Saving,
    SignFlip,
    imbalance,
    moved_covariate,
    sign_flip,
    variance_saved,
)
from assay.stats.adjustment.comoments import Comoments, missing_indicator
from assay.stats.adjustment.cuped import cuped, cuped_many, cuped_ratio, cuped_ratio_many
from assay.stats.adjustment.lines import Target
from assay.stats.adjustment.poststratify import Strata, poststratified
from assay.stats.adjustment.regression import lin, lin_hc2, lin_many

__all__ = [
    "CHECK_LEVEL",
    "Comoments",
    "Imbalance",
    "Saving",
    "SignFlip",
    "Strata",
    "Target",
    "cuped",
    "cuped_many",
    "cuped_ratio",
    "cuped_ratio_many",
    "imbalance",
    "lin",
    "lin_hc2",
    "lin_many",
    "missing_indicator",
    "moved_covariate",
    "poststratified",
    "sign_flip",
    "variance_saved",
]

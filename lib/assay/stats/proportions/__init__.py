"""Does the share of units differ?"""

from __future__ import annotations

from assay.stats.proportions.barnard import barnard
from assay.stats.proportions.boschloo import boschloo
from assay.stats.proportions.fisher import fisher, fisher_customary
from assay.stats.proportions.mcnemar import mcnemar, mcnemar_exact
from assay.stats.proportions.newcombe import newcombe
from assay.stats.proportions.odds import odds_ratio, odds_ratio_woolf
from assay.stats.proportions.odds_effect import OddsEffect
from assay.stats.proportions.one_sample import (
    ProportionInterval,
    agresti_coull,
    clopper_pearson,
    jeffreys,
    wilson,
)
from assay.stats.proportions.score import miettinen_nurminen, proportions_score
from assay.stats.proportions.wald import agresti_caffo, proportions_wald

__all__ = [
    "OddsEffect",
    "ProportionInterval",
    "agresti_caffo",
    "agresti_coull",
    "barnard",
    "boschloo",
    "clopper_pearson",
    "fisher",
    "fisher_customary",
    "jeffreys",
    "mcnemar",
    "mcnemar_exact",
    "miettinen_nurminen",
    "newcombe",
    "odds_ratio",
    "odds_ratio_woolf",
    "proportions_score",
    "proportions_wald",
    "wilson",
]

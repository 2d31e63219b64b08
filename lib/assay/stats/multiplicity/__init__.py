"""Many tests at once: which of them may be believed?"""

from __future__ import annotations

from collections.abc import Callable

from assay.stats.multiplicity.corrected import Corrected
from assay.stats.multiplicity.decision import Family, family
from assay.stats.multiplicity.discovery import benjamini_hochberg, benjamini_yekutieli
from assay.stats.multiplicity.familywise import bonferroni, hochberg, holm, hommel, sidak
from assay.stats.multiplicity.gatekeeping import ROLES, gatekeeping

CORRECTIONS: dict[str, Callable[..., Corrected]] = {
    "bonferroni": bonferroni,
    "sidak": sidak,
    "holm": holm,
    "hochberg": hochberg,
    "hommel": hommel,
    "benjamini_hochberg": benjamini_hochberg,
    "benjamini_yekutieli": benjamini_yekutieli,
}
"""Corrections by name."""

__all__ = [
    "CORRECTIONS",
    "ROLES",
    "Corrected",
    "Family",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bonferroni",
    "family",
    "gatekeeping",
    "hochberg",
    "holm",
    "hommel",
    "sidak",
]

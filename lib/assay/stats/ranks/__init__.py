"""Do values tend to be higher, whatever their law?"""

from __future__ import annotations

from assay.stats.ranks.brunner_munzel import brunner_munzel, brunner_munzel_logit
from assay.stats.ranks.hodges_lehmann import hodges_lehmann
from assay.stats.ranks.mann_whitney import mann_whitney
from assay.stats.ranks.mann_whitney_exact import mann_whitney_exact
from assay.stats.ranks.superiority import Superiority

__all__ = [
    "Superiority",
    "brunner_munzel",
    "brunner_munzel_logit",
    "hodges_lehmann",
    "mann_whitney",
    "mann_whitney_exact",
]

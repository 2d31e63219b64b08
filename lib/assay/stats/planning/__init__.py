"""How long must an experiment run, and what can it find?"""

from __future__ import annotations

from assay.stats.planning.design import Design
from assay.stats.planning.duration import Duration, duration
from assay.stats.planning.outcomes import (
    Outcome,
    mean_outcome,
    proportion_outcome,
    rate_outcome,
    ratio_outcome,
)
from assay.stats.planning.plans import Plan, achieved_power, minimum_effect, sample_size
from assay.stats.planning.power import mde, power
from assay.stats.planning.retrodesign import Retrodesign, retrodesign

__all__ = [
    "Design",
    "Duration",
    "Outcome",
    "Plan",
    "Retrodesign",
    "achieved_power",
    "duration",
    "mde",
    "mean_outcome",
    "minimum_effect",
    "power",
    "proportion_outcome",
    "rate_outcome",
    "ratio_outcome",
    "retrodesign",
    "sample_size",
]

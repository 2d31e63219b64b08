"""Does the mean per unit differ?"""

from __future__ import annotations

from assay.stats.means.capped import ratio_winsorised, winsorised
from assay.stats.means.lift import lift_delta, lift_log
from assay.stats.means.paired import paired
from assay.stats.means.skew import skew_t
from assay.stats.means.student import student, z_means
from assay.stats.means.trimmed import trimmed
from assay.stats.means.weighted import weighted
from assay.stats.means.welch import welch

__all__ = [
    "lift_delta",
    "lift_log",
    "paired",
    "ratio_winsorised",
    "skew_t",
    "student",
    "trimmed",
    "weighted",
    "welch",
    "winsorised",
    "z_means",
]

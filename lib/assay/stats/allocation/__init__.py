"""Did units arrive in the planned shares?"""

from __future__ import annotations

from assay.stats.allocation.exact import ExactMismatch, srm_exact
from assay.stats.allocation.multi_exposure import MultiExposure, multi_exposure
from assay.stats.allocation.phases import PhasedMismatch, srm_phases
from assay.stats.allocation.segments import SegmentMismatch, srm_segments
from assay.stats.allocation.sequential import SequentialMismatch, srm_sequential
from assay.stats.allocation.srm import SRM_LEVEL, srm

__all__ = [
    "SRM_LEVEL",
    "ExactMismatch",
    "MultiExposure",
    "PhasedMismatch",
    "SegmentMismatch",
    "SequentialMismatch",
    "multi_exposure",
    "srm",
    "srm_exact",
    "srm_phases",
    "srm_segments",
    "srm_sequential",
]

"""How many units does an experiment need, and does the method then do what the formula promises?"""

from __future__ import annotations

from assay.certify.plan.curves import curve, effects
from assay.certify.plan.laws import law_of
from assay.certify.plan.planning import Planned, formula, plan
from assay.certify.plan.simulate import Share, Simulated, simulate, usable
from assay.certify.plan.units import Lawful, Observed, Units

__all__ = [
    "Lawful",
    "Observed",
    "Planned",
    "Share",
    "Simulated",
    "Units",
    "curve",
    "effects",
    "formula",
    "law_of",
    "plan",
    "simulate",
    "usable",
]

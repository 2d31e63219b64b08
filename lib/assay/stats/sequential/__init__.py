"""Looking before the end, without paying for it in false alarms."""

from __future__ import annotations

from assay.stats.sequential.betting import betting_sequence
from assay.stats.sequential.boundary import Boundary
from assay.stats.sequential.bounds import spending_bounds
from assay.stats.sequential.capital import Capital, log_capital
from assay.stats.sequential.confidence_sequence import confidence_sequence, confidence_sequence_ratio
from assay.stats.sequential.designs import (
    given_bounds,
    haybittle_peto_bounds,
    obrien_fleming_bounds,
    pocock_bounds,
    wang_tsiatis_bounds,
)
from assay.stats.sequential.expected import (
    Characteristics,
    SequentialPlan,
    characteristics,
    drift_for_power,
    sequential_plan,
)
from assay.stats.sequential.futility import futility_bounds
from assay.stats.sequential.inference import Stagewise, stagewise
from assay.stats.sequential.information import information_fraction
from assay.stats.sequential.looks import over_looks
from assay.stats.sequential.mixture import mixture_sprt
from assay.stats.sequential.mixture_t import mixture_t
from assay.stats.sequential.monitoring import Decision, Monitored, monitor
from assay.stats.sequential.normal_mixture import mixture_sd_for, tightest_ratio
from assay.stats.sequential.repeated import Repeated, repeated_intervals, repeated_p_values
from assay.stats.sequential.spending import (
    HwangShihDeCani,
    KimDeMets,
    ObrienFlemingSpending,
    PocockSpending,
    Spending,
    TableSpending,
    spent,
)

__all__ = [
    "Boundary",
    "Capital",
    "Characteristics",
    "Decision",
    "HwangShihDeCani",
    "KimDeMets",
    "Monitored",
    "ObrienFlemingSpending",
    "PocockSpending",
    "Repeated",
    "SequentialPlan",
    "Spending",
    "Stagewise",
    "TableSpending",
    "betting_sequence",
    "characteristics",
    "confidence_sequence",
    "confidence_sequence_ratio",
    "drift_for_power",
    "futility_bounds",
    "given_bounds",
    "haybittle_peto_bounds",
    "information_fraction",
    "log_capital",
    "mixture_sd_for",
    "mixture_sprt",
    "mixture_t",
    "monitor",
    "obrien_fleming_bounds",
    "over_looks",
    "pocock_bounds",
    "repeated_intervals",
    "repeated_p_values",
    "sequential_plan",
    "spending_bounds",
    "spent",
    "stagewise",
    "tightest_ratio",
    "wang_tsiatis_bounds",
]

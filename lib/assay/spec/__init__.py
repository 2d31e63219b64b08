"""What a user declares: blueprints with populations, facts, metrics and experiments; and the analytic truth.

`load_blueprint` reads a file; `Blueprint.plan` puts its experiments on the calendar;
`assay.spec.truth.truth` says what a perfect analysis of a planted experiment would find.
"""

from __future__ import annotations

from assay.spec.arm import Arm, Fade
from assay.spec.blueprint import Blueprint, load_blueprint
from assay.spec.canaries import Canaries
from assay.spec.experiment import Experiment, PlannedExperiment
from assay.spec.exposures import Exposures
from assay.spec.fact import Fact, Metric
from assay.spec.generate import Generate, UnitScale
from assay.spec.plan import Anytime, Bayesian, Fixed, Plan, Role, Sequential
from assay.spec.planted import Bots, Interference, Planted
from assay.spec.population import Market, Population, RowFaults
from assay.spec.segment import Segment

__all__ = [
    "Anytime",
    "Arm",
    "Bayesian",
    "Blueprint",
    "Bots",
    "Canaries",
    "Experiment",
    "Exposures",
    "Fact",
    "Fade",
    "Fixed",
    "Generate",
    "Interference",
    "Market",
    "Metric",
    "Plan",
    "PlannedExperiment",
    "Planted",
    "Population",
    "Role",
    "RowFaults",
    "Segment",
    "Sequential",
    "UnitScale",
    "load_blueprint",
]

"""What a user declares: blueprints with populations, facts, metrics and experiments; and the analytic truth.

`load_blueprint` reads a file; `Blueprint.plan` puts its experiments on the calendar;
`assay.spec.truth.truth` says what a perfect analysis of a planted experiment would find.
"""

from __future__ import annotations

from assay.spec.blueprint import Blueprint, load_blueprint
from assay.spec.canaries import Canaries
from assay.spec.experiment import Arm, Experiment, PlannedExperiment, Planted
from assay.spec.fact import Fact, Generate, Metric
from assay.spec.population import Market, Population, RowFaults

__all__ = [
    "Arm",
    "Blueprint",
    "Canaries",
    "Experiment",
    "Fact",
    "Generate",
    "Market",
    "Metric",
    "PlannedExperiment",
    "Planted",
    "Population",
    "RowFaults",
    "load_blueprint",
]

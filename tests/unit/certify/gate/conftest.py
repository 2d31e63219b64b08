"""Canaries as gold would hold them: results of a right analysis, and everything that a test does to them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.certify.gate import outcomes
from assay.certify.gate.outcomes import FIGURES
from assay.certify.gate.records import Records, drawn
from assay.spec import Blueprint, load_blueprint
from assay.spec.canaries import world


@pytest.fixture(scope="session")
def blueprint() -> Blueprint:
    return load_blueprint(Path(__file__).parents[3] / "data/blueprints/canaries.yaml")


@pytest.fixture(scope="session")
def records(blueprint: Blueprint) -> Records:
    """The canaries of weeks 1 to 6, a round each."""
    return drawn(blueprint, range(1, 7))


def rows(blueprint: Blueprint, records: Records, weeks: int) -> list[dict[str, Any]]:
    """Final rows of gold.experiment_results of the canaries of weeks 1 to `weeks`."""
    found, truths, own = outcomes.analysed(blueprint, records), outcomes.truths(blueprint), world(blueprint)
    made = []
    for t in range(weeks):
        for e, planned in enumerate(own.planned(t + 1)):
            for m, metric in enumerate(planned.metrics):
                figures = {name: float(found[name][t, e, m]) for name in FIGURES}
                made.append(
                    {
                        "experiment": planned.id, "metric": metric, "segment": "all", "as_of": planned.end,
                        "final": True,
                        "contrast": "treatment vs control", "control": "control", "treatment": "treatment",
                        "certificate_id": None, "alpha": blueprint.alpha, "truth": float(truths[e, m]),
                        "covered": True, "srm": False, **figures,
                    }
                )  # fmt: skip
    return made


def arrived(records: Records, weeks: int) -> Records:
    """The records of which the last week's late trades are still on their way."""
    return records.trades(~(records.late & (records.round[records.unit] == weeks - 1)))

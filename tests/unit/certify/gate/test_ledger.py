"""The ledger: rounding passes, one cent does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assay.certify.gate import ledger, outcomes
from assay.certify.gate.outcomes import FIGURES, Outcomes
from assay.certify.gate.records import Records
from assay.spec import Blueprint

WEEKS = [f"week {n}" for n in range(1, 7)]


@pytest.fixture(scope="module")
def expected(blueprint: Blueprint, records: Records) -> Outcomes:
    return outcomes.analysed(blueprint, records)


def moved(expected: Outcomes, name: str, factor: float) -> Outcomes:
    figures = {key: values.copy() for key, values in expected.figures.items()}
    figures[name][2, 1, 3] *= factor
    return Outcomes(expected.experiments, expected.metrics, figures)


def test_the_same_agrees(expected: Outcomes) -> None:
    assert list(ledger.sentences(expected, expected, WEEKS)) == []


@pytest.mark.parametrize("name", FIGURES)
def test_rounding_passes_and_more_does_not(expected: Outcomes, name: str) -> None:
    if name not in ledger.EXACT:
        assert list(ledger.sentences(moved(expected, name, 1 + 1e-12), expected, WEEKS)) == []
    (said,) = ledger.sentences(moved(expected, name, 1 + 1e-4), expected, WEEKS)
    assert said.startswith(f"ledger: canary_rate of the week week 3 has {name} ")
    assert "in value_per_trade, its seeds give " in said


def test_one_cent_is_seen(blueprint: Blueprint, records: Records, expected: Outcomes) -> None:
    counted = np.flatnonzero(records.at >= records.exposed[records.unit])[0]
    cents = records.cents.copy()
    cents[counted] += 1
    found = outcomes.analysed(blueprint, replace(records, cents=cents))
    assert len(list(ledger.sentences(found, expected, WEEKS))) == 1


def test_one_trade_is_seen(blueprint: Blueprint, records: Records, expected: Outcomes) -> None:
    counted = np.flatnonzero(records.at >= records.exposed[records.unit])[0]
    found = outcomes.analysed(blueprint, records.trades(np.arange(len(records.unit)) != counted))
    assert len(list(ledger.sentences(found, expected, WEEKS))) == 1


def test_a_number_that_is_none_is_seen(expected: Outcomes) -> None:
    (said,) = ledger.sentences(moved(expected, "std_error", np.nan), expected, WEEKS)
    assert "has std_error nan in" in said

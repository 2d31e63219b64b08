"""A scenario has a key that names it, units that add up, and a lift worth finding."""

from __future__ import annotations

import pytest

from assay.certify.lab.scenario import Scenario
from assay.errors import InputError
from assay.stats import power


@pytest.mark.parametrize(
    "key",
    [
        "gamma-0.1:200:50/50",
        "payers-5%:50:90/10",
        "normal:1000:50/50:20 looks",
        "normal:100:50/50:5% missing",
    ],
)
def test_keys_are_read_as_they_are_written(key: str) -> None:
    assert Scenario.parse(key).key == key


def test_units_of_both_arms() -> None:
    uneven = Scenario.parse("gamma-1:200:90/10")
    assert (uneven.n_control, uneven.n_treatment) == (360, 40)
    missing = Scenario.parse("gamma-1:100:50/50:5% missing")
    assert (missing.n_control, missing.n_treatment) == (95, 95)
    clusters = Scenario.parse("clusters:50:50/50")
    assert clusters.n_control == 40, "whole clusters of 20 only"


def test_the_planted_lift_has_the_power_it_is_meant_to_have() -> None:
    """Beside the plan of another module: normal values, 80 % power."""
    scenario = Scenario.parse("normal:1000:50/50")
    planned = power(10 * scenario.lift, 5 * (2 / 1000) ** 0.5)
    assert float(planned) == pytest.approx(0.8, abs=0.02)
    assert 0.1 * (1 + Scenario.parse("bernoulli-0.1:2:50/50").lift) <= 0.96


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("gama-1:200:50/50", "there is no scenario 'gama-1'; did you mean 'gamma-1'?"),
        ("gamma-1:200", "is not of the form KIND:N:CONTROL/TREATMENT"),
        ("gamma-1:200:0/50", "treated is 1; it must lie strictly between 0 and 1"),
        ("gamma-1:200:50/0", "treated is 0; it must lie strictly between 0 and 1"),
        ("gamma-1:1:50/50", "an arm needs at least 2 for each of 1 looks"),
        ("clusters:25:50/50", "has 20 and 20 units; an arm needs at least 40"),
        ("gamma-1:200:50/50:100% missing", "missing is 1; it must be from 0 up and below 1"),
    ],
)
def test_refusals(key: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        Scenario.parse(key)
    assert sentence in caught.value.message

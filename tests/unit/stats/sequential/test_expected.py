from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from assay.errors import InputError
from assay.stats.sequential import (
    characteristics,
    drift_for_power,
    pocock_bounds,
    sequential_plan,
    spending_bounds,
)

LOOKS = (0.2, 0.5, 1.0)


def test_one_look_is_the_ordinary_test() -> None:
    drifts = np.array([[0.0, 1.0], [-2.0, 30.0]])
    found = characteristics(spending_bounds([1.0]), drifts)
    z = -special.ndtri(0.025)
    assert found.power == pytest.approx(special.ndtr(drifts - z) + special.ndtr(-drifts - z), rel=1e-12)
    assert found.expected_fraction.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert found.upper.shape == (2, 2, 1)


def test_swapping_arms_mirrors_everything() -> None:
    two = spending_bounds(LOOKS)
    one, other = characteristics(two, [1.5, -4.0]), characteristics(two, [-1.5, 4.0])
    assert one.upper == pytest.approx(other.lower, rel=1e-11)
    assert one.power == pytest.approx(other.power)
    greater = characteristics(spending_bounds(LOOKS, alternative="greater"), [1.5, -4.0])
    less = characteristics(spending_bounds(LOOKS, alternative="less"), [-1.5, 4.0])
    assert greater.upper == pytest.approx(less.lower)
    assert less.upper.sum() == 0


def test_power_rises_and_the_experiment_shortens_with_the_effect() -> None:
    found = characteristics(pocock_bounds(LOOKS), np.arange(0, 8, 0.5))
    assert np.all(np.diff(found.power) > 0)
    assert np.all(np.diff(found.expected_fraction) < 0)
    assert np.all((found.expected_looks >= 1) & (found.expected_looks <= 3))
    assert characteristics(pocock_bounds(LOOKS), 60.0).expected_fraction == pytest.approx(0.2)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("power", [0.3, 0.8, 0.9999])
def test_the_drift_is_the_inverse_of_the_power(alternative: str, power: float) -> None:
    design = pocock_bounds(LOOKS, alternative=alternative)  # type: ignore[arg-type]
    drift = drift_for_power(design, power=power)
    assert float(characteristics(design, drift).power) == pytest.approx(power, abs=1e-11)
    assert (drift < 0) == (alternative == "less")


def test_wide_bounds_need_more_than_the_first_guess() -> None:
    # Nothing is spent before fraction 0.01, and the whole design ends there.
    design = spending_bounds([0.005, 0.01], last=True)
    drift = drift_for_power(design)
    assert drift > 25
    assert float(characteristics(design, drift).power) == pytest.approx(0.8, abs=1e-10)


def test_a_plan_scales_with_the_effect() -> None:
    one, two = (sequential_plan(pocock_bounds(LOOKS), effect=e) for e in (0.5, [1.0, -1.0]))
    assert float(one.information) == pytest.approx(4 * float(two.information[0]))
    assert two.information[0] == two.information[1]
    assert two.std_error == pytest.approx(1 / np.sqrt(two.information))
    assert one.inflation == two.inflation > 1
    assert one.expected_information < one.information
    assert sequential_plan(spending_bounds([1.0]), effect=1.0).inflation == pytest.approx(1)


def test_inflation_counts_the_information_at_the_last_look() -> None:
    short, whole = (sequential_plan(pocock_bounds(f), effect=1.0) for f in ([0.25, 0.5], [0.5, 1.0]))
    assert short.inflation == pytest.approx(whole.inflation, rel=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: characteristics(spending_bounds(LOOKS), [0.0, np.inf]), "drift is inf"),
        (lambda: drift_for_power(spending_bounds(LOOKS), power=1.0), "power is 1"),
        (lambda: drift_for_power(spending_bounds(LOOKS), power=0.04), "above the design's type I error"),
        (lambda: sequential_plan(spending_bounds(LOOKS), effect=0.0), "0 or not finite"),
        (lambda: sequential_plan(spending_bounds(LOOKS), effect=np.nan), "0 or not finite"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

"""Blocks, and sufficient statistics drawn without their units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from assay.certify.published.simulation import Simulation, normal_arm, watched
from assay.seeds import stream

FALSE_FAIL = 1e-6


def numbers(generator: np.random.Generator, size: int, case: float) -> NDArray[np.float64]:
    return np.stack([generator.random(size) + case, np.full(size, float(size))])


def test_blocks_come_from_streams_of_their_own_and_are_joined() -> None:
    told: list[float] = []
    simulation = Simulation(name="test", replicates=250, seed=7, progress=told.append)
    first, second = simulation.run([0.0, 10.0], numbers, block=100)
    assert first.shape == second.shape == (2, 250)
    assert first[1].tolist() == [100.0] * 200 + [50.0] * 50
    np.testing.assert_array_equal(first[0, 100:200], stream(7, "published.test", 0, 1).random(100))
    np.testing.assert_array_equal(second[0, 200:], stream(7, "published.test", 1, 2).random(50) + 10)
    assert told == [1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0]


def test_normal_arms_have_the_law_of_drawn_units() -> None:
    rng = stream(7, "test.published.normal")
    arm = normal_arm(rng, (4_000,), 5, mean=2.0, sd=3.0)
    mean_law = stats.norm(2.0, 3.0 / np.sqrt(5))
    assert stats.kstest(arm.mean_y, mean_law.cdf).pvalue > FALSE_FAIL
    assert stats.kstest(arm.m2_y / 9, stats.chi2(4).cdf).pvalue > FALSE_FAIL
    # The same assertion rejects a standard deviation that is a tenth too great.
    assert stats.kstest(2 + 1.1 * (arm.mean_y - 2), mean_law.cdf).pvalue < 0.05


def test_looks_add_units_to_those_before() -> None:
    control, treatment = watched(stream(7, "test.published.looks"), 3_000, looks=4, n=6, effect=0.5)
    assert control.shape == treatment.shape == (3_000, 4)
    assert control.n[0].tolist() == [6.0, 12.0, 18.0, 24.0]
    assert stats.kstest(control.m2_y[:, 3], stats.chi2(23).cdf).pvalue > FALSE_FAIL
    assert stats.kstest(treatment.mean_y[:, 3], stats.norm(0.5, 1 / np.sqrt(24)).cdf).pvalue > FALSE_FAIL
    # Of the units of the last look, the first two looks have half: correlation √½.
    r = float(np.corrcoef(control.mean_y[:, 1], control.mean_y[:, 3])[0, 1])
    assert abs(np.arctanh(r) - np.arctanh(np.sqrt(0.5))) < stats.norm.isf(FALSE_FAIL / 2) / np.sqrt(2_997)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from assay.stats.sequential import recursion


@settings(max_examples=15)
@given(drift=st.floats(-12, 12), low=st.floats(-4, -0.5), high=st.floats(0.5, 4))
def test_what_leaves_and_what_stays_is_everything(drift: float, low: float, high: float) -> None:
    time = np.array([0.2, 0.21, 0.6, 1.0])
    over, under = recursion.crossings(time, np.full(4, low), np.full(4, high), np.array([drift]))
    inside = recursion.walk(np.append(time, 2.0), np.full(5, low), np.full(5, high), drift=drift)[-1]
    assert float(over.sum() + under.sum() + inside.mass.sum()) == pytest.approx(1, abs=1e-12)


def test_drifts_that_share_a_recursion_get_what_each_gets_alone() -> None:
    time, wall = np.array([0.3, 0.5, 1.0]), np.full(3, 2.0)
    drifts = np.linspace(-9, 9, 13)
    together = recursion.crossings(time, -wall, wall, drifts)[0]
    alone = [recursion.crossings(time, -wall, wall, np.array([d]))[0][0] for d in drifts]
    assert together == pytest.approx(np.array(alone), rel=1e-10)
    own = [
        recursion.above(s, t, 2.0, np.asarray(1.7))
        for s, t in zip(recursion.walk(time, -wall, wall, drift=1.7), time, strict=True)
    ]
    assert recursion.crossings(time, -wall, wall, np.array(1.7))[0] == pytest.approx(np.array(own), rel=1e-11)


def test_looks_without_bounds_change_nothing_even_far_out_in_the_tails() -> None:
    time, none = np.array([0.2, 0.7, 1.0]), np.full(3, np.inf)
    for z in (0.0, 2.0, 8.0, 25.0):
        high = np.array([np.inf, np.inf, z])
        over, under = recursion.crossings(time, -none, high, np.zeros(()))
        assert over[-1] == pytest.approx(special.ndtr(-z), rel=1e-11)
        low = recursion.crossings(time, -high, none, np.zeros(()))[1]
        assert low[-1] == pytest.approx(special.ndtr(-z), rel=1e-11)
        assert under.sum() == 0


def test_bounds_that_meet_leave_nothing() -> None:
    stage = recursion.advance(recursion.start(), 0.5, 1.0, 1.0, 1.0, (-9.0, 9.0))
    assert stage.node.size == 0
    assert float(recursion.above(stage, 1.0, 0.0, np.zeros(()))) == 0


def test_a_level_is_the_inverse_of_the_probability_above_it() -> None:
    stage = recursion.walk(np.array([0.4, 1.0]), np.array([-1.0, -1.0]), np.array([2.5, 2.0]))[-1]
    for probability in (0.5, 1e-3, 1e-30, 1e-200):
        z = recursion.level(stage, 1.0, probability)
        assert float(recursion.above(stage, 1.0, z, np.zeros(()))) == pytest.approx(probability, rel=1e-9)
    assert recursion.level(stage, 1.0, 0.0) == np.inf
    assert recursion.level(stage, 1.0, 1.0) == -np.inf


def test_looks_that_nearly_coincide_count_once() -> None:
    # Fine grids are made in chunks here.
    time = np.array([0.5, 0.5 * (1 + 1e-6), 1.0])
    over, _ = recursion.crossings(time, np.full(3, -2.0), np.full(3, 2.0), np.zeros(()))
    twice, _ = recursion.crossings(time[[0, 2]], np.full(2, -2.0), np.full(2, 2.0), np.zeros(()))
    assert float(over.sum()) == pytest.approx(float(twice.sum()), abs=2e-4)
    assert float(over.sum()) > float(twice.sum())

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from assay.seeds import stream
from assay.stats import METHODS, Moments
from assay.stats.multiplicity import CORRECTIONS, family, gatekeeping


def arms() -> tuple[Moments, Moments]:
    rng = stream(4, "test.family")
    lifts = np.array([0.0, 0.1, 0.5, 0.2, 1.0, 0.0])[:, None]
    return Moments.of(rng.normal(5.0, 1.0, (6, 60))), Moments.of(rng.normal(5.0 + lifts, 1.0, (6, 60)))


@pytest.mark.parametrize("name", sorted(CORRECTIONS))
def test_intervals_never_contradict_the_corrected_decision(name: str) -> None:
    # Asked of other tools (growthbook 1567, 2868): a corrected p-value above alpha beside an interval off 0.
    found = family(METHODS["welch"], *arms(), CORRECTIONS[name])
    rejected = found.corrected.p_value < 0.05
    assert 0 < rejected.sum() < 6
    for low, high in (("lower", "upper"), ("relative_lower", "relative_upper")):
        outside = (getattr(found.effect, low) > 0) | (getattr(found.effect, high) < 0)
        np.testing.assert_array_equal(outside, rejected)


def test_behind_a_closed_gate_the_interval_is_everything() -> None:
    roles = ["primary"] * 3 + ["secondary"] * 3
    found = family(METHODS["welch"], *arms(), partial(gatekeeping, roles=roles), alternative="greater")
    assert found.corrected.alpha[3:].tolist() == [0.0] * 3
    assert np.isneginf(found.effect.lower[3:]).all()
    assert np.isposinf(found.effect.relative_upper[3:]).all()
    assert np.isfinite(found.effect.lower[:3]).all()
    assert found.effect.alternative == "greater"

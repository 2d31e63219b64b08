from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Moments, Reason
from assay.stats.planning import (
    Design,
    Outcome,
    achieved_power,
    mean_outcome,
    minimum_effect,
    plans,
    proportion_outcome,
    rate_outcome,
    ratio_outcome,
    sample_size,
)

DESIGNS = [
    Design(),
    Design(alternative="greater", treated=0.2, correlation=0.5),
    Design(alternative="less", design_effect=2.0, inflation=1.1),
    Design(alternative="greater", margin=0.01),
]
OUTCOMES = [
    mean_outcome(4.0),
    mean_outcome(4.0, 9.0, mean=3.0),
    proportion_outcome(0.3),
    rate_outcome(2.0, heterogeneity=0.3),
    ratio_outcome(Moments.of([1.0, 4.0, 2.0, 9.0], [1.0, 2.0, 2.0, 4.0])),
]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_size_effect_and_power_invert_each_other(outcome: Outcome, design: Design) -> None:
    found = minimum_effect(outcome, n=5000, power=0.85, design=design)
    assert float(found.power) == pytest.approx(0.85, abs=1e-9)
    again = sample_size(outcome, effect=found.effect, power=0.85, design=design)
    assert float(again.n) == pytest.approx(5000, rel=1e-7)
    back = achieved_power(outcome, effect=found.effect, n=5000, design=design)
    assert float(back.power) == pytest.approx(0.85, abs=1e-9)
    assert float(found.reason) == 0


def test_batches_equal_single_plans_and_scale_is_a_unit() -> None:
    batch = sample_size(mean_outcome([1.0, 4.0]), effect=[[0.1], [0.3]])
    assert batch.shape == (2, 2)
    assert float(batch.n[1, 0]) == float(sample_size(mean_outcome(1.0), effect=0.3).n)
    assert float(batch.n[0, 1]) == pytest.approx(float(sample_size(mean_outcome(1.0), effect=0.05).n))
    assert float(batch.n_control[0, 0]) == np.ceil(batch.n[0, 0] / 2)


def test_multipliers_scale_the_size_and_mirrored_tests_agree() -> None:
    plain = sample_size(mean_outcome(4.0), effect=0.2)
    dear = sample_size(mean_outcome(4.0), effect=0.2, design=Design(design_effect=3.0, inflation=1.5))
    assert float(dear.n) == pytest.approx(4.5 * float(plain.n))
    up = achieved_power(proportion_outcome(0.3), effect=0.05, n=900, design=Design(alternative="greater"))
    down = achieved_power(proportion_outcome(0.7), effect=-0.05, n=900, design=Design(alternative="less"))
    assert float(up.power) == pytest.approx(float(down.power), rel=1e-12)


def test_far_tails_stay_probabilities() -> None:
    values = achieved_power(mean_outcome(1.0), effect=[0.0, 0.1, 3.0, 1e6], n=50).power
    assert float(values[0]) == pytest.approx(0.05, rel=1e-6)
    assert np.all(np.diff(values) >= 0)
    assert float(values[-1]) == 1
    wrong = achieved_power(mean_outcome(1.0), effect=[-4.0, -0.1], n=50, design=Design(alternative="greater"))
    assert float(wrong.power[0]) == 0 < float(wrong.power[1]) < 0.05


def test_edges_have_reasons() -> None:
    assert int(minimum_effect(proportion_outcome(0.9), n=20).reason) == Reason.OUTSIDE_DOMAIN
    # The standard error of so uneven rates grows as fast as the effect.
    uneven = minimum_effect(rate_outcome(1.0, heterogeneity=1.0), n=20, power=0.9)
    assert int(uneven.reason) == Reason.OUTSIDE_DOMAIN
    never = sample_size(mean_outcome(1.0), effect=-0.1, design=Design(alternative="greater"))
    assert float(never.n) == np.inf
    assert int(never.reason) == Reason.OUTSIDE_DOMAIN
    assert int(sample_size(mean_outcome(1.0), effect=0.0).reason) == Reason.OUTSIDE_DOMAIN
    assert int(achieved_power(mean_outcome(1.0), effect=1.0, n=3).reason) == Reason.TOO_FEW_UNITS
    assert int(minimum_effect(mean_outcome(np.nan), n=100).reason) == Reason.NOT_FINITE
    assert float(sample_size(mean_outcome(1.0), effect=100.0).n) == 4
    assert float(minimum_effect(mean_outcome(0.0), n=100).effect) == 0
    assert np.isnan(ratio_outcome(Moments.of([1.0, 2.0], [0.0, 0.0])).variance)
    assert mean_outcome([1.0, 2.0]).shape == (2,)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"alpha": 1.0}, "alpha"),
        ({"treated": 0.0}, "treated"),
        ({"design_effect": 0.0}, "design_effect"),
        ({"inflation": 0.9}, "inflation"),
        ({"correlation": 1.0}, "correlation"),
        ({"margin": 0.1}, "margin"),
        ({"alternative": "more"}, "alternative"),
    ],
)
def test_designs_refuse(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Design(**given)  # type: ignore[arg-type]


def test_plans_refuse() -> None:
    with pytest.raises(InputError, match=r"effect is 0\.2"):
        sample_size(proportion_outcome(0.9), effect=0.2)
    with pytest.raises(InputError, match="power is not above alpha"):
        sample_size(mean_outcome(1.0), effect=0.2, power=0.04)
    with pytest.raises(InputError, match="pooled"):
        sample_size(
            proportion_outcome(0.5, pooled=True), effect=0, design=Design(alternative="less", margin=0.1)
        )
    with pytest.raises(InputError, match="no series d"):
        ratio_outcome(Moments.of([1.0, 2.0]))
    with pytest.raises(InputError, match="rate"):
        rate_outcome(0.0)


def test_a_search_cut_short_is_near_already(monkeypatch: pytest.MonkeyPatch) -> None:
    settled = float(sample_size(mean_outcome(4.0), effect=0.5).n)
    monkeypatch.setattr(plans, "_STEPS", 3)
    found = float(sample_size(mean_outcome(4.0), effect=0.5).n)
    assert found == pytest.approx(settled, rel=1e-2)
    assert found != settled

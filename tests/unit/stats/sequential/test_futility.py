from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.sequential import (
    KimDeMets,
    PocockSpending,
    characteristics,
    futility_bounds,
    pocock_bounds,
    spending_bounds,
)
from assay.stats.tails import Alternative

LOOKS = (0.3, 0.5, 0.85, 1.0)
SIDES: tuple[Alternative, ...] = ("greater", "less")


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_both_errors_are_what_was_asked_for(binding: bool, alternative: str) -> None:
    design = spending_bounds(LOOKS, alpha=0.025, alternative=alternative)  # type: ignore[arg-type]
    both = futility_bounds(design, beta=0.1, spending=PocockSpending(), binding=binding)
    found = characteristics(both, [0.0, both.drift])
    assert float(found.power[1]) == pytest.approx(0.9, abs=1e-10)
    assert np.cumsum(found.futility[1]) == pytest.approx(both.spent_beta, abs=1e-10)
    assert float(both.spent_beta[-1]) == pytest.approx(0.1, abs=1e-10)
    # Non-binding futility gives some of alpha away.
    alpha = float(found.power[0])
    assert alpha == pytest.approx(0.025, rel=1e-9) if binding else 0.01 < alpha < 0.02499
    assert (found.upper + found.lower + found.futility).sum(axis=-1) == pytest.approx([1.0, 1.0], abs=1e-12)


def test_less_mirrors_greater() -> None:
    up, down = (futility_bounds(spending_bounds(LOOKS, alternative=a), binding=True) for a in SIDES)
    assert down.futility == pytest.approx(-up.futility)
    assert down.lower == pytest.approx(-up.upper)
    assert down.drift == pytest.approx(-up.drift)
    assert np.all(np.isinf(down.upper))


def test_binding_bounds_make_efficacy_easier_and_non_binding_leave_it() -> None:
    design = pocock_bounds(LOOKS, alternative="greater")
    assert futility_bounds(design).upper.tolist() == design.upper.tolist()
    bound = futility_bounds(design, binding=True)
    assert bound.upper[0] == pytest.approx(design.upper[0])
    assert np.all(bound.upper[1:] < design.upper[1:])
    assert bound.futility[-1] == bound.upper[-1]


def test_looks_so_far_with_the_planned_drift_agree_with_the_plan() -> None:
    plan = futility_bounds(spending_bounds(LOOKS, alternative="greater"))
    so_far = futility_bounds(spending_bounds(LOOKS[:2], alternative="greater"), drift=plan.drift)
    assert so_far.futility == pytest.approx(plan.futility[:2], rel=1e-10)
    assert so_far.futility[-1] < so_far.upper[-1]
    assert so_far.spent_beta == pytest.approx(plan.spent_beta[:2])


def test_an_overwhelming_drift_leaves_nothing_to_wait_for() -> None:
    design = spending_bounds(LOOKS, alternative="greater")
    for binding in (False, True):
        found = futility_bounds(design, beta=0.5, spending=PocockSpending(), drift=12.0, binding=binding)
        assert found.futility[0] == found.upper[0]
        assert found.futility[1:].tolist() == found.upper[1:].tolist()
        assert found.spent_beta[-1] < 0.5
        assert float(characteristics(found, 12.0).power) == pytest.approx(1 - found.spent_beta[-1])


def test_hasty_futility_needs_much_more_information() -> None:
    design = pocock_bounds(np.arange(1, 11) / 10, alternative="greater")
    hasty = futility_bounds(design, beta=0.1, spending=KimDeMets(0.2))
    assert hasty.drift > 1.25 * (1.6448536269514722 + 1.2815515655446004)
    assert float(characteristics(hasty, hasty.drift).power) == pytest.approx(0.9, abs=1e-10)


def test_nothing_spent_is_no_stop() -> None:
    design = spending_bounds(LOOKS, alternative="greater")
    late = futility_bounds(design, spending=lambda t, b: b * np.maximum(2 * t - 1, 0))
    assert late.futility[:2].tolist() == [-np.inf, -np.inf]
    assert float(characteristics(late, late.drift).power) == pytest.approx(0.8, abs=1e-10)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: futility_bounds(spending_bounds(LOOKS)), "need a design for greater or less"),
        (lambda: futility_bounds(spending_bounds(LOOKS, alternative="less"), beta=1.0), "beta is 1"),
        (lambda: futility_bounds(spending_bounds(LOOKS, alternative="less"), beta=0.96), "below 1 - alpha"),
        (lambda: futility_bounds(spending_bounds(LOOKS, alternative="less"), drift=0.0), "drift is 0"),
        (lambda: futility_bounds(spending_bounds(LOOKS, alternative="less"), drift=np.nan), "drift is nan"),
        (lambda: futility_bounds(spending_bounds([0.5], alternative="less")), "give the planned drift"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

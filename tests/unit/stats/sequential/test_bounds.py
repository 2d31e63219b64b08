from __future__ import annotations

import time as clock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from assay.errors import InputError
from assay.stats.sequential import (
    HwangShihDeCani,
    KimDeMets,
    PocockSpending,
    Spending,
    TableSpending,
    characteristics,
    given_bounds,
    pocock_bounds,
    spending_bounds,
)
from assay.stats.tails import Alternative

LOOKS = st.lists(st.floats(0.05, 1.0), min_size=1, max_size=6).map(
    lambda steps: (np.cumsum(steps) / np.sum(steps)).tolist()
)


@settings(max_examples=20)
@given(
    fraction=LOOKS,
    alpha=st.sampled_from([1e-6, 0.01, 0.05, 0.3]),
    spending=st.sampled_from([PocockSpending(), HwangShihDeCani(-4.0), KimDeMets(1.0)]),
    alternative=st.sampled_from(["two-sided", "greater", "less"]),
)
def test_the_design_has_the_level_that_was_asked_for(
    fraction: list[float], alpha: float, spending: Spending, alternative: Alternative
) -> None:
    design = spending_bounds(fraction, alpha=alpha, spending=spending, alternative=alternative)
    found = characteristics(design)
    assert float(found.power) == pytest.approx(alpha, rel=1e-9)
    assert np.cumsum(found.upper + found.lower) == pytest.approx(design.spent, rel=1e-9)


def test_a_bound_depends_on_nothing_that_comes_later() -> None:
    whole = spending_bounds([0.2, 0.45, 0.8, 1.0])
    for k in (1, 2, 3):
        assert spending_bounds(whole.fraction[:k]).upper == pytest.approx(whole.upper[:k], rel=1e-12)


def test_one_look_is_the_ordinary_test() -> None:
    assert float(spending_bounds([1.0]).upper[0]) == pytest.approx(-special.ndtri(0.025), rel=1e-13)
    assert float(spending_bounds([1.0], alternative="greater").level[0]) == pytest.approx(0.05)
    assert float(spending_bounds([1.0], alternative="less").level[0]) == pytest.approx(0.05)
    assert float(spending_bounds(1.0).level[0]) == pytest.approx(0.05)


def test_less_mirrors_greater() -> None:
    greater = spending_bounds([0.3, 1.0], alternative="greater")
    less = spending_bounds([0.3, 1.0], alternative="less")
    assert less.lower.tolist() == (-greater.upper).tolist()
    assert np.all(np.isinf(less.upper))
    assert np.all(np.isinf(greater.lower))


def test_fewer_or_more_data_than_planned_still_have_the_level() -> None:
    # Under-running: the last look takes all that is left. Over-running: nothing is left after fraction 1.
    short = spending_bounds([0.3, 0.7], last=True)
    assert float(characteristics(short).power) == pytest.approx(0.05, rel=1e-10)
    assert short.complete
    assert not spending_bounds([0.3, 0.7]).complete
    long = spending_bounds([0.3, 0.7, 1.2])
    assert float(characteristics(long).power) == pytest.approx(0.05, rel=1e-10)
    assert spending_bounds([0.5, 1.0, 1.1]).upper[-1] == np.inf


def test_bounds_that_were_used_stay_and_the_rest_makes_up_for_them() -> None:
    strict, planned = spending_bounds([0.5, 1.0], used=[3.5]), spending_bounds([0.5, 1.0])
    assert strict.upper[0] == 3.5
    assert strict.upper[1] < planned.upper[1]
    assert float(characteristics(strict).power) == pytest.approx(0.05, rel=1e-10)
    # More was spent than the plan had for this look: no stop now, the rest later.
    lax = spending_bounds([0.3, 0.4, 1.0], used=[2.5])
    assert lax.upper[1] == np.inf
    assert float(characteristics(lax).power) == pytest.approx(0.05, rel=1e-10)


def test_spending_by_the_calendar() -> None:
    late = spending_bounds([0.5, 1.0], spent_by=[0.2, 1.0])
    assert late.upper[0] > spending_bounds([0.5, 1.0]).upper[0]
    assert float(characteristics(late).power) == pytest.approx(0.05, rel=1e-10)
    flat = spending_bounds([0.5, 0.7, 1.0], spent_by=[0.5, 0.5, 1.0])
    assert flat.upper[1] == np.inf


def test_a_classical_design_at_other_looks_by_its_spending() -> None:
    plan = pocock_bounds([0.25, 0.5, 0.75, 1.0])
    same = spending_bounds(plan.fraction, spending=plan.as_spending())
    assert same.upper == pytest.approx(plan.upper, rel=1e-9)
    moved = spending_bounds([0.3, 0.6, 1.0], spending=plan.as_spending())
    assert float(characteristics(moved).power) == pytest.approx(0.05, rel=1e-10)
    with pytest.raises(InputError, match=r"ends at fraction 0\.9"):
        pocock_bounds([0.5, 0.9]).as_spending()


def test_spending_that_underflows_gives_no_stop() -> None:
    assert spending_bounds([1e-4, 1.0]).upper[0] == np.inf
    assert np.isfinite(spending_bounds([4e-3, 1.0]).upper[0])


def test_sas_published_a_second_obrien_fleming_bound_that_spends_too_little() -> None:
    # SAS prints 2.96333 for four looks; it spends 0.00152434 of the 0.00152532 that are due by fraction 0.5.
    right = spending_bounds([0.25, 0.5, 0.75, 1.0])
    due = float(right.spent[1]) / 2
    assert due == pytest.approx(0.00152532, abs=5e-9)
    assert float(right.upper[1]) == pytest.approx(2.96313, abs=5e-6)
    published = given_bounds([0.25, 0.5], [float(right.upper[0]), 2.96333])
    assert published.alpha / 2 == pytest.approx(0.00152434, abs=5e-9)
    assert given_bounds([0.25, 0.5], right.upper[:2]).alpha / 2 == pytest.approx(due, rel=1e-11)


def test_spotify_confidence_deviates_at_five_looks() -> None:
    # It gives 2.11397 for five even looks that spend alpha t²; that design's level is not 5 %.
    right = spending_bounds(np.arange(1, 6) / 5, spending=KimDeMets(2.0))
    assert float(right.upper[-1]) == pytest.approx(2.114027, abs=5e-7)
    shipped = given_bounds(right.fraction, [*right.upper[:-1], 2.11397])
    assert shipped.alpha > 0.05 + 3e-6
    assert given_bounds(right.fraction, right.upper).alpha == pytest.approx(0.05, rel=1e-11)


def test_a_hundred_looks_take_no_seconds() -> None:
    # The bench measures; this only catches a return of the seconds that others need.
    before = clock.process_time()
    spending_bounds(np.arange(1, 101) / 100)
    assert clock.process_time() - before < 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spending_bounds([]), "one at least"),
        (lambda: spending_bounds([[0.5, 1.0]]), "one list of looks"),
        (lambda: spending_bounds([0.5, 0.5]), "rise by more than"),
        (lambda: spending_bounds([0.0, 0.5]), "start above 0"),
        (lambda: spending_bounds([0.5, np.inf]), "must be finite"),
        (lambda: spending_bounds([0.5, 1.0], alpha=0.0), "alpha is 0"),
        (lambda: spending_bounds([0.5, 1.0], alternative="both"), "alternative is 'both'"),  # type: ignore[arg-type]
        (lambda: spending_bounds([0.5, 1.0], used=[1.0]), "used spends 0.317"),
        (lambda: spending_bounds([0.5, 1.0], used=[-1.0]), "z bounds of 0 or greater"),
        (lambda: spending_bounds([0.5], used=[3.0, 3.0]), "at most one per look"),
        (lambda: spending_bounds([0.5, 1.0], spent_by=[1.0]), "one entry per look"),
        (lambda: spending_bounds([0.5, 1.0], spent_by=[1.0, 0.5]), "never fall"),
        (lambda: spending_bounds([0.5], spending=TableSpending((1.0,), (1.0,))).as_spending(), "ends at"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from assay.errors import InputError
from assay.stats.sequential import (
    HwangShihDeCani,
    KimDeMets,
    ObrienFlemingSpending,
    PocockSpending,
    Spending,
    TableSpending,
    spending_bounds,
    spent,
)

FAMILIES: list[Spending] = [
    ObrienFlemingSpending(),
    PocockSpending(),
    HwangShihDeCani(-4),
    HwangShihDeCani(0),
    HwangShihDeCani(3),
    KimDeMets(2.5),
    TableSpending((0.5, 1.0), (0.1, 1.0)),
]


@pytest.mark.parametrize("spending", FAMILIES, ids=repr)
@settings(max_examples=10)
@given(alpha=st.floats(1e-6, 0.5))
def test_spending_rises_from_0_to_alpha_and_stays_there(spending: Spending, alpha: float) -> None:
    used = spent(spending, [0.0, 0.1, 0.35, 0.7, 1.0, 1.4], alpha)
    assert used[0] == 0
    assert np.all(np.diff(used) >= 0)
    assert used[-2:] == pytest.approx(alpha, rel=1e-13)


def test_gamma_is_continuous_at_0_and_stays_finite_far_out() -> None:
    near = spent(HwangShihDeCani(1e-9), [0.3, 0.6], 0.05)
    assert near == pytest.approx(spent(HwangShihDeCani(0.0), [0.3, 0.6], 0.05))
    assert spent(HwangShihDeCani(-2000.0), [0.3, 1.0], 0.05).tolist() == pytest.approx([0, 0.05])


def test_a_table_is_linear_between_its_points() -> None:
    table = TableSpending((0.5, 1.0), (0.2, 1.0))
    assert spent(table, [0.25, 0.5, 0.75, 1.0], 0.1) == pytest.approx([0.01, 0.02, 0.06, 0.1])
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301 - our own bytes


def test_a_users_own_function_serves() -> None:
    def square(fraction: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
        return alpha * fraction**2

    own = spending_bounds([0.4, 1.0], spending=square)
    assert own.upper.tolist() == spending_bounds([0.4, 1.0], spending=KimDeMets(2.0)).upper.tolist()


@pytest.mark.parametrize(
    ("spending", "message"),
    [
        (lambda t, a: a * (1 - t), "it must never fall"),
        (lambda t, a: a * t / 2, "end at 0.05"),
        (lambda t, a: a * (1.1 * t - 0.1), "it must never fall"),
        (lambda t, a: a * t * np.nan, "it must never fall"),
        (lambda _, a: a, "elementwise"),
    ],
)
def test_what_is_no_spending_function_is_refused(spending: Spending, message: str) -> None:
    with pytest.raises(InputError, match=message):
        spent(spending, [0.05, 0.5, 1.0], 0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: HwangShihDeCani(np.inf), "gamma is inf"),
        (lambda: KimDeMets(0.0), "power is 0"),
        (lambda: KimDeMets(np.nan), "power is nan"),
        (lambda: TableSpending((0.5, 1.0), (1.0,)), "same length"),
        (lambda: TableSpending((0.5, 0.9), (0.5, 1.0)), "exactly 1"),
        (lambda: TableSpending((0.5, 1.0), (0.7, 0.5)), "never fall"),
        (lambda: spent(PocockSpending(), [-0.1], 0.05), "fraction is -0.1"),
        (lambda: spent(PocockSpending(), [0.1], 1.0), "alpha is 1"),
    ],
)
def test_refusals(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.allocation import srm, srm_exact


def test_order_and_unit_of_shares_do_not_matter() -> None:
    plain = srm_exact([7, 2, 4, 0], [0.4, 0.3, 0.2, 0.1])
    turned = srm_exact([0, 4, 2, 7], [1, 2, 3, 4])
    assert float(plain.p_value) == pytest.approx(float(turned.p_value), rel=1e-12)


def test_it_comes_near_pearson_with_many_units() -> None:
    for observed in ([1043, 957], [5200, 5000], [640, 700, 660]):
        shares = np.ones(len(observed))
        assert float(srm_exact(observed, shares).p_value) == pytest.approx(
            float(srm(observed, shares)), rel=0.08
        )


def test_all_allocations_together_have_probability_one_and_the_likeliest_has_p_one() -> None:
    assert float(srm_exact([4, 4, 4], [1, 1, 1]).p_value) == pytest.approx(1, abs=1e-12)
    assert float(srm_exact([5, 5], [1, 1]).p_value) <= 1


def test_arms_without_a_share_take_no_part() -> None:
    plain = srm_exact([7, 1], [0.5, 0.5])
    assert float(srm_exact([7, 0, 1], [0.5, 0.0, 0.5]).p_value) == float(plain.p_value)
    stray = srm_exact([[7, 1, 1], [7, 0, 1]], [0.5, 0.0, 0.5])
    assert stray.p_value.tolist() == [0, float(plain.p_value)]
    assert stray.std_error.tolist() == [0, 0]


def test_nothing_to_contradict_is_one() -> None:
    assert float(srm_exact([0, 0], [0.5, 0.5]).p_value) == 1
    assert float(srm_exact([7, 0], [1.0, 0.0]).p_value) == 1


def test_simulation_agrees_with_enumeration_within_its_error() -> None:
    exact = srm_exact([30, 12, 18], [1, 1, 1])
    rough = srm_exact([30, 12, 18], [1, 1, 1], most_allocations=10, draws=20_000, seed=3)
    assert bool(exact.enumerated)
    assert not bool(rough.enumerated)
    assert abs(float(rough.p_value - exact.p_value)) < 5 * float(rough.std_error)
    assert 0 < rough.std_error < 0.002


def test_simulation_repeats_whatever_stands_in_the_batch_and_is_never_zero() -> None:
    rows = [[30, 12, 18], [400, 100, 100], [20, 20, 20]]
    whole = srm_exact(rows, [1, 1, 1], most_allocations=10, draws=500, seed=3)
    alone = [float(srm_exact(row, [1, 1, 1], most_allocations=10, draws=500, seed=3).p_value) for row in rows]
    assert whole.p_value.tolist() == alone
    assert alone[1] == 1 / 501
    other = srm_exact(rows, [1, 1, 1], most_allocations=10, draws=500, seed=4)
    assert other.p_value.tolist() != alone


def test_one_limit_decides_per_test() -> None:
    found = srm_exact([[3, 2], [300, 200]], [1, 1], most_allocations=100, draws=50)
    assert found.enumerated.tolist() == [True, False]


@pytest.mark.parametrize(
    ("observed", "options", "message"),
    [
        ([1.5, 2], {}, "observed is 1.5; counts must be whole"),
        ([1, 2], {"draws": 0}, "draws is 0; it must be a whole number, 1 or greater"),
        ([1, 2], {"most_allocations": 0.5}, "most_allocations is 0.5"),
        ([1, 2], {"seed": -1}, "seed is -1"),
        ([1, 2, 3], {}, "one element per arm"),
    ],
)
def test_refusals(observed: list[float], options: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        srm_exact(observed, [0.5, 0.5], **options)

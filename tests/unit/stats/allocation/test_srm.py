from __future__ import annotations

import numpy as np
import pytest
from golden import assert_close
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import InputError
from assay.stats import srm


def test_zero_weight_arms_leave_the_degrees_of_freedom() -> None:
    # A shipped check counts the empty arm and answers 0.141. chi2 = 200²/10200 with 1 degree of freedom.
    p = float(srm([5200, 5000, 0], [0.5, 0.5, 0.0]))
    assert round(p, 4) == 0.0477
    assert p == float(srm([5200, 5000], [0.5, 0.5]))


def test_a_unit_in_a_zero_share_arm_is_certain_mismatch() -> None:
    assert float(srm([5000, 5000, 1], [0.5, 0.5, 0.0])) == 0
    assert float(srm([0, 5], [1.0, 0.0])) == 0


def test_tails_reach_beyond_1e_minus_200() -> None:
    # mpmath 1.4.1, 40 digits: chi2 = 2·17320²/630000, erfc(sqrt(chi2/2)).
    assert_close(srm([647_320, 612_680], [1, 1]), 4.1431354578459895e-209, 1e-11)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=5), st.integers(1, 50), st.randoms())
def test_order_and_unit_of_shares_do_not_matter(users: list[int], weight: int, random: object) -> None:
    shares = [weight + i for i in range(len(users))]
    order = list(range(len(users)))
    random.shuffle(order)  # type: ignore[attr-defined]
    plain = float(srm(users, shares))
    assert float(srm([users[i] for i in order], [shares[i] for i in order])) == pytest.approx(
        plain, rel=1e-9, abs=1e-300
    )
    assert float(srm(users, np.array(shares) * 0.01)) == pytest.approx(plain, rel=1e-9, abs=1e-300)
    assert 0 <= plain <= 1


def test_batches_broadcast() -> None:
    p = srm([[5200, 5000, 0], [5000, 5000, 3], [0, 0, 0]], [0.5, 0.5, 0])
    assert p.shape == (3,)
    assert p.tolist() == [float(srm([5200, 5000], [1, 1])), 0, 1]


def test_nothing_to_contradict_is_one() -> None:
    assert float(srm([0, 0], [0.5, 0.5])) == 1
    assert float(srm([70, 0], [1.0, 0.0])) == 1


@pytest.mark.parametrize(
    ("observed", "shares", "message"),
    [
        ([-1, 5], [0.5, 0.5], "observed is -1"),
        ([1, np.nan], [0.5, 0.5], "observed is nan"),
        ([1, 5], [0.5, -0.5], "expected_shares is -0.5"),
        ([1, 5], [0.0, 0.0], "sum to 0"),
        ([1, 5, 6], [0.5, 0.5], "one element per arm"),
        (5, [1.0], "one element per arm"),
        (np.ones((2, 2)), np.ones((3, 2)), "must broadcast"),
    ],
)
def test_refusals(observed: object, shares: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        srm(observed, shares)  # type: ignore[arg-type]


def test_gbstats_check_srm_counts_zero_weight_arms() -> None:
    # gbstats' check_srm answers 0.141 for these: it counts the arm without a weight as a degree of freedom.
    p = float(srm([5200, 5000, 0], [0.5, 0.5, 0.0]))
    assert p == pytest.approx(0.0476703806561615, rel=1e-12)
    assert p < 0.05

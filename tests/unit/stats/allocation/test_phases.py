from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.allocation import srm, srm_phases


def test_a_ramp_that_kept_its_plan_is_no_mismatch_though_pooled_shares_are() -> None:
    ramp = [[9000, 0], [20050, 19950]]
    answer = srm_phases(ramp, [[1, 0], [0.5, 0.5]])
    assert answer.p_value > 0.5
    assert answer.p_value_totals == pytest.approx(float(answer.p_value))
    # What a check against the last shares says of the pooled counts.
    assert float(srm(np.sum(ramp, axis=0), [0.5, 0.5])) == 0


def test_one_phase_is_the_plain_check() -> None:
    for units, shares in (([520, 480], [0.5, 0.5]), ([33, 40, 0, 31], [1, 1, 0, 1])):
        answer = srm_phases([units], shares)
        assert float(answer.p_value) == pytest.approx(float(srm(units, shares)), rel=1e-12)
        assert float(answer.p_value_totals) == pytest.approx(float(srm(units, shares)), rel=1e-10)
        assert float(answer.p_value_phase[0]) == float(srm(units, shares))


def test_a_loss_alike_in_all_phases_shows_sharper_in_the_totals() -> None:
    answer = srm_phases([[980, 1030]] * 12, [0.5, 0.5])
    assert answer.p_value_totals < answer.p_value


def test_losses_that_cancel_show_in_the_sum_only() -> None:
    answer = srm_phases([[1200, 1000], [1000, 1200]], [0.5, 0.5])
    assert answer.p_value < 1e-6
    assert answer.p_value_totals == pytest.approx(1)


def test_equal_shares_in_all_phases_make_the_totals_the_pooled_check() -> None:
    units = np.array([[980, 1030], [400, 371], [77, 90]])
    answer = srm_phases(units, [0.5, 0.5])
    assert float(answer.p_value_totals) == pytest.approx(float(srm(units.sum(axis=0), [0.5, 0.5])), rel=1e-10)


def test_a_unit_in_an_arm_without_a_share_in_its_phase_is_certain_mismatch() -> None:
    answer = srm_phases([[9000, 1], [5000, 5000]], [[1, 0], [0.5, 0.5]])
    assert [float(answer.p_value), float(answer.p_value_totals)] == [0, 0]
    assert answer.p_value_phase.tolist() == [0, 1]


def test_phases_without_units_or_without_choice_say_nothing() -> None:
    answer = srm_phases([[0, 0], [70, 0]], [[0.5, 0.5], [1.0, 0.0]])
    assert answer.p_value_phase.tolist() == [1, 1]
    assert answer.p_value_totals == 1
    assert srm_phases([[70, 0]], [[1.0, 0.0]]).p_value == 1


def test_batches_and_order_of_phases_and_arms() -> None:
    rng = np.random.default_rng(1)
    units = rng.integers(10, 1000, (4, 3, 3))
    shares = np.array([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25], [1, 1, 1]])
    whole = srm_phases(units, shares)
    assert whole.p_value.shape == (4,)
    assert whole.p_value_phase.shape == (4, 3)
    for i in range(4):
        one = srm_phases(units[i][::-1, ::-1], shares[::-1, ::-1])
        assert float(one.p_value) == pytest.approx(float(whole.p_value[i]), rel=1e-9)
        assert float(one.p_value_totals) == pytest.approx(float(whole.p_value_totals[i]), rel=1e-9)


def test_phases_of_very_different_size_keep_their_degrees_of_freedom() -> None:
    # Two pairs of arms that never share a phase: one degree of freedom each, whatever their sizes.
    units = np.array([[10**9, 10**9 + 40_000, 0, 0], [0, 0, 20, 30]])
    answer = srm_phases(units, [[1, 1, 0, 0], [0, 0, 1, 1]])
    assert float(answer.p_value_totals) == pytest.approx(float(answer.p_value), rel=1e-9)


def test_refusals() -> None:
    with pytest.raises(InputError, match="it needs 2 axes, the last one of arms"):
        srm_phases([500, 500], [0.5, 0.5])
    with pytest.raises(InputError, match="must broadcast"):
        srm_phases(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match="expected_shares sum to 0"):
        srm_phases([[5, 5], [5, 5]], [[0, 0], [1, 1]])

from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Moments, Reason

WALD, CAFFO = METHODS["proportions_wald"], METHODS["agresti_caffo"]


def test_shares_of_0_and_1_leave_the_customary_interval_without_width_and_so_without_an_answer() -> None:
    effect = WALD(Moments.of_counts([0, 9, 0], 9), Moments.of_counts([0, 0, 2], 7))
    assert np.isnan(effect.p_value).tolist() == [True, True, False]
    assert effect.estimate.tolist() == [0, -1, 2 / 7]
    assert effect.reason.tolist() == [
        Reason.NO_VARIANCE | Reason.ZERO_CONTROL,
        Reason.NO_VARIANCE,
        Reason.ZERO_CONTROL | Reason.RELATIVE_UNBOUNDED,
    ]


def test_pseudo_units_move_the_interval_and_not_the_estimate() -> None:
    effect = CAFFO(Moments.of_counts(0, 8), Moments.of_counts(4, 8))
    plain = WALD(Moments.of_counts(1, 10), Moments.of_counts(5, 10))
    assert float(effect.estimate) == 0.5
    assert np.isnan(effect.relative_estimate)
    assert int(effect.reason) & Reason.ZERO_CONTROL
    for field in ("statistic", "p_value", "lower", "upper", "relative_lower", "relative_upper"):
        assert float(getattr(effect, field)) == pytest.approx(float(getattr(plain, field)), rel=1e-14), field


def test_an_arm_without_units_has_no_answer() -> None:
    effect = CAFFO(Moments.of_counts([0, 2], [0, 9]), Moments.of_counts(4, 8))
    assert np.isnan(effect.lower).tolist() == [True, False]
    assert int(effect.reason[0]) == Reason.TOO_FEW_UNITS

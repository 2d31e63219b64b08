from __future__ import annotations

import numpy as np
import pytest

from assay.stats import METHODS, Effect, Moments, Reason
from assay.stats.proportions import OddsEffect


def compare(name: str, x_c: object, n_c: object, x_t: object, n_t: object) -> OddsEffect:
    effect = METHODS[name](Moments.of_counts(x_c, n_c), Moments.of_counts(x_t, n_t))  # type: ignore[arg-type]
    assert isinstance(effect, OddsEffect)
    return effect


def test_rare_events_make_the_odds_ratio_a_risk_ratio() -> None:
    effect = compare("odds_ratio", 12, 10**8, 31, 10**8)
    assert float(effect.odds_ratio_lower) == pytest.approx(1 + float(effect.relative_lower), rel=1e-6)
    assert float(effect.odds_ratio_upper) == pytest.approx(1 + float(effect.relative_upper), rel=1e-6)


def test_difference_and_lift_are_those_of_the_score_test() -> None:
    effect = compare("odds_ratio", [48, 3], [80, 10], [56, 9], [70, 10])
    plain = METHODS["proportions_score"](
        Moments.of_counts([48, 3], [80, 10]), Moments.of_counts([56, 9], [70, 10])
    )
    for field in Effect.names():
        assert np.array_equal(getattr(effect, field), getattr(plain, field)), field


def test_odds_on_the_edge_are_0_infinite_or_none_with_a_reason() -> None:
    effect = compare("odds_ratio", [0, 9, 0, 9], 9, [3, 3, 0, 9], 9)
    assert effect.odds_ratio.tolist()[:2] == [np.inf, 0]
    assert np.isnan(effect.odds_ratio[2:]).all()
    assert effect.odds_ratio_lower.tolist()[1:] == [0, 0, 0]
    assert np.isinf(effect.odds_ratio_upper).tolist() == [True, False, True, True]
    assert (effect.reason & (Reason.UNBOUNDED | Reason.NOT_DEFINED)).tolist() == [
        Reason.UNBOUNDED, 0, Reason.UNBOUNDED | Reason.NOT_DEFINED, Reason.UNBOUNDED | Reason.NOT_DEFINED,
    ]  # fmt: skip


def test_woolf_adds_a_half_to_tables_with_a_zero_only() -> None:
    effect = compare("odds_ratio_woolf", [0, 2], 10, [3, 4], 10)
    assert effect.odds_ratio.tolist() == pytest.approx([3.5 * 10.5 / (7.5 * 0.5), 4 * 8 / (6 * 2)])
    assert np.isnan(effect.lower).all()
    assert np.all(effect.reason & Reason.NOT_DEFINED)

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.stats import METHODS, Moments, Reason, Samples, ratio_delta, welch
from assay.stats.tails import ALTERNATIVES

RNG = stream(8, "test.robust")
C, T = Samples(RNG.lognormal(1.0, 1.0, (3, 1, 40))), Samples(RNG.lognormal(1.3, 1.0, (3, 1, 30)))
CAPPED = ("winsorised", "trimmed")


@pytest.mark.parametrize("name", CAPPED)
@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_p_value_and_intervals_are_inverses(name: str, alternative: str) -> None:
    effect = METHODS[name](C, T, alpha=np.linspace(0.001, 0.99, 40), alternative=alternative)
    rejected = effect.p_value < effect.alpha
    assert 0 < rejected.sum() < rejected.size
    np.testing.assert_array_equal((effect.lower > 0) | (effect.upper < 0), rejected)
    bounded = (effect.reason & Reason.RELATIVE_UNBOUNDED) == 0
    away = (effect.relative_lower > 0) | (effect.relative_upper < 0)
    np.testing.assert_array_equal(away[bounded], rejected[bounded])


@pytest.mark.parametrize(("name", "option"), [("winsorised", {"quantile": 1.0}), ("trimmed", {"share": 0.0})])
def test_with_nothing_cut_it_is_welch(name: str, option: dict[str, float]) -> None:
    effect, plain = METHODS[name](C, T, **option), welch(C.moments(), T.moments())
    np.testing.assert_allclose(effect.p_value, plain.p_value, rtol=1e-12)


def test_caps_of_either_arm_alone_turn_a_difference_around_and_pooled_caps_do_not() -> None:
    # growthbook 6331 and 1881: numerator and denominator capped on different populations change the sign.
    y_c, y_t = np.r_[np.ones(99), 1000.0], np.r_[np.full(97, 1.1), 900.0, 900.0, 900.0]
    own = [np.minimum(y, np.quantile(y, 0.98)).mean() for y in (y_c, y_t)]
    pooled = METHODS["winsorised"](Samples(y_c), Samples(y_t), quantile=0.98)
    assert own[1] > 10 * own[0]  # the control's cap is 1, the treatment's 900
    cap = float(np.quantile(np.r_[y_c, y_t], 0.98))
    assert float(pooled.estimate) == pytest.approx(np.minimum(y_t, cap).mean() - np.minimum(y_c, cap).mean())
    fixed = METHODS["winsorised"](Samples(y_c), Samples(y_t), cap=2.0)
    assert float(fixed.estimate) == pytest.approx((97 * 1.1 + 6) / 100 - 1.01)


def test_a_ratio_of_constant_denominators_is_the_capped_mean() -> None:
    c, t = Samples(C.y, d=np.ones(40)), Samples(T.y, d=np.ones(30))
    np.testing.assert_allclose(
        METHODS["ratio_winsorised"](c, t).p_value, METHODS["winsorised"](c, t).p_value, rtol=1e-10
    )


def test_equal_weights_are_no_weights_and_their_scale_plays_no_part() -> None:
    weighted = METHODS["weighted"]
    plain = welch(C.moments(), T.moments())
    same = weighted(Samples(C.y, w=2.0), Samples(T.y, w=5.0))
    np.testing.assert_allclose(same.p_value, plain.p_value, rtol=1e-10)
    w = RNG.gamma(2.0, 1.0, 40)
    one, ten = (weighted(Samples(C.y, w=k * w), Samples(T.y, w=1.0)) for k in (1, 10))
    np.testing.assert_allclose(one.p_value, ten.p_value, rtol=1e-10)
    direct = ratio_delta(
        Moments.of(C.y * w, np.broadcast_to(w, C.y.shape)), Moments.of(T.y, np.ones(T.y.shape))
    )
    np.testing.assert_allclose(one.estimate, direct.estimate)


def test_what_is_undefined_is_explained() -> None:
    assert (
        int(METHODS["trimmed"](Samples([1.0, 2.0, 9.0]), T, share=0.4).reason.flat[0]) == Reason.TOO_FEW_UNITS
    )
    assert int(METHODS["trimmed"](Samples([1.0, np.nan, 2.0]), T).reason.flat[0]) & Reason.NOT_FINITE
    nobody = METHODS["winsorised"](Samples([]), Samples([]))
    assert int(nobody.reason) & Reason.TOO_FEW_UNITS
    weightless = METHODS["weighted"](Samples([1.0, 2.0], w=0.0), Samples([1.0, 2.0], w=1.0))
    assert int(weightless.reason) & Reason.ZERO_DENOMINATOR


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"quantile is 0; it must be above 0 and at most 1"):
        METHODS["winsorised"](C, T, quantile=0.0)
    with pytest.raises(InputError, match=r"quantile is 1\.5; it must be above 0 and at most 1"):
        METHODS["ratio_winsorised"](Samples([1.0], d=1.0), Samples([1.0], d=1.0), quantile=1.5)
    with pytest.raises(InputError, match=r"share is 0\.5; it must be 0 or greater and below 0\.5"):
        METHODS["trimmed"](C, T, share=0.5)

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Effect, Moments, Reason
from assay.stats.sequential import betting_sequence, confidence_sequence, mixture_t, over_looks


def looks(
    shift: float = 0.3, sizes: tuple[int, ...] = (1, 2, 20, 60, 200), batch: int = 3
) -> tuple[Moments, Moments]:
    rng = np.random.default_rng(8)
    y = rng.normal(1.0, 1.0, (batch, 2, max(sizes)))
    y[:, 1] += shift
    arms = [[Moments.of(y[:, arm, :n]) for n in sizes] for arm in (0, 1)]
    c, t = (
        Moments(**{f: np.stack([getattr(m, f) for m in arm], axis=-1) for f in ("n", "mean_y", "m2_y")})
        for arm in arms
    )
    return c, t


@pytest.mark.parametrize("side", ["two-sided", "greater", "less"])
def test_intervals_shrink_p_values_fall_and_still_agree(side: str) -> None:
    effect = confidence_sequence(*looks(), alternative=side)
    path = over_looks(effect)
    for field, falls in (("p_value", True), ("upper", True), ("relative_upper", True), ("lower", False)):
        seen = getattr(path, field)[:, 1:]
        with np.errstate(invalid="ignore"):
            steps = np.diff(seen)
        assert np.all(np.isnan(steps) | ((steps <= 0) if falls else (steps >= 0)))
    assert np.array_equal(path.estimate, effect.estimate, equal_nan=True)
    assert np.array_equal(path.p_value < 0.05, (path.lower > 0) | (path.upper < 0))
    assert np.array_equal(path.p_value[:, -1], np.nanmin(effect.p_value, axis=1))


def test_a_look_without_an_answer_adds_nothing() -> None:
    effect = confidence_sequence(*looks())
    path = over_looks(effect)
    assert np.all(np.isnan(path.p_value[:, 0]))
    assert np.all(path.reason[:, 0] & Reason.TOO_FEW_UNITS)
    assert np.array_equal(path.p_value[:, 1], effect.p_value[:, 1])


def test_any_axis_and_a_single_look() -> None:
    c, t = looks()
    effect = confidence_sequence(c, t)
    turned = Effect(**{name: getattr(effect, name).T for name in Effect.names()})
    assert np.array_equal(over_looks(turned, axis=0).lower, over_looks(effect).lower.T, equal_nan=True)
    one = confidence_sequence(Moments.of([[1.0, 2.0, 4.0]]), Moments.of([[2.0, 2.0, 5.0]]))
    assert np.array_equal(over_looks(one).upper, one.upper)


def test_a_bound_that_an_earlier_look_gave_takes_the_reason_away() -> None:
    c = Moments(n=[60, 60], mean_y=[5.0, 0.1], m2_y=[60.0, 60.0])
    t = Moments(n=[60, 60], mean_y=[5.5, 0.2], m2_y=[60.0, 60.0])
    for side in ("two-sided", "greater"):
        effect = confidence_sequence(c, t, alternative=side)
        assert effect.reason.tolist() == [0, Reason.RELATIVE_UNBOUNDED]
        assert over_looks(effect).reason.tolist() == [0, 0]
    few = mixture_t(Moments(n=[2, 500], mean_y=[1.0, 1.0], m2_y=[1.0, 500.0]), Moments.of([2.0, 3.0]))
    assert over_looks(few).reason[0] & Reason.UNBOUNDED


def test_looks_that_contradict_each_other_leave_an_empty_interval_that_agrees_with_the_p_value() -> None:
    n, m2 = [5000, 20000], [5000.0, 20000.0]
    path = over_looks(
        confidence_sequence(
            Moments(n=n, mean_y=[1.0, 1.0], m2_y=m2), Moments(n=n, mean_y=[1.3, 0.8], m2_y=m2)
        )
    )
    assert path.lower[1] > path.upper[1]
    assert path.p_value[1] < 0.05


def test_refusals() -> None:
    effect = confidence_sequence(*looks())
    with pytest.raises(InputError, match="axis is 2; effects of shape"):
        over_looks(effect, axis=2)
    levels = confidence_sequence(*looks(), alpha=np.array([0.05, 0.05, 0.05, 0.05, 0.01]))
    with pytest.raises(InputError, match="alpha differs from look to look"):
        over_looks(levels)


def test_it_takes_any_always_valid_method() -> None:
    from assay.stats import Samples

    rng = np.random.default_rng(3)
    c, t = rng.random((1, 60)) < 0.4, rng.random((1, 60)) < 0.7
    first, second = (betting_sequence(Samples(c[:, :n]), Samples(t[:, :n]), grid=50) for n in (30, 60))
    both = Effect(**{f: np.concatenate([getattr(first, f), getattr(second, f)]) for f in Effect.names()})
    assert over_looks(both).lower[1] == max(first.lower[0], second.lower[0])

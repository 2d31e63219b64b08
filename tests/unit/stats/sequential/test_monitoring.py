from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from assay.errors import InputError
from assay.stats import METHODS, Moments
from assay.stats.result import Effect
from assay.stats.sequential import (
    Decision,
    futility_bounds,
    monitor,
    repeated_intervals,
    spending_bounds,
    stagewise,
)

LOOKS = (0.25, 0.5, 1.0)
FIELDS = ("p_value", "estimate", "lower", "upper")


def effect(z: ArrayLike, std_error: ArrayLike = (0.2, 0.14, 0.1)) -> Effect:
    """Effects with given z at each look; only these two are read."""
    error = np.broadcast_to(np.asarray(std_error, dtype=float), np.shape(z))
    unread = np.zeros(np.shape(z))
    return Effect(
        estimate=np.asarray(z) * error,
        std_error=error,
        statistic=unread,
        df=unread,
        p_value=unread,
        lower=unread,
        upper=unread,
        relative_estimate=unread,
        relative_lower=unread,
        relative_upper=unread,
        alpha=unread,
        reason=np.zeros(np.shape(z), dtype=np.uint16),
    )


def test_decisions_of_every_kind() -> None:
    found = monitor(
        effect([[1.0, 3.5, 9.0], [0.0, -3.5, 0.0], [1.0, 1.0, 1.0], [1.0, np.nan, 2.5]]),
        spending_bounds(LOOKS),
    )
    go, up, down, none, ended, unknown = (
        Decision.CONTINUE,
        Decision.GREATER,
        Decision.LESS,
        Decision.NO_EFFECT,
        Decision.ENDED,
        Decision.UNDEFINED,
    )
    assert found.decision.tolist() == [[go, up, ended], [go, down, ended], [go, go, none], [go, unknown, up]]
    assert found.stopped.tolist() == [2, 2, 3, 3]
    for name in FIELDS:
        untold = np.isnan(getattr(found, name))
        assert np.array_equal(untold, found.decision >= Decision.ENDED)


def test_it_is_stagewise_and_repeated_inference_in_the_metrics_unit() -> None:
    design, errors = spending_bounds(LOOKS), np.array([0.2, 0.14, 0.1])
    found = monitor(effect([1.0, 1.4, 2.3]), design)
    for k, z in enumerate((1.0, 1.4, 2.3)):
        told = stagewise(design, z, look=k + 1)
        scale = np.sqrt(LOOKS[k]) * errors[k]
        assert found.p_value[k] == pytest.approx(float(told.p_value))
        for name in FIELDS[1:]:
            assert getattr(found, name)[k] == pytest.approx(float(getattr(told, name)) * scale)
    # At the first look nothing is adjusted.
    assert found.estimate[0] == pytest.approx(0.2)
    repeated = repeated_intervals(design, [0.2, 0.196, 0.23], errors)
    assert found.repeated_lower == pytest.approx(repeated.lower)
    assert found.repeated_upper == pytest.approx(repeated.upper)


def test_looks_so_far_go_on_and_one_sided_designs_stop_on_their_side_only() -> None:
    so_far = monitor(effect([1.0, 1.0], [0.2, 0.14]), spending_bounds(LOOKS[:2]))
    assert so_far.stopped.tolist() == 0
    less = monitor(effect([[9.0, 9.0, 9.0], [-9.0, 0.0, 0.0]]), spending_bounds(LOOKS, alternative="less"))
    assert less.stopped.tolist() == [3, 1]
    assert less.decision[1, 0] == Decision.LESS


@pytest.mark.parametrize("alternative", ["greater", "less"])
def test_futility_stops_unless_it_is_overruled(alternative: str) -> None:
    plain = spending_bounds(LOOKS, alternative=alternative)  # type: ignore[arg-type]
    free, bound = futility_bounds(plain), futility_bounds(plain, binding=True)
    z = free.sign * np.array([-3.0, 2.0, 2.5])
    assert monitor(effect(z), free).decision.tolist() == [Decision.FUTILITY, Decision.ENDED, Decision.ENDED]
    assert monitor(effect(z), free, futility=False).stopped.tolist() == 3
    at_the_end = monitor(effect(free.sign * np.array([1.0, 1.2, 0.0])), free)
    assert at_the_end.decision.tolist() == [Decision.CONTINUE, Decision.CONTINUE, Decision.NO_EFFECT]
    with pytest.raises(InputError, match="futility is False"):
        monitor(effect(z), bound, futility=False)


def test_a_methods_effect_is_monitored_as_it_comes() -> None:
    rng = np.random.default_rng(1)
    control, treatment = rng.normal(0, 1, (2, 400))
    looks = [
        METHODS["welch"](Moments.of(control[:n]), Moments.of(treatment[:n] + 0.5)) for n in (100, 200, 400)
    ]
    errors = [
        np.concatenate([np.atleast_1d(getattr(e, name)) for e in looks]) for name in ("estimate", "std_error")
    ]
    found = monitor(effect(errors[0] / errors[1], errors[1]), spending_bounds(LOOKS))
    assert found.decision[found.stopped - 1] == Decision.GREATER
    assert found.lower[found.stopped - 1] > 0


def test_no_standard_error_is_undefined() -> None:
    found = monitor(effect([1.0, 1.0, 1.0], [0.0, 0.1, 0.1]), spending_bounds(LOOKS))
    assert found.decision[0] == Decision.UNDEFINED
    assert np.isnan(found.p_value[0])


def test_refusals() -> None:
    with pytest.raises(InputError, match="the 3 looks"):
        monitor(effect([1.0, 2.0], [0.1, 0.1]), spending_bounds(LOOKS))

from __future__ import annotations

import numpy as np
import pytest

from assay.stats.distinct import Array, distinct


def test_each_different_row_is_asked_for_once_and_answers_every_test() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 4, (5, 60)).astype(float), rng.integers(0, 3, 60).astype(float)
    asked: list[tuple[float, float]] = []

    def answer(one: Array, other: Array) -> Array:
        asked.extend(zip(one.tolist(), other.tolist(), strict=True))
        return np.stack([10 * one + other, one - other])

    found = distinct(answer, a, b)
    assert np.array_equal(found, [10 * a + b, a - b])
    assert len(asked) == len(set(asked)) == 12


@pytest.mark.parametrize("shape", [(), (0,), (2, 0)])
def test_one_test_and_none_at_all(shape: tuple[int, ...]) -> None:
    found = distinct(lambda one: np.stack([one, 2 * one]), np.full(shape, 3.0))
    assert found.shape == (2, *shape)
    assert np.all(found[1] == 6)


def test_nan_is_answered_too() -> None:
    assert np.isnan(distinct(lambda one: np.stack([one]), np.array([np.nan, 1.0, np.nan]))).sum() == 2

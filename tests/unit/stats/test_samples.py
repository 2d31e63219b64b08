from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Samples


def test_series_broadcast_to_the_batch_of_y() -> None:
    arm = Samples(np.ones((2, 3)), d=[1.0, 2.0, 3.0], w=2.0)
    assert (arm.n, arm.shape) == (3, (2,))
    assert arm.series == {"y", "d", "w"}
    assert arm.d is not None
    assert arm.d.shape == (2, 3)
    assert arm.moments().mean_d.tolist() == [2.0, 2.0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": 1.0}, "y is a single number; samples need an axis of units"),
        ({"y": [1.0, 2.0], "d": [1.0] * 3}, r"d has shape \(3,\) and y \(2,\); it must broadcast"),
        ({"y": [1.0, 2.0], "x": np.ones((2, 2))}, r"x has shape \(2, 2\) and y \(2,\)"),
        ({"y": [1.0, 2.0], "w": [1.0, -2.0]}, "w is -2; it must be 0 or greater"),
        ({"y": ["a"]}, "y is .*; it must be a number"),
    ],
)
def test_what_is_no_sample_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Samples(**given)  # type: ignore[arg-type]

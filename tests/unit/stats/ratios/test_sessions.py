from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.stats import ratio_delta, welch
from assay.stats.moments import Moments
from assay.stats.ratios import per_unit


def test_sums_of_each_user_in_the_order_of_their_names() -> None:
    users = per_unit(["b", "a", "b", "c"], [1.0, 2.0, 3.0, 4.0], [10.0, 20.0, 30.0, 40.0])
    assert users.y.tolist() == [2.0, 4.0, 4.0]
    assert users.d is not None
    assert users.d.tolist() == [20.0, 40.0, 40.0]


def test_sessions_of_one_user_resemble_each_other_and_the_test_knows() -> None:
    rng = stream(7, "test.sessions")
    naive, right = [], []
    for _ in range(200):
        arms = []
        for _ in range(2):
            user = np.repeat(np.arange(60), 10)
            arms.append((user, rng.normal(5.0, 1.0, 60)[user] + rng.normal(0.0, 0.5, 600)))
        naive.append(float(welch(*(Moments.of(y) for _, y in arms)).p_value))
        right.append(float(ratio_delta(*(per_unit(u, y).moments() for u, y in arms)).p_value))
    # 26 of 200 is what a true 5 % exceeds with probability 1e-6.
    assert sum(p < 0.05 for p in right) <= 26 < sum(p < 0.05 for p in naive)


def test_series_of_other_events_are_refused() -> None:
    with pytest.raises(InputError, match=r"d has shape \(1,\) and unit \(2,\); both need one element per"):
        per_unit([1, 2], [1.0, 2.0], [1.0])

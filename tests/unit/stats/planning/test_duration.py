from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats import Reason
from assay.stats.planning import duration, mean_outcome, minimum_effect, retrodesign

DAYS, USERS = [7, 14, 21], [9e3, 15e3, 19e3]


def test_each_metric_gets_its_first_duration_that_is_enough() -> None:
    metrics = mean_outcome([[4.0, 4.5, 5.0]] * 4, mean=[[10.0], [-10.0], [10.0], [10.0]])
    curve = minimum_effect(metrics, n=USERS).effect[0]
    targets = np.array([curve[0], -curve[1], curve[2], curve[2] * 0.99])
    found = duration(metrics, days=DAYS, users=USERS, target=targets)
    assert found.days.tolist() == pytest.approx([7, 14, 21, np.nan], nan_ok=True)
    assert found.reason.tolist() == [0, 0, 0, Reason.NOT_REACHED]
    assert found.shape == (4,)


def test_a_relative_target_takes_the_size_for_a_negative_mean_too() -> None:
    plus = duration(mean_outcome(4.0, mean=1.0), days=DAYS, users=USERS, target=0.1, relative=True)
    minus = duration(mean_outcome(4.0, mean=-1.0), days=DAYS, users=USERS, target=0.1, relative=True)
    assert float(plus.days) == float(minus.days) == 14


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"days": [7, 7, 14]}, "days"),
        ({"users": [1.0, 2.0]}, "users has shape"),
        ({"users": [3.0, 2.0, 4.0]}, "decreases"),
    ],
)
def test_histories_that_cannot_be_are_refused(given: dict[str, list[float]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        duration(mean_outcome(1.0), **{"days": DAYS, "users": USERS, "target": 0.1} | given)  # type: ignore[arg-type]


def test_weak_experiments_exaggerate() -> None:
    found = retrodesign([0.0, 0.1, 1.0, 5.0, -1.0], 1.0)
    assert np.all(np.diff(found.type_m[:4]) < 0)
    assert np.all(np.diff(found.type_s[:4]) < 0)
    assert float(found.type_s[0]) == 0.5
    assert float(found.type_m[0]) == np.inf
    assert float(found.type_m[4]) == float(found.type_m[2])
    assert np.isinf(retrodesign(1.0, 1.0, 1.0).type_m)
    with pytest.raises(InputError, match="std_error is 0"):
        retrodesign(1.0, 0.0)

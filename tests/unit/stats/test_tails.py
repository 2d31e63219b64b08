from __future__ import annotations

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.tails import ALTERNATIVES, checked, opened, p_value, per_tail


def test_two_sided_is_twice_the_smaller_tail_and_at_most_1() -> None:
    below, above = np.array([0.01, 0.8, 0.6]), np.array([0.99, 0.2, 0.6])
    assert p_value(below, above, "two-sided").tolist() == [0.02, 0.4, 1.0]
    assert p_value(below, above, "greater").tolist() == above.tolist()
    assert p_value(below, above, "less").tolist() == below.tolist()


def test_a_one_sided_level_is_all_in_one_tail() -> None:
    assert [float(per_tail(np.asarray(0.05), a)) for a in ALTERNATIVES] == [0.025, 0.05, 0.05]


def test_one_sided_intervals_are_open_and_nan_stays() -> None:
    lower, upper = np.array([1.0, np.nan]), np.array([2.0, np.nan])
    two, greater, less = (opened(lower, upper, a) for a in ALTERNATIVES)
    assert two[0].tolist()[0] == 1.0
    assert (greater[0][0], greater[1][0]) == (1.0, np.inf)
    assert (less[0][0], less[1][0]) == (-np.inf, 2.0)
    assert np.isnan([greater[1][1], less[0][1]]).all()
    assert opened(lower, upper, "greater", greatest=1.0)[1][0] == 1.0


def test_an_unknown_alternative_is_refused_as_a_value_error() -> None:
    assert [checked(a) for a in ALTERNATIVES] == list(ALTERNATIVES)
    with pytest.raises(InputError, match="alternative is 'larger'; allowed: 'greater', 'less', 'two-sided'"):
        checked("larger")
    with pytest.raises(ValueError, match="alternative is 'greter'; did you mean 'greater'"):
        checked("greter")

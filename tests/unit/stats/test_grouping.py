from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.seeds import stream
from assay.stats import Moments, moments_by


def test_a_group_has_the_moments_of_its_units_alone() -> None:
    rng = stream(1, "test.grouping")
    group = rng.integers(0, 4, 200)
    y, d, x = rng.normal(1e8, 1.0, 200), rng.poisson(2.0, 200) * 1.0, rng.gamma(2.0, 1.0, 200)
    labels, found = moments_by(group, y, d, x)
    assert labels.tolist() == [0, 1, 2, 3]
    for i in labels:
        rows = group == i
        alone = Moments.of(y[rows], d[rows], x[rows])
        for name in Moments.__slots__:
            assert getattr(found, name)[i] == pytest.approx(float(getattr(alone, name)), rel=1e-9), name


def test_pandas_and_arrow_columns_do() -> None:
    frame = pd.DataFrame({"arm": ["b", "a", "b"], "y": [1.0, 2.0, 4.0]})
    for table in (frame, pa.Table.from_pandas(frame)):
        labels, found = moments_by(table["arm"], table["y"])
        assert labels.tolist() == ["a", "b"]
        assert found.n.tolist() == [1.0, 2.0]
        assert found.mean_y.tolist() == [2.0, 2.5]


def test_nan_stays_in_its_group_and_no_units_are_no_groups() -> None:
    _, found = moments_by([0, 0, 1, 1], [1.0, np.nan, 1.0, 3.0])
    assert np.isnan(found.mean_y).tolist() == [True, False]
    labels, nothing = moments_by([], [])
    assert labels.shape == nothing.shape == (0,)


def test_series_of_other_units_are_refused() -> None:
    with pytest.raises(InputError, match=r"d has shape \(2,\) and group \(3,\); both need one element per"):
        moments_by([1, 2, 2], [1.0, 2.0, 3.0], [1.0, 2.0])

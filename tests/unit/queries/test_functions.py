"""Functions of Athena that DuckDB has not, or has with another meaning."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.serving import queries


def one(expression: str) -> object:
    return queries.query(f"SELECT {expression} AS x").to_pylist()[0]["x"]


def test_the_normal_law() -> None:
    assert one("normal_cdf(1, 2, 1 + 2 * 1.959963984540054e0)") == pytest.approx(0.975, rel=1e-14)
    assert one("inverse_normal_cdf(1, 2, 0.975)") == pytest.approx(1 + 2 * 1.959963984540054, rel=1e-14)
    assert one("inverse_normal_cdf(0, 1, 0.975) / 2") == pytest.approx(0.979981992270027)
    assert one("normal_cdf(0, 1, CAST(NULL AS double))") is None
    assert one("normal_cdf(0, 1, inverse_normal_cdf(0, 1, 0.3) / 1)") == pytest.approx(0.3)
    assert one("CAST(inverse_normal_cdf(0, 2, 0.5) + 2.5e0 AS bigint)") == 3  # half away from zero


def test_far_out_trino_has_no_digits_left_and_neither_has_this() -> None:
    """A real Trino says 6.106226635438361e-16 and 0.0; the truth is 6.22e-16 and 2.75e-89."""
    assert one("normal_cdf(0, 1, -8e0)") == pytest.approx(6.106226635438361e-16, abs=1.2e-16)
    assert one("normal_cdf(0, 1, -20e0)") == 0.0


@pytest.mark.parametrize("call", ["inverse_normal_cdf(0, 1, 1e0)", "inverse_normal_cdf(0, 1, 0e0)"])
def test_a_share_must_lie_between_0_and_1(call: str) -> None:
    with pytest.raises(InputError, match="p of inverse_normal_cdf must lie strictly between 0 and 1"):
        one(call)


@pytest.mark.parametrize("call", ["normal_cdf(0, 0, 1e0)", "inverse_normal_cdf(0, -1, 0.5e0)"])
def test_a_deviation_must_be_above_0(call: str) -> None:
    with pytest.raises(InputError, match=r"the standard deviation of .*normal_cdf must be above 0"):
        one(call)


def test_max_by_gives_null_where_that_row_has_it() -> None:
    rows = "(VALUES (CAST(NULL AS bigint), 2), (1, 1), (NULL, 0)) AS t(x, y)"
    found = queries.query(f"SELECT max_by(x, y) AS most, min_by(x, y) AS least FROM {rows}").to_pylist()
    assert found == [{"most": None, "least": None}]
    kept = queries.query(f"SELECT max_by(x, y) FILTER (WHERE x IS NOT NULL) AS most FROM {rows}").to_pylist()
    assert kept == [{"most": 1}]

"""The verdict on a row: every way in which two numbers may differ is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from assay.certify.published import Row, Table
from assay.certify.published.figures import Measured, bound, computed, mean, printed, rate, theory

OURS = Measured(0.1420, 0.0010)


def test_ours_may_be_four_standard_errors_and_half_a_digit_away() -> None:
    assert printed("", 0.146, 3, Measured(0.1420, 0.0009)).agrees
    assert not printed("", 0.147, 3, Measured(0.1420, 0.0009)).agrees
    assert printed("", 0.147, 3, Measured(0.1420, 0.0009), rounding=0.0015).agrees


def test_a_printed_number_must_be_the_exact_one_rounded() -> None:
    assert printed("", 0.142, 3, OURS, exact=0.14169).agrees
    # Simulation alone would not tell them apart.
    assert not printed("", 0.143, 3, OURS, exact=0.14169).agrees
    assert theory("", 0.143, 3, OURS, exact=0.14169).agrees


def test_ours_must_be_the_exact_number_too() -> None:
    assert not printed("", 0.142, 3, Measured(0.1420, 0.00001), exact=0.14169).agrees
    assert computed("", 0.1440, 3, OURS).agrees
    assert not computed("", 0.1461, 3, OURS).agrees


def test_a_bound_holds_on_one_side() -> None:
    assert bound("", 0.20, 2, OURS).agrees
    assert bound("", 0.139, 3, OURS).agrees
    assert not bound("", 0.137, 3, OURS).agrees
    assert not bound("", 0.140, 3, OURS, exact=0.141).agrees
    assert not bound("", 0.20, 2, OURS, exact=0.15).agrees


@pytest.mark.parametrize(
    "measured",
    [
        Measured(math.nan, 0.001),
        Measured(0.142, math.nan),
        Measured(math.inf, 0.001),
        Measured(0.142, math.inf),
    ],
)
def test_what_cannot_be_compared_does_not_agree(measured: Measured) -> None:
    assert not printed("", 0.142, 3, measured).agrees
    assert not bound("", 0.2, 1, Measured(math.nan, 0.001)).agrees
    assert not computed("", math.nan, 3, OURS).agrees


def test_a_row_that_is_held_against_nothing_does_not_agree() -> None:
    row = Row(
        label="", kind="computed", published=None, decimals=3, rounding=0, exact=None, ours=0.1, std_error=0.1
    )
    assert not row.agrees


def test_a_table_agrees_if_it_has_rows_and_all_of_them_do() -> None:
    good, bad = printed("good", 0.142, 3, OURS), printed("bad", 0.2, 3, OURS)

    def table(*rows: Row) -> Table:
        return Table(name="", title="", source="", compares="", replicates=100, seed=0, rows=rows)

    assert table(good).agrees
    assert not table(good, bad).agrees
    assert table(good, bad).disagreements == (bad,)
    assert not table().agrees


def test_cells_have_the_digits_that_mean_something() -> None:
    assert printed("", 0.142, 3, OURS, exact=0.14169).cells() == (
        "0.142",
        "0.14169",
        "0.1420",
        "0.0010",
        "agrees",
    )
    assert printed("", 77, 0, Measured(76.684, 0.079), exact=76.689).cells()[:4] == (
        "77",
        "76.69",
        "76.684",
        "0.079",
    )
    assert bound("", 0.05, 2, OURS).cells() == ("≤ 0.05", "", "0.1420", "0.0010", "DISAGREES")
    assert computed("", 12.0, 1, Measured(12.0, 0.0)).cells() == ("", "12.000", "12.0", "0.0", "agrees")
    assert computed("", 120.0, 1, Measured(118.0, 25.0)).cells()[2:4] == ("118", "25")
    assert computed("", 12.0, 1, Measured(12.0, math.nan)).cells()[4] == "DISAGREES"


def test_figures_of_replicates() -> None:
    hits = np.array([1.0, 0.0, 0.0, 1.0])
    assert rate(hits) == rate(hits > 0) == (0.5, pytest.approx(math.sqrt(0.25 / 8)))
    # No hit is no proof that there never is one.
    assert rate(np.zeros(96)) == (0.0, pytest.approx(math.sqrt(0.02 * 0.98 / 100)))
    assert rate(np.array([0.5, 0.5, 0.0, 1.0])).value == 0.5
    assert np.isnan(rate(np.zeros(0))).all()
    assert np.isnan(mean(np.ones(1))).all()
    assert mean(np.array([1.0, 2.0, 3.0])) == (2.0, pytest.approx(1 / math.sqrt(3)))

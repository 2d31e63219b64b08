from __future__ import annotations

import json
from pathlib import Path

import pytest
from golden import assert_close, books, checks, deviation, digits

BOOKS = books()


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_every_number_of_the_book_comes_out(path: Path) -> None:
    found = list(checks(path))
    assert found
    wrong = [c for c in found if not c.error <= c.tolerance]
    assert not wrong, "\n".join(f"{c.call}.{c.field}: {c.error:.3g} > {c.tolerance:g}" for c in wrong)


@pytest.mark.parametrize("path", BOOKS, ids=lambda p: p.stem)
def test_every_book_names_its_origin(path: Path) -> None:
    book = json.loads(path.read_text())
    assert {"source", "versions", "command", "date", "tolerance", "cases"} == set(book)
    assert 0 < book["tolerance"] < 1e-3


def test_deviation_sees_distance_shape_and_nan() -> None:
    assert deviation([1.0, float("inf"), float("nan")], [1.0, float("inf"), float("nan")]) == 0
    assert deviation(1.1, 1.0) == pytest.approx(0.1)
    assert deviation(0.1, 0.0) == pytest.approx(0.1)
    for actual, expected in (
        ([1.0], [1.0, 1.0]),
        (float("nan"), 1.0),
        (1.0, float("nan")),
        (float("inf"), 1.0),
    ):
        assert deviation(actual, expected) == float("inf")


def test_assert_close_fails_on_distance_shape_and_nan() -> None:
    assert_close([1.0, float("inf")], [1.0 + 1e-13, float("inf")], 1e-12)
    for actual, expected in (
        ([1.0], [1.1]),
        ([1.0, 2.0, 3.0], [1.0, 2.0]),
        ([float("nan")], [1.0]),
        ([1.0], [float("inf")]),
    ):
        with pytest.raises(AssertionError):
            assert_close(actual, expected, 1e-12)


def test_digits_counts_correct_digits() -> None:
    assert digits(1.0, 1.0) == 15
    assert digits(1.001, 1.0) == pytest.approx(3)

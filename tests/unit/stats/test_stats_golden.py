from __future__ import annotations

import json

import pytest
from stats_golden import FOLDER, assert_close, digits


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


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda p: p.stem)
def test_every_book_names_its_origin(path: object) -> None:
    book = json.loads((FOLDER / str(path)).read_text())
    assert {"source", "versions", "command", "date", "cases"} == set(book)
    assert book["cases"]

"""The core's golden books are what their script makes: a book edited by hand, or drift, shows here."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SCRIPT = runpy.run_path(str(HERE / "make_core.py"))


def flat(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in (key, *flat(value[key]))]
    if isinstance(value, list):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def same(made: object, stored: object) -> bool:
    left, right = flat(made), flat(stored)
    return len(left) == len(right) and all(
        a == pytest.approx(b, rel=1e-9) if isinstance(a, float) else a == b
        for a, b in zip(left, right, strict=True)
    )


def stored(book: str) -> list[object]:
    cases: list[object] = json.loads((HERE / "books" / f"core_{book}.json").read_text())["cases"]
    return cases


def test_the_comparison_fails_on_a_changed_number_and_a_missing_case() -> None:
    assert same([{"p": 0.1}], [{"p": 0.1}])
    assert not same([{"p": 0.1}], [{"p": 0.1001}])
    assert not same([{"p": 0.1}], [{"p": 0.1}, {"p": 0.1}])


# The books of high-precision twins take nearly all of the script's time: one case of each stands for them.
@pytest.mark.parametrize("book", sorted(set(SCRIPT["BOOKS"]) - {"score", "lift", "power_twin"}))
def test_books_of_other_implementations_repeat(book: str) -> None:
    assert same(SCRIPT["_written"](SCRIPT["BOOKS"][book][2]()), stored(book))


def test_the_high_precision_twins_repeat() -> None:
    assert same(SCRIPT["_written"](SCRIPT["score_case"]((48, 80, 56, 70), 0.05)), stored("score")[0])
    lift = SCRIPT["lift_case"](SCRIPT["samples"](1, (8, 11), 2.0), None, 0.05)
    assert same(SCRIPT["_written"](lift), stored("lift")[0])

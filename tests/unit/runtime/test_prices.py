"""Prices: every one says when and where it was found, and a file that does not is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.runtime import prices

GOOD = "{dollars: 1, unit: hour, checked: 2026-11-28, evidence: aws, source: x}"


def file(folder: Path, body: str) -> Path:
    path = folder / "prices.yaml"
    path.write_text(f"region: us-east-1\nprices:\n  a.b: {body}\n")
    return path


def test_the_shipped_prices_are_dated_and_sourced() -> None:
    table = prices.table()
    assert table["glue.standard"].dollars == prices.dollars("glue.standard") == 0.44
    for price in table.values():
        assert date(2026, 11, 1) <= price.checked, price.name
        assert len(price.source) > 10, price.name


def test_a_price_is_read_with_its_evidence(tmp_path: Path) -> None:
    assert prices.read(file(tmp_path, GOOD)) == {
        "a.b": prices.Price("a.b", 1.0, "hour", date(2026, 11, 28), "aws", "x")
    }


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (GOOD.replace("dollars: 1", "dollars: -1"), "prices.yaml, a.b: dollars is -1; it must be a number"),
        (GOOD.replace("dollars: 1", "dollars: .nan"), "dollars is nan"),
        (GOOD.replace("dollars: 1", "dollars: free"), "dollars is 'free'"),
        (GOOD.replace("2026-11-28", "lately"), "checked is 'lately'; it must be a date"),
        (GOOD.replace("aws", "awz"), "evidence is 'awz'; did you mean 'aws'"),
        (
            "{dollars: 1, unit: hour}",
            "has dollars, unit; a price has dollars, unit, checked, evidence, source",
        ),
    ],
)
def test_what_is_no_price_is_refused(tmp_path: Path, body: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        prices.read(file(tmp_path, body))


def test_a_price_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match=r"no price 'glue.standart'; add it .* did you mean 'glue.standard'"):
        prices.price("glue.standart")

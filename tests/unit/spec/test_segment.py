"""Segments as a blueprint declares them: what is read, what is refused; and who has none stays as it was."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.spec import Blueprint
from assay.spec.segment import MOST, label, parsed

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at}
metrics:
  trades: {type: mean, numerator: trades.count}
segments:
  country: {table: silver.customers, unit: customer_id, column: country}
  tier: {table: silver.customers, unit: customer_id, column: tier, values: [gold, silver]}
experiments:
  button:
    weeks: 2
    repeat_every_weeks: 2
    metrics: [trades]
    segments: [country]
    arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]
"""
PLAIN = "".join(
    line
    for line in DOCUMENT.splitlines(keepends=True)
    if not any(w in line for w in ("egments", "silver.cu"))
)


# ---- known values


def test_a_round_has_its_experiments_segments() -> None:
    blueprint = Blueprint.parse(DOCUMENT, "shop.yaml")
    assert blueprint.round_of("button.2").segments == ["country"]
    assert blueprint.segments["country"].values is None
    assert blueprint.segments["tier"].values == ["gold", "silver"]


def test_labels_are_read_as_they_are_written() -> None:
    for value in ("DE", "", "a=b", "(none)"):
        assert parsed(label("country", value)) == ("country", value)


# ---- relations


def test_a_document_is_read_back_and_one_without_segments_stays_what_it_was() -> None:
    blueprint = Blueprint.parse(DOCUMENT, "shop.yaml")
    assert Blueprint.parse(blueprint.document(), "again") == blueprint
    assert "segments" not in Blueprint.parse(PLAIN, "plain").document()
    assert Blueprint.parse(PLAIN, "plain").version != blueprint.version


# ---- refusals


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("segments: [country]", "segments: [contry]",
         "experiments.button.segments: there is no segment 'contry'; did you mean 'country'?"),
        ("segments: [country]", "segments: [tier, tier]",
         "experiments.button.segments: the names are ['tier', 'tier']; a segment is named twice"),
        ("[gold, silver]", "[gold, gold]",
         "segments.tier.values: a value is named twice; every value must be unique"),
        ("[gold, silver]", "[gold, other]",
         "segments.tier.values: names 'other', which is what the rest is called; leave it out"),
        ("[gold, silver]", "['(none)']",
         "segments.tier.values: names '(none)', which is what the rest is called; leave it out"),
        ("[gold, silver]", "[]", "segments.tier.values: is []; it must have at least 1 item"),
        ("[gold, silver]", str([f"v{i}" for i in range(MOST + 1)]), "it must have at most 50 items"),
        ("[gold, silver]", "[1, 2]", "segments.tier.values.0: is 1; it must be"),
        ("column: country", "colum: country", "segments.country: no field 'colum'; did you mean 'column'?"),
        ("silver.customers, unit: customer_id, column: country", "customers, unit: customer_id, column: c",
         "segments.country.table: is 'customers'; it must be layer.table in lower case"),
    ],
)  # fmt: skip
def test_one_sentence_for_what_is_wrong(old: str, new: str, sentence: str) -> None:
    assert old in DOCUMENT
    with pytest.raises(InputError) as caught:
        Blueprint.parse(DOCUMENT.replace(old, new), "shop.yaml")
    assert caught.value.message.startswith("shop.yaml, ")
    assert sentence in caught.value.message

"""A metric may name the method that its results are computed with."""

from __future__ import annotations

import pytest

from assay.errors import InputError
from assay.spec import Blueprint
from assay.spec.fact import methods_for
from assay.stats import DEFAULT_METHOD, METHODS, Moments, Samples
from assay.stats.survival.lifetable import LifeTable

DOCUMENT = """
name: shop
seed: 7
start: 2026-01-05
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}}
metrics:
  trades: {{type: mean, numerator: trades.count{method}}}
experiments:
  button:
    first_week: 2
    weeks: 3
    metrics: [trades]
    arms: [{{name: control, allocation: 0.5}}, {{name: blue, allocation: 0.5}}]
"""


def metric(method: str = "") -> str:
    return Blueprint.parse(DOCUMENT.format(method=method), "shop.yaml").metrics["trades"].analysis


def test_the_default_is_that_of_the_type() -> None:
    assert metric() == DEFAULT_METHOD["mean"]


def test_a_method_is_chosen_by_name_and_changes_the_version() -> None:
    assert metric(", method: cuped") == "cuped"
    versions = {Blueprint.parse(DOCUMENT.format(method=m), "").version for m in ("", ", method: cuped")}
    assert len(versions) == 2


def test_every_default_may_be_named_and_all_choices_decide_from_what_gold_has() -> None:
    for kind, name in DEFAULT_METHOD.items():
        choices = [METHODS[m] for m in methods_for(kind)]  # type: ignore[arg-type]
        assert METHODS[name] in choices
        assert all(m.data in {Moments, Samples, LifeTable} for m in choices)
        assert not any({"w", "cluster"} & {*m.needs} for m in choices)


@pytest.mark.parametrize("method", ["cupd", "ratio_delta", "switchback_hac", "log_rank"])
def test_a_method_that_does_not_suit_is_refused(method: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"metrics\.trades\.method: is '{method}', which is no method from units' values for a mean",
    ):
        metric(f", method: {method}")

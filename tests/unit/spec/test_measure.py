"""Measures: what formulas mean, what restricts them, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from assay.errors import InputError
from assay.lake.metric_check import problems
from assay.spec import Blueprint, Metric
from assay.spec.fact import MetricType
from assay.spec.measure import Bounds, Measure, Window
from assay.stats import DEFAULT_METHOD

DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}
metrics:
  m: %s
experiments:
  button: {weeks: 3, metrics: [m], arms: [{name: control, allocation: 0.5}, {name: blue, allocation: 0.5}]}
"""


def blueprint(metric: str) -> Blueprint:
    return Blueprint.parse(DOCUMENT % metric, "shop.yaml")


def metric(text: str) -> Metric:
    return blueprint(text).metrics["m"]


@pytest.mark.parametrize(
    ("formula", "fact", "column", "aggregate"),
    [
        ("trades.count", "trades", "count", "sum"),
        ("trades.notional", "trades", "notional", "sum"),
        ("max(trades.notional)", "trades", "notional", "max"),
        ("distinct(trades.asset)", "trades", "asset", "distinct"),
        ("first(trades)", "trades", "count", "first"),
    ],
)
def test_formulas(formula: str, fact: str, column: str, aggregate: str) -> None:
    found = Measure.parse(formula)
    assert (found.key, found.fact, found.column, found.aggregate) == (formula, fact, column, aggregate)
    assert found.columns == frozenset({column} - {"count"})


@pytest.mark.parametrize(
    "formula",
    ["trades", "trades.", "sum(trades.notional)", "max(trades)", "max(trades.count)", "first(trades.asset)",
     "distinct(trades.count)", "max(trades.notional", "trades.notional)", "Trades.count", ""],
)  # fmt: skip
def test_what_is_no_measure(formula: str) -> None:
    with pytest.raises(
        InputError, match=r"metrics\.m\.numerator: is '.*', which is no measure; write <fact>"
    ):
        metric(f"{{type: mean, numerator: {formula!r}}}")


def test_a_restricted_measure_has_a_key_of_its_own() -> None:
    found = metric(
        "{type: mean, numerator: trades.notional, where: {side: buy, asset: [BTC, ETH], notional: "
        "{at_least: 10, below: 99.5}}, window: {from_day: 7, to_day: 14}}"
    ).measures[0]
    assert found.key == "trades.notional[asset=BTC|ETH; notional>=10<99.5; side=buy; day 7-14]"
    assert found.columns == {"notional", "asset", "side"}
    assert found.texts == {"notional", "asset", "side"}
    assert not found.is_plain
    assert found == Measure.parse("trades.notional").restricted(
        {"notional": Bounds(at_least=10, below=99.5), "asset": ["BTC", "ETH"], "side": "buy"},
        Window(from_day=7, to_day=14),
    )
    assert len({found, found}) == 1


def test_both_parts_of_a_ratio_are_restricted() -> None:
    found = metric("{type: ratio, numerator: trades.notional, denominator: trades.count, where: {side: buy}}")
    assert [each.key for each in found.measures] == ["trades.notional[side=buy]", "trades.count[side=buy]"]


def test_fields_that_are_not_used_leave_the_version_as_it_was() -> None:
    plain = blueprint("{type: mean, numerator: trades.count}")
    assert '"where"' not in plain.document()
    assert '"window"' not in plain.document()
    assert Blueprint.parse(plain.document(), "").version == plain.version
    windowed = blueprint("{type: mean, numerator: trades.count, window: {to_day: 7}}")
    assert windowed.version != plain.version
    assert Blueprint.parse(windowed.document(), "").metrics == windowed.metrics


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{type: quantile, numerator: trades.notional}", "m.quantile: is missing; a quantile needs it"),
        ("{type: mean, numerator: trades.count, quantile: 0.5}",
         "m.quantile: is 0.5; only a quantile has it, this is a mean"),
        ("{type: ratio, numerator: trades.notional, denominator: trades.count, cap: 5}",
         "m.cap: is 5; only a mean has it, this is a ratio"),
        ("{type: time_to_event, numerator: first(trades)}",
         "m.horizon_days: is missing; a time_to_event needs it"),
        ("{type: time_to_event, numerator: trades.count, horizon_days: 7}",
         "m.numerator: is 'trades.count'; a time to event needs first(<fact>)"),
        ("{type: mean, numerator: first(trades)}",
         "m.numerator: is 'first(trades)', a time that some units do not have; only a time_to_event can"),
        ("{type: time_to_event, numerator: first(trades), horizon_days: 7, window: {to_day: 3}}",
         "m.window: does not go with a time_to_event, which has horizon_days; remove it"),
        ("{type: mean, numerator: trades.count, window: {from_day: 7, to_day: 7}}",
         "m.window.to_day: is 7; it must exceed from_day, 7"),
        ("{type: mean, numerator: trades.count, where: {notional: {}}}",
         "is empty; name one of at_least, above"),
        ("{type: mean, numerator: max(trades.notionel)}",
         "is 'max(trades.notionel)', but fact 'trades' has no measure 'notionel'; did you mean 'notional'?"),
        ("{type: mean, numerator: distinct(trade.asset)}", "but there is no fact 'trade'"),
    ],
)  # fmt: skip
def test_one_sentence_for_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        metric(text)
    assert caught.value.message.startswith("shop.yaml, metrics.m")
    assert sentence in caught.value.message


def test_the_method_gets_what_the_metric_decides() -> None:
    assert metric("{type: quantile, numerator: trades.notional, quantile: 0.9}").options == {"q": 0.9}
    times = "{type: time_to_event, numerator: first(trades), horizon_days: 14%s}"
    assert metric(times % "").options == {"tau": 14.0}
    assert metric(times % ", method: retention").options == {"day": 14.0}
    assert metric(times % ", method: log_rank").options == {}
    assert metric("{type: mean, numerator: trades.count}").options == {}


def test_only_plain_sums_have_a_known_truth() -> None:
    plain = {"{type: mean, numerator: trades.count}", "{type: proportion, numerator: trades.notional}"}
    others = {
        "{type: mean, numerator: trades.count, cap: 3}",
        "{type: mean, numerator: trades.count, where: {side: buy}}",
        "{type: mean, numerator: distinct(trades.asset)}",
        "{type: quantile, numerator: trades.notional, quantile: 0.5}",
    }
    assert {text: metric(text).is_plain for text in plain | others} == {
        **dict.fromkeys(plain, True),
        **dict.fromkeys(others, False),
    }


def test_the_page_shows_what_can_be_written() -> None:
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text()
    shown = "".join(re.findall(r"```yaml\n(.*?)```", page.partition("## Facts in place")[0], re.DOTALL))
    head = "name: shop\nstart: 2026-01-05\n"
    found = Blueprint.parse(head + shown, "docs/metrics.md")
    assert problems(found) == []
    assert {metric.type for metric in found.metrics.values()} == {*get_args(MetricType)}
    defaults = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| `(\w+)` \|", page, re.MULTILINE))
    assert defaults == DEFAULT_METHOD

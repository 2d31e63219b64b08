"""What looks say under each plan: families, guardrails, posteriors, and what stands once it is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from assay import configs
from assay.medallion.decisions import DECISIONS, Decision, Result, decide, explore, interval_level, words
from assay.medallion.decisions.levels import decides, evidence, nominal
from assay.spec import Blueprint, Metric, PlannedExperiment
from assay.stats.sequential import repeated_p_values, spending_bounds

START = date(2026, 1, 5)
WEEKS = 7
DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at, values: [notional]}}
metrics:
  one: {{type: mean, numerator: trades.count, margin: 0.02}}
  two: {{type: mean, numerator: trades.notional}}
  three: {{type: mean, numerator: trades.count, higher_is_better: false, margin: 0.02}}
experiments:
  button:
    weeks: 7
    metrics: [one, two, three]
    arms: [{{name: a, allocation: 0.4}}, {{name: b, allocation: 0.3}}, {{name: c, allocation: 0.3}}]
    {rest}
"""
SEQUENTIAL = "plan: {kind: sequential, looks: [2, 4, 7]}"


def look(week: int) -> date:
    return START + timedelta(weeks=week)


def planned(rest: str = "") -> tuple[PlannedExperiment, dict[str, Metric]]:
    blueprint = Blueprint.parse(DOCUMENT.format(rest=rest), "test")
    return blueprint.round_of("button"), blueprint.metrics


def result(metric: str = "one", week: int = WEEKS, p_value: float | None = 0.5, **changes: object) -> Result:
    """A comparison that shows an increase, if it shows anything."""
    found = Result(metric, "b vs a", look(week), 1.0, p_value, -1.0, 3.0, -0.1, 0.3, srm=False)
    return replace(found, **changes)  # type: ignore[arg-type]


def said(rest: str, rows: Iterable[Result], alpha: float = 0.05) -> list[Decision]:
    return decide(*planned(rest), alpha, list(rows))


# ---- known values


def test_by_default_only_the_end_decides_at_bonferronis_level() -> None:
    rows = [result(week=week, p_value=0.001) for week in range(1, WEEKS + 1)]
    rows += [result("two", week, 0.04) for week in range(1, WEEKS + 1)]
    found = said("", rows)
    assert [d.word for d in found] == [*["running"] * 6, "better", *["running"] * 6, "no difference shown"]
    assert {d.alpha_corrected for d in found} == {0.05 / 2}
    assert [d.decided for d in found if d.decided] == [look(WEEKS)]


@pytest.mark.parametrize(
    ("multiplicity", "levels", "better"),
    [
        ("bonferroni", [0.05 / 3] * 3, "one"),
        ("holm", [0.05 / 3, 0.05 / 2, 0.05 / 2], "one"),
        ("hochberg", [0.05] * 3, "one two three"),
        ("benjamini_hochberg", [0.05] * 3, "one two three"),
        ("none", [0.05] * 3, "one two three"),
    ],
)
def test_the_level_is_that_of_the_step(multiplicity: str, levels: list[float], better: str) -> None:
    rows = [result("one", p_value=0.01), result("two", p_value=0.03), result("three", p_value=0.04)]
    found = said(f"plan: {{kind: fixed, multiplicity: {multiplicity}}}", rows)
    assert [d.alpha_corrected for d in found] == pytest.approx(levels, rel=1e-15)
    shown = [row.metric for row, d in zip(rows, found, strict=True) if d.word in ("better", "worse")]
    assert shown == better.split()


def test_the_side_is_that_of_the_metric_and_the_estimate() -> None:
    rows = [
        result(metric, p_value=1e-6, estimate=estimate) for metric in ("one", "three") for estimate in (1.0,)
    ]
    assert [d.word for d in said("", rows)] == ["better", "worse"]
    rows = [replace(row, estimate=-1.0) for row in rows]
    assert [d.word for d in said("", rows)] == ["worse", "better"]


def test_secondary_metrics_are_a_family_of_their_own() -> None:
    rows = [result("one", p_value=0.024), result("two", p_value=0.024), result("three", p_value=0.04)]
    found = said("roles: {three: secondary}", rows)
    assert [d.alpha_corrected for d in found] == [0.025, 0.025, 0.05]
    assert [d.word for d in found] == ["better", "better", "worse"]


def test_treatments_count_in_the_family() -> None:
    rows = [result(contrast=contrast) for contrast in ("b vs a", "c vs a")]
    assert {d.alpha_corrected for d in said("", rows)} == {0.025}


@pytest.mark.parametrize(
    ("lower", "upper", "word"),
    [
        (-0.019, 0.1, "within margin"),
        (-0.019, -0.001, "within margin"),  # a harm that is small enough
        (-0.02, 0.1, "margin not shown"),
        (-0.05, -0.001, "harmed"),
        (-0.05, -0.03, "harmed"),
        (None, 0.1, "margin not shown"),
        (-np.inf, 0.1, "margin not shown"),
        (None, None, "margin not shown"),
    ],
)
def test_a_guardrail_excludes_a_harm_of_its_margin(
    lower: float | None, upper: float | None, word: str
) -> None:
    roles = "roles: {one: guardrail, three: guardrail}"
    up = result("one", relative_lower=lower, relative_upper=upper)
    mirrored = [None if end is None else -end for end in (upper, lower)]
    down = result("three", relative_lower=mirrored[0], relative_upper=mirrored[1])
    for found in said(roles, [up, down]):
        assert found == Decision(word, None if word == "margin not shown" else look(WEEKS), 0.05)
    early = said(roles, [replace(up, as_of=look(3)), replace(down, as_of=look(3))])
    assert [d.word for d in early] == ["running"] * 2


def test_a_sequential_plan_holds_each_planned_look_to_its_bound_and_no_other() -> None:
    rows = [result(week=week) for week in range(1, WEEKS + 1)]
    found = said(SEQUENTIAL, rows)
    bounds = spending_bounds(np.array([2, 4, 7]) / 7).level
    wanted = [None, bounds[0], None, bounds[1], None, None, bounds[2]]
    assert [d.alpha_corrected for d in found] == wanted
    assert [d.word for d in found] == [*["running"] * 6, "no difference shown"]


def test_what_a_look_decides_stands() -> None:
    """The second planned look is beyond its bound; later looks say so, whatever they find."""
    bound = spending_bounds(np.array([2, 4, 7]) / 7).level[1]
    p = [0.5, 0.5, 1e-9, 0.99 * bound, 0.9, 0.9, 0.9]
    rows = [result(week=week + 1, p_value=p[week], estimate=1.0 if week < 4 else -1.0) for week in range(7)]
    found = said(SEQUENTIAL, rows)
    assert [d.word for d in found] == [*["running"] * 3, *["better"] * 4]  # week 3 is no planned look
    assert {d.decided for d in found[3:]} == {look(4)}
    assert [d.word for d in said(SEQUENTIAL, [replace(r, srm=r.as_of == look(5)) for r in rows])] == [
        *["running"] * 3, "better", words.INVALID, "better", "better",
    ]  # fmt: skip


def test_a_step_of_holms_may_come_at_a_later_look_with_the_side_of_its_evidence() -> None:
    """`two` is clear enough for alpha at week 2, but gets it only once `one` is rejected at week 5."""
    plan = "plan: {kind: anytime, multiplicity: holm}"
    p = {"one": [0.9, 0.9, 0.9, 0.9, 0.001, 0.9, 0.9], "two": [0.9, 0.03, *[0.9] * 5]}
    rows = [
        result(metric, week + 1, value, estimate=1.0 if week == 1 else -1.0)
        for metric, values in p.items()
        for week, value in enumerate(values)
    ]
    found = said(plan, rows)
    assert [d.word for d in found[:7]] == [*["running"] * 4, *["worse"] * 3]
    assert [d.word for d in found[7:]] == [*["running"] * 4, *["better"] * 3]
    assert {d.decided for d in found if d.decided} == {look(5)}


def test_a_guardrail_of_an_early_plan_is_judged_at_each_look_anew() -> None:
    roles = "plan: {kind: anytime}\n    roles: {one: guardrail}"
    ends = {1: (-0.5, 0.5), 2: (-0.01, 0.1), 3: (-0.1, -0.05), 7: (-0.1, 0.1)}
    rows = [result(week=week, relative_lower=a, relative_upper=b) for week, (a, b) in ends.items()]
    found = said(roles, rows)
    assert [d.word for d in found] == ["running", "within margin", "harmed", "margin not shown"]
    assert [d.decided for d in found] == [None, look(2), look(3), None]


@pytest.mark.parametrize(
    ("lower", "upper", "word"),
    [(0.011, 0.5, "better"), (0.009, 0.5, "no difference shown"), (-0.5, -0.011, "worse"),
     (-0.001, 0.001, "no difference shown"), (None, None, "no difference shown")],
)  # fmt: skip
def test_a_posterior_decides_beyond_the_region(lower: float | None, upper: float | None, word: str) -> None:
    plan = "plan: {kind: bayesian, rope: 0.01}"
    row = result("two", p_value=None, relative_lower=lower, relative_upper=upper)
    (found,) = said(plan, [row])
    assert found == Decision(word, None if word.startswith("no") else look(WEEKS), None)
    assert said(plan, [replace(row, as_of=look(2))])[0].word == "running"


def test_without_a_region_the_difference_decides_where_there_is_no_lift() -> None:
    row = result("three", p_value=None, lower=0.2, relative_lower=None, relative_upper=None)
    assert said("plan: {kind: bayesian}", [row])[0].word == "worse"


def test_intervals_decide_at_a_level_of_their_own() -> None:
    bayesian, _ = planned("plan: {kind: bayesian, threshold: 0.9}\n    roles: {one: guardrail}")
    assert interval_level(bayesian, "primary", look(7), 0.05) == pytest.approx(0.2)
    assert interval_level(bayesian, "guardrail", look(7), 0.05) == 0.05
    sequential, _ = planned(SEQUENTIAL)
    levels = spending_bounds(np.array([2, 4, 7]) / 7).level
    assert [interval_level(sequential, "guardrail", look(w), 0.05) for w in (2, 3, 7)] == [
        levels[0], 0.05, levels[2],
    ]  # fmt: skip
    assert interval_level(sequential, "primary", look(2), 0.05) == 0.05


def test_a_look_so_early_that_it_spends_nothing_decides_nothing() -> None:
    early, _ = planned("plan: {kind: sequential, looks: [1, 7]}")
    assert nominal(early, look(1), 1e-60) is None
    assert interval_level(early, "guardrail", look(1), 1e-60) == 1e-60
    assert interval_level(early, "guardrail", look(1), 1e-9) == 1e-12
    assert decides(early, look(1))
    assert not decides(early, look(2))


def test_the_contract_knows_every_word() -> None:
    text = Path(configs.path("glue_configs/contracts/gold.experiment_results.yaml")).read_text()
    columns = {column["name"]: column for column in yaml.safe_load(text)["schema"][0]["properties"]}
    assert {value["value"] for value in columns["decision"]["enum"]} == set(DECISIONS)


# ---- relations


def test_evidence_is_below_a_level_where_the_p_value_is_below_the_looks_own() -> None:
    round_, _ = planned(SEQUENTIAL)
    p = np.array([[1e-3, 1e-3, 0.01], [1e-6, 0.02, 0.04], [np.nan, 1.0, 0.0]])
    looks = [look(week) for week in (2, 4, 7)]
    found = evidence(round_, looks, p, 0.05)
    for level in (0.05, 0.01, 0.05 / 3):
        own = np.array([nominal(round_, each, level) for each in looks], dtype=np.float64)
        assert ((found < level) == (p < own)).all()
    z = np.array([[2.5, 2.5, 2.5]])
    repeated = repeated_p_values(z, np.array([2, 4, 7]) / 7)
    assert evidence(round_, looks, 2 * ndtr(-z), 0.05) == pytest.approx(repeated, rel=1e-9)


_P = st.lists(st.floats(1e-9, 1.0), min_size=12, max_size=12)


@settings(deadline=None)  # the first example imports SciPy's parts
@given(p=_P, multiplicity=st.sampled_from(["bonferroni", "holm", "hochberg", "benjamini_hochberg", "none"]))
def test_a_decision_is_never_taken_back_and_agrees_with_its_level(p: list[float], multiplicity: str) -> None:
    rows = [
        result(metric, week, p[3 * i + j]) for i, week in enumerate((1, 3, 5, 7)) for j, metric in
        enumerate(("one", "two", "three"))
    ]  # fmt: skip
    found = dict(
        zip(
            [r.key for r in rows],
            said(f"plan: {{kind: anytime, multiplicity: {multiplicity}}}", rows),
            strict=True,
        )
    )
    for metric in ("one", "two", "three"):
        path = [found[metric, "b vs a", look(week)] for week in (1, 3, 5, 7)]
        for before, after in pairwise(path):
            assert before.decided is None or after.decided == before.decided
        assert all(d.word in DECISIONS for d in path)
        for d, week in zip(path, (1, 3, 5, 7), strict=True):
            least = min(r.p_value or 1.0 for r in rows if r.metric == metric and r.as_of <= look(week))
            assert (d.decided is not None) == (least < (d.alpha_corrected or 0.0))


def test_order_of_rows_has_no_say() -> None:
    rows = [result(metric, week, 0.02 / week) for metric in ("one", "two") for week in (2, 4, 7)]
    forth = dict(zip([r.key for r in rows], said(SEQUENTIAL, rows), strict=True))
    back = dict(zip([r.key for r in rows[::-1]], said(SEQUENTIAL, rows[::-1]), strict=True))
    assert forth == back


# ---- edges


def test_a_test_that_does_not_exist_counts_and_decides_nothing() -> None:
    found = said("", [result("one", p_value=None, estimate=None), result("two", p_value=0.026)])
    assert [d.word for d in found] == ["no difference shown"] * 2
    assert {d.alpha_corrected for d in found} == {0.025}


def test_a_mismatch_invalidates_what_would_be_said_and_only_that() -> None:
    for rest in ("", "roles: {one: guardrail}", SEQUENTIAL, "plan: {kind: bayesian}"):
        rows = [result(week=2, p_value=1e-12, srm=True), result(week=7, p_value=1e-12, srm=True)]
        assert [d.word for d in said(rest, rows)] == ["running", words.INVALID]


def test_nothing_is_decided_on_nothing() -> None:
    assert said(SEQUENTIAL, []) == []


# ---- segments


def test_segments_decide_nothing_and_share_the_level_of_their_look() -> None:
    """Three segments have units of metric one at two looks, two of them have some of metric two."""
    rows = [result("one", week, 1e-9) for week in (6, WEEKS) for _ in range(3)]
    rows += [result("two", WEEKS, 1e-9, srm=True) for _ in range(2)]
    rows.append(result("one", WEEKS, 0.5, contrast="c vs a"))
    for rest in ("", SEQUENTIAL, "plan: {kind: anytime}", "roles: {one: guardrail}"):
        found = explore(planned(rest)[0], 0.06, rows)
        assert {(d.word, d.decided) for d in found} == {("exploratory", None)}
        assert [d.alpha_corrected for d in found] == pytest.approx([0.02] * 6 + [0.03] * 2 + [0.06])
    believed = explore(planned("plan: {kind: bayesian}")[0], 0.06, rows)
    assert believed == [Decision("exploratory", None, None)] * len(rows)
    assert explore(planned()[0], 0.06, []) == []

"""The analysis of a flat table: known values, relations, edges."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from assay.serving.analysis import Analysis, analyze, analyze_file

RNG = np.random.Generator(np.random.PCG64DXSM(7))
N = 600
TABLE = {
    "arm": (["control"] * 200 + ["red"] * 200 + ["blue"] * 200),
    "revenue": RNG.gamma(1.5, 20.0, N).tolist(),
    "visits": RNG.poisson(4, N).tolist(),
    "bought": (RNG.random(N) < np.repeat([0.2, 0.2, 0.5], 200)).tolist(),
}


def _one(table: object, metric: str, **options: object) -> object:
    options = {"diagnose": False} | options
    return analyze(table, arm="arm", control="control", metrics=[metric], **options).comparisons  # type: ignore[arg-type]


def test_a_mean_is_welchs_test_of_scipy() -> None:
    row = _one(TABLE, "revenue")[0]  # type: ignore[index]
    blue, control = (np.array(TABLE["revenue"][i : i + 200]) for i in (400, 0))
    expected = scipy_stats.ttest_ind(blue, control, equal_var=False)
    interval = expected.confidence_interval()
    assert (row.metric, row.type, row.method, row.contrast) == ("revenue", "mean", "welch", "blue vs control")
    assert row.p_value == pytest.approx(expected.pvalue, rel=1e-12)
    assert (row.lower, row.upper) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert row.df == pytest.approx(expected.df, rel=1e-12)


def test_a_proportion_is_compared_by_score() -> None:
    row = _one(TABLE, "bought")[0]  # type: ignore[index]
    assert (row.type, row.method) == ("proportion", "proportions_score")
    assert row.mean_treatment == pytest.approx(np.mean(TABLE["bought"][400:]))
    assert row.decision == "higher"
    assert "points, 95 % interval" in row.sentence


def test_a_ratio_is_the_ratio_of_sums() -> None:
    row = _one(TABLE, "revenue/visits:ratio")[0]  # type: ignore[index]
    control = sum(TABLE["revenue"][:200]) / sum(TABLE["visits"][:200])
    assert (row.metric, row.method) == ("revenue/visits", "ratio_delta")
    assert row.mean_control == pytest.approx(control)
    assert (
        analyze(TABLE, arm="arm", control="control", metrics=["revenue/visits"]).summaries[0].std_dev is None
    )


def test_every_arm_against_control_on_every_metric_corrected_by_holm() -> None:
    found = analyze(TABLE, arm="arm", control="control", metrics=["revenue", "bought", "visits:mean"])
    assert [arm.arm for arm in found.arms] == ["control", "blue", "red"]
    assert [(row.metric, row.treatment) for row in found.comparisons] == [
        (metric, arm) for metric in ("revenue", "bought", "visits") for arm in ("blue", "red")
    ]
    assert found.alpha_bonferroni == pytest.approx(0.05 / 6)
    p = [row.p_value for row in found.comparisons]
    assert min(row.p_holm for row in found.comparisons) == pytest.approx(min(p) * 6)
    for row in found.comparisons:
        assert (row.p_holm < 0.05) == (row.decision != "no difference shown")
        assert (row.p_holm < 0.05) == (not row.lower_corrected <= 0 <= row.upper_corrected)


def test_types_are_inferred_or_asked_for() -> None:
    for values, kind in (
        ([0, 1] * 300, "proportion"),
        ([True, False] * 300, "proportion"),
        ([0, 2] * 300, "mean"),
    ):
        assert _one({**TABLE, "x": values}, "x")[0].type == kind  # type: ignore[index]
    assert _one({**TABLE, "x": [0, 1] * 300}, "x:mean")[0].method == "welch"  # type: ignore[index]
    assert _one({**TABLE, "x": [0, 1] * 300}, "x:binary")[0].type == "proportion"  # type: ignore[index]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(N)
    shuffled = {name: [values[i] for i in order] for name, values in TABLE.items()}
    a, b = (_one(table, "revenue")[1] for table in (TABLE, shuffled))  # type: ignore[index]
    assert a.estimate == pytest.approx(b.estimate, rel=1e-9)
    assert a.p_value == pytest.approx(b.p_value, rel=1e-9)


def test_swapping_control_flips_the_sign() -> None:
    there = analyze(TABLE, arm="arm", control="control", metrics=["revenue"]).comparisons[0]
    back = next(
        row
        for row in analyze(TABLE, arm="arm", control="blue", metrics=["revenue"]).comparisons
        if row.treatment == "control"
    )
    assert back.estimate == pytest.approx(-there.estimate)
    assert (back.lower, back.upper) == pytest.approx((-there.upper, -there.lower))


def test_missing_values_are_left_out_and_reported() -> None:
    holes = [None] * 40 + list(TABLE["revenue"][40:])
    found = analyze(
        {**TABLE, "revenue": holes}, arm="arm", control="control", metrics=["revenue", "visits:mean"]
    )
    assert [(s.arm, s.n, s.missing) for s in found.summaries[:3]] == [
        ("control", 160, 40), ("blue", 200, 0), ("red", 200, 0)
    ]  # fmt: skip
    lost = found.checks[1]
    assert (lost.check, lost.status) == ("missing revenue", "warn")
    expected = scipy_stats.chi2_contingency([[40, 0, 0], [160, 200, 200]], correction=False).pvalue
    assert lost.p_value == pytest.approx(expected)
    assert (found.checks[2].status, found.checks[2].p_value) == ("ok", None)


def test_values_missing_alike_are_no_warning() -> None:
    holes = [None if i % 10 == 0 else x for i, x in enumerate(TABLE["revenue"])]
    check = analyze({**TABLE, "revenue": holes}, arm="arm", control="control", metrics=["revenue"]).checks[1]
    assert check.status == "ok"
    assert "20 of 200 in arm red (10.0 %)" in check.detail


def test_rows_without_an_arm_are_counted() -> None:
    found = analyze(
        {**TABLE, "arm": [None, "", "NaN", *TABLE["arm"][3:]]},
        arm="arm",
        control="control",
        metrics=["revenue"],
    )
    assert (found.rows, found.rows_without_arm, found.arms[0].units) == (600, 3, 197)


def test_a_sample_ratio_mismatch_invalidates_every_decision() -> None:
    shares = {"control": 0.5, "red": 0.25, "blue": 0.25}
    found = analyze(TABLE, arm="arm", control="control", metrics=["revenue", "bought"], allocation=shares)
    assert found.checks[0].status == "fail"
    assert found.checks[0].p_value == pytest.approx(scipy_stats.chisquare([200] * 3, [300, 150, 150]).pvalue)
    assert {row.decision for row in found.comparisons} == {"invalid: sample ratio mismatch"}
    assert found.comparisons[0].sentence.endswith("invalid: sample ratio mismatch")


def test_arms_as_allocated_pass() -> None:
    shares = dict.fromkeys(("control", "red", "blue"), 1 / 3)
    found = analyze(TABLE, arm="arm", control="control", metrics=["revenue"], allocation=shares)
    assert (found.checks[0].status, found.arms[0].planned_share) == ("ok", pytest.approx(1 / 3))


def test_values_that_do_not_vary_cannot_be_judged() -> None:
    found = analyze(
        {"arm": ["control", "b"] * 4, "x": [5, 7] * 4}, arm="arm", control="control", metrics=["x"]
    )
    (row,) = found.comparisons
    assert row.decision.startswith("cannot be judged: no unit differs")
    assert row.estimate == 2
    assert found.to_dict()["comparisons"][0]["p_value"] is None  # type: ignore[index]
    assert "circle" in found.to_html()


def test_a_control_of_mean_zero_has_no_lift() -> None:
    table = {"arm": ["control"] * 4 + ["b"] * 4, "x": [-1.0, 1.0, -2.0, 2.0, 1.0, 2.0, 3.0, 4.0]}
    found = analyze(table, arm="arm", control="control", metrics=["x"])
    assert math.isnan(found.comparisons[0].relative_estimate)
    assert "no relative form" in found.to_html()


@pytest.mark.parametrize(
    ("column", "control", "arms"),
    [
        ([0.0, 1.0, 1.0, 0.0], "0", ("0", "1")),
        ([0, 1, 1, 0], "0.0", ("0", "1")),
        ([True, False, False, True], "True", ("true", "false")),
        (["B", "a", "a", "B"], "b", ("B", "a")),
        ([Decimal("10.0"), Decimal("9.0"), Decimal("9.0"), Decimal("10.0")], "10", ("10", "9")),
        (pa.array(["x", "y", "y", "x"]).dictionary_encode(), "y", ("y", "x")),
    ],
)
def test_arms_of_any_type_are_found_as_people_write_them(
    column: object, control: str, arms: tuple[str, ...]
) -> None:
    found = analyze({"arm": column, "y": [1, 3, 4, 2]}, arm="arm", control=control, metrics=["y"])
    assert tuple(arm.arm for arm in found.arms) == arms


def test_tables_of_any_kind_give_the_same_result(tmp_path: Path) -> None:
    frame = pd.DataFrame(TABLE)
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.tsv", index=False, sep="\t")
    frame.to_csv(tmp_path / "bom.csv", index=False, sep=";", encoding="utf-8-sig")
    pq.write_table(pa.Table.from_pandas(frame), tmp_path / "t.parquet", row_group_size=100)
    asked: dict[str, object] = {"arm": "arm", "control": "control", "metrics": ["revenue", "bought"]}
    asked["diagnose"] = False
    wanted = analyze(frame, **asked).comparisons  # type: ignore[arg-type]
    assert analyze(pa.table(TABLE), **asked).comparisons == wanted  # type: ignore[arg-type]
    for name in ("t.csv", "t.tsv", "bom.csv", "t.parquet"):
        found = analyze_file(tmp_path / name, **asked)  # type: ignore[arg-type]
        assert [row.estimate for row in found.comparisons] == pytest.approx([row.estimate for row in wanted])
        assert found.source == name


def test_a_column_may_be_named_like_the_notation(tmp_path: Path) -> None:
    del tmp_path
    table = {"arm": ["a", "a", "b", "b"], "x:y": [1, 2, 3, 5], "a/b": [1, 2, 3, 5], "n/m": [1, 1, 1, 2]}
    for text in ("x:y", "a/b", "a/b:mean", "a/b/n/m:ratio"):
        found = analyze(table, arm="arm", control="a", metrics=[text])
        assert found.comparisons[0].estimate > 0


def _parsed(found: Analysis) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(found.to_json())
    return parsed


def test_json_keeps_full_precision_and_a_stable_shape() -> None:
    found = analyze(TABLE, arm="arm", control="control", metrics=["revenue"])
    document = _parsed(found)
    assert list(document) == [
        "schema", "source", "arm_column", "control", "rows", "rows_without_arm", "alpha", "alpha_bonferroni",
        "arms", "summaries", "comparisons", "checks", "diagnoses", "summarised",
    ]  # fmt: skip
    assert document["schema"] == "assay.analysis/1"
    assert document["comparisons"][0]["estimate"] == found.comparisons[0].estimate  # type: ignore[index]

"""Summary statistics of other tools say what the units say; what no data have is refused."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assay.errors import InputError
from assay.serving.analysis import analyze
from assay.serving.summaries import compare
from assay.stats import METHODS, Moments

RNG = np.random.Generator(np.random.PCG64DXSM(11))
N = 300
ARMS = ("a", "b", "c")
X = {arm: RNG.gamma(2.0, 3.0, N) for arm in ARMS}
Y = {arm: X[arm] * 0.8 + RNG.gamma(2.0, 2.0, N) * (1 + i / 10) for i, arm in enumerate(ARMS)}
D = {arm: RNG.poisson(4.0, N) + 1.0 for arm in ARMS}
BOUGHT = {arm: (Y[arm] > 9).astype(float) for arm in ARMS}
Table = dict[str, list[Any]]


def units(**options: Any) -> Any:
    table = {
        "arm": np.repeat(ARMS, N).tolist(),
        **{name: np.concatenate([s[arm] for arm in ARMS]).tolist() for name, s in SERIES.items()},
    }
    return analyze(table, arm="arm", control="a", diagnose=False, **options).comparisons


SERIES = {"spent": Y, "visits": D, "bought": BOUGHT}


def sums(*, covariate: bool = False) -> Table:
    """As GrowthBook's queries give them: a mean, a ratio and a proportion."""
    rows = []
    for arm in ARMS:
        y, d, x, k = Y[arm], D[arm], X[arm], BOUGHT[arm]
        main = {"main_sum": y.sum(), "main_sum_squares": (y * y).sum()}
        before = {
            "covariate_sum": x.sum(), "covariate_sum_squares": (x * x).sum(),
            "main_covariate_sum_product": (x * y).sum(),
        }  # fmt: skip
        below = {
            "denominator_sum": d.sum(), "denominator_sum_squares": (d * d).sum(),
            "main_denominator_sum_product": (d * y).sum(),
        }  # fmt: skip
        rows += [
            {"metric": "spent", **main, **(before if covariate else {})},
            {"metric": "spent/visits", **main, **below},
            {"metric": "bought", "main_sum": k.sum(), "main_sum_squares": k.sum()},
        ]
        for row in rows[-3:]:
            row |= {"variation": arm, "users": N, "dimension": "All"}
    names = {name for row in rows for name in row}
    return {name: [row.get(name) for row in rows] for name in sorted(names)}


def aggregates() -> Table:
    """As tea-tasting's queries give them."""
    series = {"spent": Y, "visits": D, "before": X, "bought": BOUGHT}
    table: Table = {"variant": list(ARMS), "_count": [N] * 3}
    for name, values in series.items():
        table[f"_mean__{name}"] = [values[arm].mean() for arm in ARMS]
        table[f"_var__{name}"] = [values[arm].var(ddof=1) for arm in ARMS]
    for a, b in (("spent", "visits"), ("before", "spent"), ("before", "visits")):
        table[f"_cov__{a}__{b}"] = [np.cov(series[a][arm], series[b][arm])[0, 1] for arm in ARMS]
    return table


def centred(*, covariate: bool = False) -> Table:
    """As gold.metric_moments holds them: a mean and a ratio."""
    rows = []
    for arm in ARMS:
        for metric, d in (("spent", np.ones(N)), ("spent/visits", D[arm])):
            m = Moments.of(Y[arm], d, X[arm] if covariate else np.zeros(N))
            rows.append(
                {"arm": arm, "metric": metric}
                | {n: float(getattr(m, n)) for n in ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd")}
                | {n: float(getattr(m, n)) for n in ("mean_x", "m2_x", "c_yx", "c_dx")}
            )
    return {name: [row[name] for row in rows] for name in rows[0]}


def refused(table: Table, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        compare(table, **{"control": "a"} | options)
    assert "\n" not in caught.value.message
    return caught.value.message


RATIO = ("denominator_sum", "denominator_sum_squares", "main_denominator_sum_product")
COVARIATE = ("covariate_sum", "covariate_sum_squares", "main_covariate_sum_product")


def sums_of_many() -> Table:
    """A column of ids, taken for the arms."""
    return {name: [10.0] * 101 for name in ("users", "main_sum", "main_sum_squares")} | {
        "variation": list(range(101))
    }


METRICS = ["spent", "spent/visits:ratio", "bought"]


@pytest.mark.parametrize(
    ("table", "metrics", "asked"),
    [
        (sums(), METRICS, []),
        (aggregates(), METRICS, METRICS),
        (centred(), METRICS[:2], []),
        (pa.table(sums()), METRICS, []),
        (
            {name: ["" if v is None else str(v) for v in values] for name, values in sums().items()},
            METRICS,
            [],
        ),
    ],
)
def test_sums_and_moments_say_what_the_units_say(table: Any, metrics: list[str], asked: list[str]) -> None:
    found = compare(table, control="a", metrics=asked).analysis
    for row, expected in zip(found.comparisons, units(metrics=metrics), strict=True):
        assert (row.metric, row.type, row.method) == (expected.metric, expected.type, expected.method)
        for name in ("estimate", "lower", "upper", "p_value", "relative_lower", "mean_control", "p_holm"):
            assert getattr(row, name) == pytest.approx(getattr(expected, name), rel=1e-9), name
        assert (row.n_control, row.decision) == (N, expected.decision)
    assert found.summarised
    assert found.rows == 3 * N
    assert not found.diagnoses


def test_cuped_by_three_layouts() -> None:
    expected = METHODS["cuped"](Moments.of(Y["a"], x=X["a"]), Moments.of(Y["b"], x=X["b"]))
    for table, options in (
        (sums(covariate=True), {"metrics": ["spent"]}),
        (aggregates(), {"metrics": ["spent"], "covariate": "before"}),
        (centred(covariate=True), {"metrics": ["spent"]}),
    ):
        row = compare(table, control="a", method="cuped", **options).analysis.comparisons[0]  # type: ignore[arg-type]
        assert row.p_value == pytest.approx(float(expected.p_value), rel=1e-9)
        assert row.method == "cuped"
    ratio = {"metrics": ["spent/visits"], "covariate": "before", "method": "cuped_ratio"}
    both = [
        compare(aggregates(), control="a", **ratio),  # type: ignore[arg-type]
        compare(centred(covariate=True), control="a", metrics=["spent/visits"], method="cuped_ratio"),
    ]
    p, q = (each.analysis.comparisons[0].p_value for each in both)
    assert p == pytest.approx(q, rel=1e-9)


def test_the_sample_ratio_is_checked_and_missing_units_are_counted() -> None:
    table = sums()
    table["users"][2] = N - 10  # of `bought` in the first arm; still a possible proportion
    found = compare(table, control="a", allocation={"a": 0.2, "b": 0.4, "c": 0.4}).analysis
    assert found.checks[0].status == "fail"
    assert {row.decision for row in found.comparisons} == {"invalid: sample ratio mismatch"}
    assert [row.missing for row in found.summaries if row.metric == "bought"] == [10, 0, 0]


def test_types_and_arms_as_the_user_names_them() -> None:
    table = sums() | {"group": sums()["variation"]}
    assert (
        compare(table, control="A", arm="group", metrics=["bought:mean"]).analysis.comparisons[0].method
        == "welch"
    )
    assert compare(aggregates(), control="a").analysis.comparisons[0].metric == "spent"
    assert "the variance of no 0/1 metric" in refused(table, metrics=["spent:proportion"])
    assert "has no denominator; it is no ratio" in refused(table, metrics=["spent:ratio"])


def test_few_digits_are_told_and_none_are_refused() -> None:
    """NIST's NumAcc4 in sums: 10,000,000.2 once, and 500 times each 10,000,000.1 and 10,000,000.3."""
    y = np.array([10_000_000.2] + [10_000_000.1, 10_000_000.3] * 500)
    table = {
        "variation": ["a", "b"], "users": [1001] * 2, "main_sum": [y.sum()] * 2,
        "main_sum_squares": [float(np.sum(y * y)) + 64.0] * 2,
    }  # fmt: skip
    check = compare(table, control="a").analysis.checks[-1]
    assert (check.check, check.status) == ("digits main", "warn")
    assert "keep about 0 digits of the variance" in check.detail
    table["main_sum_squares"] = [float(np.sum(y * y)) - 64.0] * 2
    assert "gives y a variance of -0.0" in refused(table)
    fine = compare(sums(), control="a").analysis
    assert not [each for each in fine.checks if each.check.startswith("digits")]
    nothing = table | {"main_sum": [0.0] * 2, "main_sum_squares": [0.0] * 2}
    assert len(compare(nothing, control="a").analysis.checks) == 2


def _changed(**columns: object) -> Table:
    """The first row of `sums` with other values."""
    table = sums(covariate=True)
    for name, value in columns.items():
        table[name][0] = value
    return table


@pytest.mark.parametrize(
    ("table", "options", "says"),
    [
        ({"arm": ["a", "b"], "x": [1, 2]}, {}, "the columns are arm, x; summary statistics have those"),
        (sums(), {"alpha": 0.0}, "alpha is 0.0; it must lie strictly between 0 and 1"),
        (sums(), {"control": "z"}, "control 'z' is not there"),
        (sums(), {"arm": "variant"}, "there is no arm column 'variant'; did you mean 'variation'?"),
        (sums(), {"metrics": ["spend"]}, "there is no metric 'spend'; did you mean 'spent'?"),
        (sums(), {"method": "welsh"}, "no method 'welsh'; did you mean 'welch'?"),
        (sums(), {"method": "lift_log"}, "method lift_log does not compare the moments of a ratio"),
        (sums(), {"method": "mann_whitney"}, "method mann_whitney does not compare the moments of a mean"),
        (sums(), {"metrics": ["spent"], "method": "cuped"}, "needs a covariate, and metric 'spent' has none"),
        (sums(), {"covariate": "x"}, "this table has it in columns of its own"),
        (aggregates(), {"metrics": ["spend"]}, "there is no metric column 'spend'"),
        (aggregates(), {"metrics": ["spent"], "covariate": "bfore"}, "no covariate 'bfore'"),
        (aggregates(), {"metrics": ["bought/visits"]}, "there is no column '_cov__bought__visits'"),
        (_changed(users=1), {}, "row 1 (arm 'a'): the number of units is 1; it must be a whole number, 2"),
        (_changed(users=300.5), {}, "the number of units is 300.5"),
        (_changed(users=None), {}, "the number of units is nan"),
        (sums() | {"main_sum": ["many"] * 9}, {}, "column 'main_sum' has the text 'many' in row 1"),
        (_changed(main_sum=None), {}, "main_sum is missing or infinite"),
        (_changed(main_sum_squares=1.0), {}, "it is too small for the sum"),
        (_changed(covariate_sum=None), {}, "covariate_sum_squares is given and covariate_sum is not"),
        (_changed(main_covariate_sum_product=1e9), {}, "row 1 (arm 'a'): c_yx is"),
        (_changed(**dict.fromkeys(RATIO, 3.0)), {}, "a ratio with a covariate"),
        (_changed(variation=None), {}, "column 'variation' is empty in row 1"),
        (_changed(variation="b"), {}, "metric 'spent' has 0 rows of arm 'a'; it must have one of each arm"),
        (_changed(dimension="FR"), {}, "column 'dimension' has 2 values, 'All' and 'FR' among them"),
        (_changed(**dict.fromkeys(COVARIATE)), {}, "in some arms only"),
        ({name: values[:3] for name, values in sums().items()}, {}, "column 'variation' has only 'a'"),
        ({name: [] for name in sums()}, {}, "column 'variation' has only nothing"),
        (sums_of_many(), {}, "has 101 different values; an experiment has at most 100 arms"),
        (centred() | {"as_of": ["2026-01-05", "2026-01-12"] * 3}, {}, "column 'as_of' has 2 values"),
        (centred() | {"mean_x": [None] * 6}, {}, "mean_x is missing or infinite; give it in every row"),
        (centred() | {"m2_y": [-1.0] * 6}, {}, "row 1 (arm 'a'): m2_y is -1"),
    ],
)  # fmt: skip
def test_what_is_refused(table: Table, options: dict[str, Any], says: str) -> None:
    assert says in refused(table, **options)


def test_metrics_may_stand_side_by_side() -> None:
    rows = pa.table(sums()).to_pylist()
    wide = []
    for arm in ARMS:
        row = {"variation": arm, "users": N, "dimension": "All"}
        for i, mine in enumerate(each for each in rows if each["variation"] == arm):
            named = {"id": mine["metric"]} if i < 2 else {}
            values = {n: v for n, v in mine.items() if v is not None and n not in {*row, "metric"}}
            row |= {f"m{i}_{name}": value for name, value in (named | values).items()}
        wide.append(row)
    table = pa.Table.from_pylist(wide)
    found = compare(table, control="a").analysis.comparisons
    expected = compare(sums(), control="a").analysis.comparisons
    assert [row.metric for row in found[::2]] == ["spent", "spent/visits", "m2"]
    assert [row.p_value for row in found] == [row.p_value for row in expected]
    dimensions = table.append_column("dim_country", [["DE", "FR", "DE"]])
    with pytest.raises(InputError, match="column 'dim_country' has 2 values"):
        compare(dimensions, control="a")


def test_a_look_may_be_a_date_and_a_metric_a_category() -> None:
    table = pa.table(centred() | {"as_of": [date(2026, 1, 5)] * 6})
    table = table.set_column(1, "metric", table.column("metric").dictionary_encode())
    assert (
        compare(table, control="a").analysis.comparisons
        == compare(centred(), control="a").analysis.comparisons
    )
    with pytest.raises(InputError, match="column 'as_of' has 2 values, '2026-01-05' and '2026-01-12'"):
        compare(
            table.set_column(table.num_columns - 1, "as_of", [[date(2026, 1, d) for d in (5, 12) * 3]]),
            control="a",
        )


def test_without_a_column_of_the_metric_there_is_one() -> None:
    keep = [i for i, name in enumerate(sums()["metric"]) if name == "spent"]
    table = {name: [v[i] for i in keep] for name, v in sums().items() if name != "metric"}
    assert compare(table, control="a").analysis.comparisons[0].metric == "main"
    bare = {"metric", "mean_x", "m2_x", "c_yx", "c_dx"}
    table = {name: v[::2] for name, v in centred().items() if name not in bare}
    assert compare(table, control="a").analysis.comparisons[0].metric == "y"

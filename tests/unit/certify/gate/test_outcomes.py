"""What a right analysis of records says, beside SciPy's and the truth's words for it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from assay.certify.gate import outcomes
from assay.certify.gate.outcomes import FIGURES
from assay.certify.gate.records import Records, drawn, joined
from assay.spec import Blueprint
from assay.spec.truth import truth

from .conftest import rows


def values(records: Records, t: int, e: int, arm: int) -> tuple[np.ndarray, np.ndarray]:
    """Trades and their value per unit of a cell, by a loop over units."""
    units = np.flatnonzero((records.round == t) & (records.experiment == e) & (records.arm == arm))
    mine = [(records.unit == i) & (records.at >= records.exposed[i]) for i in units]
    return (
        np.array([seen.sum() for seen in mine], dtype=float),
        np.array([records.cents[seen].sum() / 100 for seen in mine]),
    )


def test_the_mean_is_compared_as_scipy_compares_it(blueprint: Blueprint, records: Records) -> None:
    found = outcomes.analysed(blueprint, records)
    (_, control), (_, treatment) = values(records, 2, 1, 0), values(records, 2, 1, 1)
    m = found.metrics.index("traded_value_per_customer")
    welch = stats.ttest_ind(treatment, control, equal_var=False)
    interval = welch.confidence_interval(1 - blueprint.alpha)
    expected = {
        "n_control": len(control), "n_treatment": len(treatment),
        "mean_control": control.mean(), "mean_treatment": treatment.mean(),
        "estimate": treatment.mean() - control.mean(), "df": welch.df, "p_value": welch.pvalue,
        "lower": interval.low, "upper": interval.high,
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name][2, 1, m] == pytest.approx(value, rel=1e-9), name


def test_the_ratio_is_that_of_the_sums(blueprint: Blueprint, records: Records) -> None:
    found = outcomes.analysed(blueprint, records)
    trades, money = values(records, 0, 2, 1)
    m = found.metrics.index("value_per_trade")
    assert found["mean_treatment"][0, 2, m] == pytest.approx(money.sum() / trades.sum(), rel=1e-12)


def test_truths_are_those_of_the_specification(blueprint: Blueprint) -> None:
    found = outcomes.truths(blueprint)
    assert found.shape == (3, 4)
    assert np.all(np.abs(found[0]) < 1e-12)
    own = blueprint.world_of("canary_value")
    round_ = own.round_of("canary_value.6")
    expected = truth(own, round_, "value_per_trade", round_.end)["treatment"].difference
    assert found[2, round_.metrics.index("value_per_trade")] == pytest.approx(expected)


def test_rounds_are_analysed_alike_together_and_alone(blueprint: Blueprint, records: Records) -> None:
    together = outcomes.analysed(blueprint, records)
    alone = outcomes.analysed(blueprint, drawn(blueprint, [4]))
    for name in FIGURES:
        np.testing.assert_allclose(together.rounds(3, 4)[name], alone[name], rtol=1e-12)
    again = joined([drawn(blueprint, [n]) for n in range(1, 7)])
    assert np.array_equal(again.unit, records.unit)


def test_an_experiment_without_units_has_no_numbers(blueprint: Blueprint) -> None:
    nobody = Records(
        1, *(np.empty(0, dtype=np.int64) for _ in range(7)), late=np.empty(0, dtype=np.bool_)
    )  # fmt: skip
    found = outcomes.analysed(blueprint, nobody)
    assert np.all(found["n_control"] == 0)
    assert np.all(np.isnan(found["mean_control"]) & np.isnan(found["estimate"]))


def test_gold_s_rows_are_read_in_the_same_shape(blueprint: Blueprint, records: Records) -> None:
    found = {(row["experiment"], row["metric"]): row for row in rows(blueprint, records, 6)}
    found["canary_rate.5", "active_customers"]["lower"] = None
    read, expected = outcomes.read(blueprint, found, [4, 5]), outcomes.analysed(blueprint, records)
    place = read.experiments.index("canary_rate"), read.metrics.index("active_customers")
    for name in FIGURES:
        ours, theirs = read[name].copy(), expected.rounds(3, 5)[name].copy()
        if name == "lower":
            assert np.isnan(ours[1][place])
            ours[1][place] = theirs[1][place]
        assert np.array_equal(ours, theirs, equal_nan=True)

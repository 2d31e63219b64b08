"""Rows depend on seed, scenario and block, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from assay.certify.lab.rows import ALPHA, rows
from assay.certify.lab.scenario import Scenario

SMALL = Scenario.parse("gamma-1:50:50/50")


def test_equal_arguments_give_equal_digits_whatever_other_methods_there_are() -> None:
    alone = rows(SMALL, ["welch"], replicates=50)["welch"]
    beside = rows(SMALL, ["student", "trimmed", "welch"], replicates=50)["welch"]
    for one, other in zip(alone, beside, strict=True):
        for column, values in one.table().items():
            np.testing.assert_array_equal(values, other.table()[column], err_msg=column)


def test_blocks_and_seeds_are_independent() -> None:
    first, second, other = (
        rows(SMALL, ["welch"], block=b, seed=s, replicates=400)["welch"][0].estimate
        for b, s in ((0, 0), (1, 0), (0, 1))
    )
    for a, b in ((first, second), (first, other)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(400)


def test_the_effect_is_the_only_difference_of_both_sides() -> None:
    null, planted = rows(SMALL, ["welch"], replicates=200)["welch"]
    truth = SMALL.lift * 10
    assert null.estimand.tolist() == [0.0] * 200
    np.testing.assert_allclose(planted.estimand, truth)
    assert (planted.estimate - null.estimate).mean() == pytest.approx(truth, rel=0.05)
    assert set(null.stopped_at) == {100.0}


def test_moments_and_units_are_answered_alike() -> None:
    """`winsorised` with a cap beyond all values is Welch's test of the units."""
    found = rows(SMALL, ["winsorised"], replicates=20, options={"winsorised": {"cap": 1e9}})["winsorised"][0]
    plain = rows(SMALL, ["trimmed"], replicates=20, options={"trimmed": {"share": 0.0}})["trimmed"][0]
    np.testing.assert_allclose(found.estimate, plain.estimate, rtol=1e-9)
    np.testing.assert_allclose(found.p_value, plain.p_value, rtol=1e-6)


def test_a_peeker_stops_at_the_first_significant_look() -> None:
    scenario = Scenario.parse("normal:100:50/50:5 looks")
    null, planted = rows(scenario, ["welch"], replicates=400)["welch"]
    assert set(null.stopped_at) <= {40.0, 80.0, 120.0, 160.0, 200.0}
    early = planted.stopped_at < 200
    assert early.any()
    assert (planted.p_value[early] < ALPHA).all()
    # Armitage, McPherson and Rowe (1969): five looks at a nominal 5 % make 14.2 % of errors.
    assert np.mean(null.p_value < ALPHA) == pytest.approx(0.142, abs=5 * (0.142 * 0.858 / 400) ** 0.5)


def test_moments_of_looks_add_up() -> None:
    scenario = Scenario.parse("ratio:60:50/50:3 looks")
    found = rows(scenario, ["ratio_delta", "confidence_sequence_ratio"], replicates=30)
    assert found["ratio_delta"][0].estimate.shape == (30,)
    assert np.isfinite(found["confidence_sequence_ratio"][1].lower).all()


@pytest.mark.parametrize(
    ("key", "methods"),
    [
        ("covariate-0.7:60:50/50", ["cuped_many", "lin_hc2", "poststratified", "weighted"]),
        ("waiting:60:50/50", ["log_rank", "restricted_mean", "retention"]),
        ("pairs-0/1:60:50/50", ["mcnemar"]),
        ("poisson-0.3:60:50/50", ["rate_score"]),
    ],
)
def test_every_form_of_data_is_made(key: str, methods: list[str]) -> None:
    found = rows(Scenario.parse(key), methods, replicates=30)
    for name in methods:
        null, planted = found[name]
        assert np.isfinite(null.p_value).all(), name
        assert planted.p_value.mean() < null.p_value.mean(), name


def test_pairs_stay_pairs_for_a_method_that_reads_moments() -> None:
    """Welch knows nothing of the correlation of 0.6, so that it hardly ever rejects a true null."""
    null, _ = rows(Scenario.parse("pairs:100:50/50"), ["welch"], replicates=1_000)["welch"]
    assert np.mean(null.p_value < ALPHA) < 0.01

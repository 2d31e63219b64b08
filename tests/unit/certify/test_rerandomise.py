"""The re-randomisation: its moments are those of the units in each arm, whatever shares the pass."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay import seeds
from assay.certify import rerandomise
from assay.certify.rerandomise import BLOCK, Assignment, Units, splits, treated_sums
from assay.errors import InputError
from assay.stats import Moments

PARTS = ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd", "mean_x", "m2_x", "c_yx", "c_dx")
FAIR = Assignment(1, "test")


def normal(n: int, seed: int = 1) -> np.ndarray:
    return seeds.stream(seed, "test").normal(100.0, 5.0, n)


def all_bits(assignment: Assignment, units: int, replicates: int) -> np.ndarray:
    blocks = range(-(-units // BLOCK))
    parts = [np.concatenate(list(assignment.bits(block, replicates))) for block in blocks]
    return np.concatenate(parts, axis=1)[:, :units].astype(bool)


# Known values.
@pytest.mark.parametrize("share", [0.5, 0.25, 0.1, 0.9, 0.3337])
def test_the_treatment_gets_its_share(share: float) -> None:
    bits = all_bits(Assignment(7, "share", share=share), 3 * BLOCK, 40)
    # Five standard errors: a false alarm in two million.
    assert bits.mean() == pytest.approx(share, abs=5 * np.sqrt(share * (1 - share) / bits.size) + 2**-16)
    # Neighbours are independent, in units and in splits.
    for moved in (np.roll(bits, 1, axis=0), np.roll(bits, 1, axis=1)):
        assert np.corrcoef(bits.ravel(), moved.ravel())[0, 1] == pytest.approx(
            0.0, abs=5 / np.sqrt(bits.size)
        )


# Relations.
@settings(deadline=None)
@given(st.integers(4, 60), st.integers(1, 40), st.booleans(), st.booleans())
def test_the_arms_make_the_whole(units: int, replicates: int, ratio: bool, covariate: bool) -> None:
    rng = np.random.default_rng(units)
    y = rng.gamma(0.5, 100.0, units)
    d = rng.poisson(2.0, units).astype(float) if ratio else None
    x = y + rng.normal(0.0, 1.0, units) if covariate else None
    one, other = splits({"m": Units(y, d, x)}, FAIR, replicates)["m"]
    whole, expected = one.merge(other), Moments.of(y, d, x)
    assert whole.n.tolist() == [float(units)] * replicates
    assert whole.series == expected.series
    for name in PARTS:
        if getattr(expected, name) is not None:
            np.testing.assert_allclose(
                getattr(whole, name), getattr(expected, name), rtol=1e-9, atol=1e-7 * float(expected.m2_y + 1)
            )


@pytest.mark.parametrize("units", [37, BLOCK, BLOCK + 5])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_each_arm_has_the_moments_of_its_units(units: int, share: float) -> None:
    assignment = Assignment(2, "test", share=share)
    y, d = normal(units) + 1e9, np.arange(float(units))
    control, treatment = splits({"m": Units(y, d)}, assignment, 5)["m"]
    bits = all_bits(assignment, units, 5)
    for i in range(5):
        for arm, chosen in ((control, ~bits[i]), (treatment, bits[i])):
            expected = Moments.of(y[chosen], d[chosen])
            for name in ("n", "mean_y", "m2_y", "mean_d", "m2_d", "c_yd"):
                assert getattr(arm, name)[i] == pytest.approx(float(getattr(expected, name)), rel=1e-6)


def test_metrics_in_one_pass_are_as_each_alone() -> None:
    y = normal(500)
    binary = (y > 100).astype(float)
    holes = np.where(np.arange(500) % 7 == 0, np.nan, y)
    metrics = {"y": Units(y), "binary": Units(binary), "holes": Units(holes), "ratio": Units(y, binary)}
    together = splits(metrics, FAIR, 20)
    for name, units in metrics.items():
        alone = splits({name: units}, FAIR, 20)[name]
        for mine, theirs in zip(together[name], alone, strict=True):
            np.testing.assert_allclose(mine.mean_y, theirs.mean_y, rtol=1e-12)
            np.testing.assert_allclose(mine.m2_y, theirs.m2_y, rtol=1e-9)
    control, treatment = together["holes"]
    assert (control.n + treatment.n).tolist() == [float(np.count_nonzero(~np.isnan(holes)))] * 20


def test_zeros_and_ones_are_counted_exactly() -> None:
    y = (normal(1000) > 104).astype(float)
    control, treatment = splits({"m": Units(y)}, FAIR, 50)["m"]
    for arm in (control, treatment):
        np.testing.assert_array_equal(np.rint(arm.n * arm.mean_y), np.round(arm.n * arm.mean_y, 9))
        np.testing.assert_allclose(arm.m2_y, arm.n * arm.mean_y * (1 - arm.mean_y), rtol=1e-12)


def test_parts_of_whole_blocks_add_up() -> None:
    values = np.column_stack([normal(2 * BLOCK + 100), normal(2 * BLOCK + 100, seed=2)])
    parts = treated_sums(values[:BLOCK], FAIR, 7) + treated_sums(values[BLOCK:], FAIR, 7, first_block=1)
    np.testing.assert_allclose(parts, treated_sums(values, FAIR, 7), rtol=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.3])
def test_neither_batches_nor_further_splits_or_units_change_a_split(
    share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assignment = Assignment(3, "test", 4, share)
    bits = all_bits(assignment, 300, 250)
    np.testing.assert_array_equal(all_bits(assignment, 200, 30), bits[:30, :200])
    monkeypatch.setattr(rerandomise, "_SPLITS_AT_ONCE", 17)
    np.testing.assert_array_equal(all_bits(assignment, 300, 250), bits)


def test_seed_name_and_period_make_other_splits() -> None:
    bits = all_bits(FAIR, 300, 5)
    for other in (Assignment(2, "test"), Assignment(1, "other"), Assignment(1, "test", 1)):
        assert np.any(all_bits(other, 300, 5) != bits)


# Refusals.
@pytest.mark.parametrize(
    ("units", "replicates", "says"),
    [
        (Units(np.ones(3)), 10, "metric m has 3 units with a value; a re-randomisation needs 4 or more"),
        (Units(np.array([1.0, 2.0, 3.0, np.nan])), 10, "metric m has 3 units"),
        (Units(np.ones(5), np.ones(4)), 10, "one value each"),
        (Units(np.ones((5, 2))), 10, "one value each"),
        (Units(np.ones(5)), 0, "replicates is 0"),
    ],
)
def test_what_cannot_be_split_is_refused(units: Units, replicates: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        splits({"m": units}, FAIR, replicates)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_leaves_an_arm_empty_is_refused(share: float) -> None:
    with pytest.raises(InputError, match="it must lie strictly between 0 and 1"):
        splits({"m": Units(np.ones(5))}, Assignment(1, "m", share=share), 10)

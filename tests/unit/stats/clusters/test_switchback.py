from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assay.errors import InputError
from assay.stats.clusters import cluster_robust, switchback, switchback_hac

HOURS = np.arange(24.0)
TREATED = (HOURS // 3) % 2

# relations


def test_every_observation_is_in_one_arm_or_counted_as_dropped() -> None:
    rng = np.random.default_rng(1)
    time = rng.uniform(0, 24, 500)
    treated = (time // 3) % 2
    found = switchback(time, time, treated, block=3.0, burn_in=0.5)
    assert found.control.n + found.treatment.n + found.dropped == 500
    for arm, side in ((found.control, 0), (found.treatment, 1)):
        assert np.all((arm.y // 3) % 2 == side)
        assert np.all(arm.y % 3 >= 0.5)
        np.testing.assert_array_equal(np.asarray(arm.cluster), arm.y // 3)


def test_a_batch_of_metrics_shares_times_and_arms() -> None:
    y = np.random.default_rng(2).normal(size=(4, 24))
    batch = switchback(y, HOURS, TREATED, block=3, burn_in=1)
    one = switchback(y[2], HOURS, TREATED, block=3, burn_in=1)
    assert batch.control.shape == (4,)
    np.testing.assert_array_equal(batch.treatment.y[2], one.treatment.y)
    whole, alone = (switchback_hac(d.control, d.treatment) for d in (batch, one))
    assert whole.p_value[2] == pytest.approx(float(alone.p_value))


def test_carry_over_biases_the_difference_and_a_burn_in_removes_it() -> None:
    # What the block before did decays within the first hour of the next.
    rng = np.random.default_rng(3)
    blocks = rng.integers(0, 2, 400)
    time = np.arange(1600) / 4 * 2
    place = (time // 2).astype(int)
    before = np.where(place > 0, blocks[place - 1], 0)
    y = 1.0 + 0.5 * np.where(time % 2 < 1, before, blocks[place]) + rng.normal(0, 0.2, time.size)
    plain = switchback(y, time, blocks[place], block=2)
    burnt = switchback(y, time, blocks[place], block=2, burn_in=1)
    assert burnt.dropped == 800
    biased, found = (cluster_robust(d.control, d.treatment, alpha=1e-6) for d in (plain, burnt))
    assert float(biased.upper) < 0.45
    assert found.lower < 0.5 < found.upper


def test_pairs_of_blocks_are_clusters_with_both_arms() -> None:
    drift = HOURS * 10.0
    noise = np.random.default_rng(4).normal(0, 0.1, 24)
    single = switchback(drift + noise, HOURS, TREATED, block=3)
    paired = switchback(drift + noise, HOURS, TREATED, block=3, blocks_per_cluster=2)
    assert (
        set(np.asarray(paired.control.cluster)) == set(np.asarray(paired.treatment.cluster)) == set(range(4))
    )
    wide, narrow = (cluster_robust(d.control, d.treatment).std_error for d in (single, paired))
    # The drift from pair to pair leaves the paired difference.
    assert narrow < wide / 100


def test_units_have_their_own_order_of_arms_and_their_own_clusters() -> None:
    time, unit = np.tile(HOURS, 2), np.repeat([7.0, 3.0], 24)
    treated = np.where(unit == 7, np.tile(TREATED, 2), 1 - np.tile(TREATED, 2))
    found = switchback(time, time, treated, block=3, unit=unit)
    assert len(set(np.asarray(found.control.cluster))) == 8
    assert not set(np.asarray(found.control.cluster)) & set(np.asarray(found.treatment.cluster))


# edges


def test_no_observations_are_two_empty_arms() -> None:
    found = switchback([], [], [], block=1)
    assert (found.control.n, found.treatment.n, found.dropped) == (0, 0, 0)


# refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": HOURS[1:]}, "time has shape"),
        ({"treated": TREATED[None]}, "treated has shape"),
        ({"unit": HOURS[:2]}, "unit has shape"),
        ({"y": 1.0}, "y ()"),
        ({"time": HOURS - 1}, "time holds a number that is negative"),
        ({"time": HOURS * np.nan}, "time holds a number that is negative or not finite"),
        ({"treated": TREATED * 2}, "treated holds a number that is neither 0 nor 1"),
        ({"unit": HOURS * np.nan}, "unit holds a number that is not finite"),
        ({"block": 0.0}, "block is 0.0; it must be greater than 0"),
        ({"block": np.inf}, "block is inf"),
        ({"burn_in": 3.0}, "burn_in is 3.0; it must be 0 or greater and below block, which is 3"),
        ({"burn_in": -1.0}, "burn_in is -1.0"),
        ({"blocks_per_cluster": 0}, "blocks_per_cluster is 0"),
        ({"blocks_per_cluster": 1.5}, "blocks_per_cluster is 1.5"),
        ({"block": 4.0}, "block 0 (from 0) holds treated and untreated observations"),
    ],
)
def test_bad_designs_are_refused(change: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"y": HOURS, "time": HOURS, "treated": TREATED, "block": 3.0}
    with pytest.raises(InputError) as caught:
        switchback(**(good | change))
    assert message in str(caught.value)

"""The gate's certificate in small: faults are seen, sound runs are not, the page says what was measured."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from assay.certify.gate.detector import RUNS
from assay.certify.gate.faults import FAULTS
from assay.certify.gate.page import page
from assay.certify.gate.records import Records
from assay.certify.gate.simulate import (
    BURN_IN,
    HORIZON,
    Delay,
    FalseAlarms,
    GateTable,
    Power,
    alarms,
    delays,
    gate_table,
)
from assay.errors import InputError
from assay.generators.columns import WEEK
from assay.spec import Blueprint


def fault(name: str, records: Records) -> Records:
    return FAULTS[name](records, np.random.default_rng(3))


# ---- faults


def test_two_percent_of_the_treatment_s_trades_are_dropped(records: Records) -> None:
    left = fault("2 % of treatment events dropped", records)
    treated, still = (np.sum(each.arm[each.unit] == 1) for each in (records, left))
    assert abs((treated - still) / treated - 0.02) < 5 * math.sqrt(0.02 * 0.98 / treated)
    assert np.sum(left.arm[left.unit] == 0) == np.sum(records.arm[records.unit] == 0)


def test_a_day_is_there_twice(records: Records) -> None:
    twice = fault("a partition loaded twice", records)
    thursday = records.at // (WEEK // 7) == 3
    assert len(twice.unit) == len(records.unit) + thursday.sum() > len(records.unit)
    assert np.bincount(twice.at // (WEEK // 7), minlength=7)[3] == 2 * thursday.sum()


def test_late_trades_are_gone(records: Records) -> None:
    assert len(fault("late rows ignored", records).unit) == np.sum(~records.late)


def test_a_fifth_of_the_units_changes_arms(records: Records) -> None:
    swapped = fault("arms swapped for one segment", records)
    assert np.mean(swapped.arm != records.arm) == pytest.approx(0.2, abs=1e-3)


def test_a_fifth_of_the_units_trades_twice(records: Records) -> None:
    again = fault("a join that multiplies rows", records)
    before, after = (np.bincount(each.unit, minlength=len(records.arm)) for each in (records, again))
    assert set(np.unique(after[before > 0] / before[before > 0])) == {1.0, 2.0}
    assert np.sum(after[::5]) == 2 * np.sum(before[::5])


def test_an_hour_later_the_last_hour_is_in_no_week(records: Records) -> None:
    shifted = fault("a time zone shifted by an hour", records)
    assert len(shifted.at) == np.sum(records.at < WEEK - WEEK // 168)
    assert shifted.at.min() >= WEEK // 168


def test_only_the_treatment_is_capped(records: Records) -> None:
    capped = fault("capping one arm only", records)
    changed = capped.cents != records.cents
    assert np.all(records.arm[records.unit][changed] == 1)
    limit = np.quantile(records.cents, 0.99)
    assert np.array_equal(changed, (records.arm[records.unit] == 1) & (records.cents > int(limit)))
    assert capped.cents[changed].max() <= limit < records.cents[changed].min()


# ---- delays and alarms


def test_delays_count_the_runs_of_a_fault() -> None:
    sound, faulty = np.ones((5, 2, 2)), np.full((5, 2, 2), 10.0)
    found = delays(sound, faulty, sequences=3, rng=np.random.default_rng(1))
    # M is BURN_IN when the fault begins; after t runs it is 10^t BURN_IN + (10^(t+1) - 10) / 9.
    expected = next(t for t in range(1, 9) if 10**t * BURN_IN + (10 ** (t + 1) - 10) / 9 >= RUNS)
    assert found.tolist() == [expected] * 3
    never = delays(sound, np.full((5, 2, 2), 0.5), sequences=2, rng=np.random.default_rng(1))
    assert np.all(np.isinf(never))


def test_an_alarm_before_the_fault_begins_anew() -> None:
    loud = np.full((5, 2, 2), 100.0)
    assert delays(loud, np.full((5, 2, 2), 0.5), sequences=2, rng=np.random.default_rng(1)).tolist() == [
        math.inf, math.inf,
    ]  # fmt: skip


def test_the_detector_begins_anew_after_an_alarm() -> None:
    raised = alarms(np.full((9, 2, 2), 10.0))
    assert raised.tolist() == [False, False, False, True] * 2 + [False]  # 10, 110, 1110, 11110


def test_the_interval_of_a_rate_is_exact() -> None:
    rate, lower, upper = FalseAlarms(runs=20_000, detector=8, ledger=0).per_thousand
    assert rate == pytest.approx(0.4)
    assert stats.poisson.sf(7, lower * 20) == pytest.approx(0.025)
    assert stats.poisson.cdf(8, upper * 20) == pytest.approx(0.025)
    assert FalseAlarms(runs=1000, detector=0, ledger=0).per_thousand[:2] == (0.0, 0.0)


# ---- the certificate


@pytest.mark.long
def test_a_small_certificate(blueprint: Blueprint) -> None:
    found = gate_table(blueprint, runs=60, pool=30, sequences=20)
    assert [power.fault for power in found.powers] == list(FAULTS)
    for power in found.powers:
        late = power.fault == "late rows ignored"
        assert power.ledger.caught == 1.0
        assert 1 + late <= power.ledger.median <= power.ledger.ninety <= 3 + late
        assert power.detector.median > power.ledger.median or math.isinf(power.detector.median)
    assert found.false_alarms.ledger == 0
    assert found.false_alarms.detector <= 1  # expected 0.05
    assert found == gate_table(blueprint, runs=60, pool=30, sequences=20)
    with pytest.raises(InputError, match="has no canaries, so that there is no gate"):
        gate_table(blueprint.model_copy(update={"canaries": None}))


def test_the_page_states_every_figure() -> None:
    table = GateTable(
        blueprint="shop abc",
        customers=1500,
        sequences=10,
        powers=(Power("late rows ignored", Delay(2, 3, 1.0), Delay(math.inf, math.inf, 0.4)),),
        false_alarms=FalseAlarms(2000, 1, 0),
        largest_mean=(1.01, 0.02),
    )
    text = page(table)
    assert f"| late rows ignored | 2 (3) | > {HORIZON} (> {HORIZON}) | 40% |" in text
    assert "| detector | 2,000 | 1 | 0.50 (0.01 to 2.79) | 0.80 |" in text
    assert "1,500 customers" in text
    assert "has 1.0100 (standard error 0.0200)" in text

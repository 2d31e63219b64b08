"""The detector: its recursion beside the sum that it stands for, and what its alarm says."""

from __future__ import annotations

import numpy as np
import pytest

from assay.certify.gate.bets import Bets
from assay.certify.gate.detector import RUNS, alarm, detector, step


def bets(factors: np.ndarray) -> Bets:
    streams = (*((f"canary_{i}", "m") for i in range(factors.shape[1] - 1)), ("", "m"))
    return Bets(tuple(f"bet {i} (0.4)" for i in range(factors.shape[2])), streams, factors)


def test_it_is_the_mean_of_sums_of_products_from_every_beginning() -> None:
    """Definition of the Shiryaev-Roberts sum: M_t = the sum over k up to t of e_k ... e_t."""
    factors = np.random.default_rng(1).uniform(0.3, 2.0, (12, 3, 2))
    expected = [
        np.mean(sum(np.prod(factors[k : t + 1], axis=0) for k in range(t + 1))) for t in range(len(factors))
    ]
    np.testing.assert_allclose(np.exp(detector(bets(factors))), expected)
    assert alarm(bets(factors)).evidence == pytest.approx(expected[-1])


def test_where_nothing_is_learned_it_counts_the_runs() -> None:
    np.testing.assert_allclose(np.exp(detector(bets(np.ones((40, 3, 2))))), np.arange(1, 41))


def test_the_alarm_names_the_bet_that_won_and_since_when() -> None:
    factors = np.full((30, 3, 2), 0.9)
    factors[20:, 1, 1] = 3.0
    found = alarm(bets(factors))
    assert (found.experiment, found.metric, found.wrong, found.since) == ("canary_1", "m", "bet 1", 20)
    assert found.evidence > RUNS
    factors[:, 2, 0], factors[:, 1, 1] = 5.0, 0.9
    assert alarm(bets(factors)).experiment == ""


def test_many_sequences_go_side_by_side() -> None:
    factors = np.random.default_rng(2).uniform(0.5, 1.5, (9, 4, 3, 2))
    sums = np.full((4, 3, 2), -np.inf)
    for each in np.log(factors):
        sums, values = step(sums, each)
    alone = [detector(bets(factors[:, i]))[-1] for i in range(4)]
    np.testing.assert_allclose(values, alone)


def test_no_factor_overflows() -> None:
    assert np.isfinite(detector(bets(np.full((2000, 2, 2), 1e9)))).all()

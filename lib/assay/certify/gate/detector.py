"""When has evidence against the canaries grown too strong to be chance, however often one looks?

Of each bet the Shiryaev-Roberts sum M_t = (M_{t-1} + 1) e_t is kept: a new unit is staked every run, and all
that was won is staked again, so that a fault which begins at any time is found about as fast as one that was
there from the start. The mean of M over all bets is an e-detector: up to any stopping time its expectation is
at most the expected number of runs, however the bets depend on each other within a run. Hence it reaches
`RUNS` for the first time after at least `RUNS` runs on average while nothing is wrong.

References:
    Shin, Ramdas and Rinaldo (2024), E-detectors: A Nonparametric Framework for Sequential Change Detection,
    definition 2.2 and proposition 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.certify.gate.bets import Bets

Array = NDArray[np.float64]
RUNS = 1250.0
"""Runs from false alarm to false alarm, at least: four fifths of one in a thousand; `finals` has the rest."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the detector found at the newest round.

    Attributes:
        evidence: The detector's value; `RUNS` or more is an alarm.
        experiment: Of the bet that has won most; empty for all canaries together.
        metric: Its metric.
        wrong: What the bet says is wrong.
        since: Position of the round from which on it has won most.
    """

    evidence: float
    experiment: str
    metric: str
    wrong: str
    since: int


def detector(bets: Bets) -> Array:
    """The logarithm of the e-detector after every round, shape `(rounds,)`.

    Args:
        bets: Of consecutive rounds, the first one first.
    """
    return np.array([value for _, value in _states(np.log(bets.factors))])


def step(sums: Array, logs: Array) -> tuple[Array, Array]:
    """One run more.

    Args:
        sums: log M of every bet before, shape `(..., streams, bets)`; minus infinity at the beginning.
        logs: Logarithms of the factors that the run adds, of the same shape.

    Returns:
        log M_t = log(M_{t-1} + 1) + log e_t, and the logarithm of its mean over the bets, shape `(...)`.
    """
    new = np.logaddexp(sums, 0.0) + logs
    return new, np.asarray(np.logaddexp.reduce(new, axis=(-2, -1)) - np.log(new.shape[-2] * new.shape[-1]))


def alarm(bets: Bets) -> Alarm:
    """The state at the newest round, and the bet that explains it best.

    Args:
        bets: Of consecutive rounds, at least one.
    """
    logs = np.log(bets.factors)
    *_, (sums, value) = _states(logs)
    stream, bet = np.unravel_index(int(np.argmax(sums)), sums.shape)
    wins = np.cumsum(logs[::-1, stream, bet])
    experiment, metric = bets.streams[int(stream)]
    return Alarm(
        evidence=float(np.exp(value)),
        experiment=experiment,
        metric=metric,
        wrong=bets.names[int(bet)].partition(" (")[0],
        since=len(wins) - 1 - int(np.argmax(wins)),
    )


def _states(logs: Array) -> Iterator[tuple[Array, Array]]:
    """Sums and detector after every run."""
    sums = np.full(logs.shape[1:], -np.inf)
    for each in logs:
        sums, value = step(sums, each)
        yield sums, value

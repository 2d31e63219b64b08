"""Bets against canaries that come out as planted: factors whose expectation is at most 1 while they do.

A right analysis makes u, the probability of a smaller estimate given the truth, uniform between 0 and 1, and
lets its interval miss the truth with probability alpha. Each bet is a function of one of the two that
integrates to 1 then, so that what it wins is evidence (an e-value):

* bias: 1 + λ (2u - 1), and κ u^(κ - 1), likewise of 1 - u, for far estimates;
* uniformity: 1 + λ (1 - 2p) and κ p^(κ - 1) of the two-sided p = 2 min(u, 1 - u);
* coverage: (q / alpha) at a miss, (1 - q) / (1 - alpha) at a hit.

None has an exponential moment of an estimate in it: they stay near 1 in expectation where t pivots of skewed
data are only nearly t. `MARGIN` is taken off for what is missing, and not enough for the far bets on the most
skewed canaries; what counts is the rate of false alarms measured in docs/certificates/gate.md.

References:
    Vovk and Wang (2021), E-values: Calibration, combination and applications, section 2 (the calibrators).
    Waudby-Smith and Ramdas (2024), Estimating means of bounded random variables by betting, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from assay.certify.gate.outcomes import Outcomes

Array = NDArray[np.float64]
MARGIN = 0.01
"""Every bet gives so much away, for what is only nearly uniform."""
_TILTS = (0.4, 0.9)
_POWERS = (0.5, 0.25)
_MOST = 1e-12
"""Probabilities are not told apart below this, so that no single number decides alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Bets:
    """What each bet multiplies its stake by.

    Attributes:
        names: Of the bets: what they say is wrong.
        streams: What they are laid on: `(experiment, metric)`; the experiment is empty where a bet is on all
            experiments together.
        factors: Shape `(rounds, streams, bets)`.
    """

    names: tuple[str, ...]
    streams: tuple[tuple[str, str], ...]
    factors: Array


def place(outcomes: Outcomes, truths: Array, *, alpha: float) -> Bets:
    """Bet on every canary, and per metric on all three together.

    Args:
        outcomes: Of any number of rounds.
        truths: Planted differences, shape `(experiments, metrics)`.
        alpha: Level of the intervals.

    Returns:
        The bets. Experiments share no customer, so the product over experiments is a bet too, and one that
        sees what is wrong with all of them alike.
    """
    u = _probability(outcomes, truths)
    missed = (truths < outcomes["lower"]) | (truths > outcomes["upper"])
    found = _bias(u) | _uniformity(2 * np.minimum(u, 1 - u)) | _coverage(missed, alpha)
    single = np.stack(list(found.values()), axis=-1)
    together = np.prod(single, axis=1)
    rounds, experiments, metrics, bets = single.shape
    factors = np.concatenate([single.reshape(rounds, experiments * metrics, bets), together], axis=1)
    streams = [(e, m) for e in (*outcomes.experiments, "") for m in outcomes.metrics]
    return Bets(tuple(found), tuple(streams), factors * (1 - MARGIN))


def _probability(outcomes: Outcomes, truths: Array) -> Array:
    """Of a smaller estimate than this one, given the truth; a number that is missing counts as impossible."""
    pivot = (outcomes["estimate"] - truths) / outcomes["std_error"]
    df = np.where(np.isnan(outcomes["df"]), np.inf, outcomes["df"])
    u = np.where(np.isinf(df), ndtr(pivot), stdtr(df, pivot))
    return np.clip(np.where(np.isnan(u), 0.0, u), _MOST, 1 - _MOST)


def _bias(u: Array) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for side, v in (("too low", u), ("too high", 1 - u)):
        found |= {f"{side} ({tilt:g})": 1 + tilt * (1 - 2 * v) for tilt in _TILTS}
        found |= {f"far {side} ({power:g})": power * v ** (power - 1) for power in _POWERS}
    return found


def _uniformity(p: Array) -> dict[str, Array]:
    return {
        "p-values too small": 1 + _TILTS[-1] * (1 - 2 * p),
        "p-values too large": 1 - _TILTS[-1] * (1 - 2 * p),
        "p-values far too small": _POWERS[0] * p ** (_POWERS[0] - 1),
    }


def _coverage(missed: NDArray[np.bool_], alpha: float) -> dict[str, Array]:
    rates = {
        "intervals miss too often": min(3 * alpha, (1 + alpha) / 2),
        "intervals miss too seldom": alpha / 3,
    }
    return {name: np.where(missed, q / alpha, (1 - q) / (1 - alpha)) for name, q in rates.items()}

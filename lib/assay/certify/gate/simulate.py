"""How soon does the gate catch a fault, and how often does it cry wolf? Measured on simulated years of runs.

Rounds of canaries are drawn as for real runs, under a seed of their own, analysed, and laid before the same
ledger and detector. A fault begins after half a year of sound runs, as it would find a detector at work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from assay import seeds
from assay.certify.gate import bets, ledger, outcomes
from assay.certify.gate.detector import RUNS, step
from assay.certify.gate.faults import FAULTS, late_ignored
from assay.certify.gate.outcomes import Outcomes
from assay.certify.gate.records import Records, drawn
from assay.errors import InputError
from assay.spec import Blueprint

Array = NDArray[np.float64]
BURN_IN, HORIZON = 26, 260
"""Weeks of sound runs before a fault, and of faulty ones until a sequence is given up."""
_CHUNK = 100
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Delay:
    """Weeks from a fault's first week to the run that fails, of an instrument.

    Attributes:
        median: Of half of the sequences this or less; infinite if fewer were caught within `HORIZON`.
        ninety: Of nine in ten.
        caught: Share of sequences that were caught within `HORIZON`.
    """

    median: float
    ninety: float
    caught: float


@dataclass(frozen=True, slots=True)
class Power:
    """What becomes of one fault.

    Attributes:
        fault: Its name.
        ledger: How long the ledger takes.
        detector: How long the detector takes, if it were alone.
    """

    fault: str
    ledger: Delay
    detector: Delay


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Alarms of sound runs; after one the detector begins anew.

    Attributes:
        runs: How many runs were simulated.
        detector: Alarms of the detector.
        ledger: Runs in which the ledger saw a difference between two orders of adding the same rows.
    """

    runs: int
    detector: int
    ledger: int

    @property
    def per_thousand(self) -> tuple[float, float, float]:
        """Alarms of the detector in 1,000 runs, with the ends of the exact 95 % Poisson interval."""
        tail, scale = (1 - _CONFIDENCE) / 2, 1000 / self.runs
        lower = float(chi2.ppf(tail, 2 * self.detector)) / 2 if self.detector else 0.0
        upper = float(chi2.isf(tail, 2 * self.detector + 2)) / 2
        return self.detector * scale, lower * scale, upper * scale


@dataclass(frozen=True, slots=True)
class GateTable:
    """The certificate of the gate.

    Attributes:
        blueprint: Name and version of the blueprint whose canaries were simulated.
        customers: Canary customers of a week.
        sequences: Sequences of runs per fault.
        powers: A row per fault.
        false_alarms: Of sound runs.
        largest_mean: Largest mean factor of a bet on sound runs, before `MARGIN`, and its standard error.
    """

    blueprint: str
    customers: int
    sequences: int
    powers: tuple[Power, ...]
    false_alarms: FalseAlarms
    largest_mean: tuple[float, float]


def gate_table(
    blueprint: Blueprint, *, runs: int = 20_000, pool: int = 4000, sequences: int = 400, seed: int = 1
) -> GateTable:
    """Measure the gate.

    Args:
        blueprint: One with canaries; their size and the laws decide what can be caught.
        runs: Sound runs for the false alarms.
        pool: With how many of them each fault is planted, too; far more than `HORIZON`, for sequences are put
            together from them, and what a pool is off by chance looks like a fault.
        sequences: Sequences per fault.
        seed: Of everything that is drawn here.
    """
    if blueprint.canaries is None:
        raise InputError(f"blueprint {blueprint.name} has no canaries, so that there is no gate to certify")
    other = blueprint.model_copy(update={"seed": seeds.key(f"gate/{seed}") >> 1})
    sound, faulty = _simulated(other, runs, pool, seed)
    false = FalseAlarms(runs, int(np.sum(alarms(sound.factors))), int(np.sum(sound.differs)))
    powers = (
        _power(name, sound.factors, found, sequences, seeds.stream(seed, f"gate.{name}"))
        for name, found in faulty.items()
    )
    return GateTable(
        blueprint=f"{blueprint.name} {blueprint.version}",
        customers=blueprint.canaries.customers,
        sequences=sequences,
        powers=tuple(powers),
        false_alarms=false,
        largest_mean=_largest_mean(sound.factors),
    )


def alarms(factors: Array) -> NDArray[np.bool_]:
    """The runs in which the detector raises an alarm, when it begins anew after each.

    Args:
        factors: Of bets, shape `(runs, streams, bets)`.
    """
    raised = np.zeros(len(factors), dtype=np.bool_)
    logs, sums, limit = np.log(factors), np.full(factors.shape[1:], -np.inf), np.log(RUNS)
    for run, log in enumerate(logs):
        sums, value = step(sums, log)
        if value >= limit:
            raised[run], sums = True, np.full_like(sums, -np.inf)
    return raised


def delays(sound: Array, faulty: Array, *, sequences: int, rng: np.random.Generator) -> Array:
    """Runs of the detector until it catches a fault, shape `(sequences,)`; infinite beyond `HORIZON`.

    Args:
        sound: Factors of sound rounds, from which each sequence begins.
        faulty: Factors of rounds with the fault.
        sequences: How many.
        rng: Puts the sequences together; one that raises an alarm before the fault begins anew.
    """
    limit = np.log(RUNS)
    before, after = np.log(sound), np.log(faulty)
    sums = np.full((sequences, *sound.shape[1:]), -np.inf)
    caught = np.full(sequences, np.inf)
    for t in range(-BURN_IN, HORIZON):
        logs = before if t < 0 else after
        sums, value = step(sums, logs[rng.integers(0, len(logs), sequences)])
        raised = value >= limit
        if t < 0:
            sums[raised] = -np.inf
        else:
            caught[raised & np.isinf(caught)] = t + 1
    return caught


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """What the instruments see of simulated rounds.

    `factors` are those of bets, `(rounds, streams, bets)`; `differs` says where the ledger would speak.
    """

    factors: Array
    differs: NDArray[np.bool_]


def _simulated(blueprint: Blueprint, runs: int, pool: int, seed: int) -> tuple[_Found, dict[str, _Found]]:
    """Sound runs, whose units the ledger sees in another order; and the first of them with each fault."""
    rng = seeds.stream(seed, "gate.faults")
    truths = outcomes.truths(blueprint)
    plans = {"": _reordered, **FAULTS}
    found: dict[str, list[_Found]] = {name: [] for name in plans}
    for first in range(1, runs + 1, _CHUNK):
        records = drawn(blueprint, range(first, min(first + _CHUNK, runs + 1)))
        expected = outcomes.analysed(blueprint, records)
        for name, plan in plans.items() if first <= pool else [("", _reordered)]:
            ours = outcomes.analysed(blueprint, plan(records, rng))
            factors = bets.place(ours, truths, alpha=blueprint.alpha).factors
            found[name].append(_Found(factors, _differs(ours, expected)))
    joined = {name: _joined(parts) for name, parts in found.items()}
    return joined.pop(""), joined


def _joined(parts: list[_Found]) -> _Found:
    return _Found(
        np.concatenate([part.factors for part in parts]), np.concatenate([part.differs for part in parts])
    )


def _power(name: str, sound: Array, found: _Found, sequences: int, rng: np.random.Generator) -> Power:
    # A round is bet on in the week after, when its late rows are in; only then can they be missed, too.
    detector = delays(sound, found.factors, sequences=sequences, rng=rng) + 1
    exact = rng.geometric(float(np.mean(found.differs)), sequences) + (FAULTS[name] is late_ignored)
    return Power(name, _delay(exact.astype(np.float64)), _delay(detector))


def _delay(weeks: Array) -> Delay:
    weeks = np.where(weeks > HORIZON, np.inf, weeks)
    median, ninety = (float(np.quantile(weeks, q, method="higher")) for q in (0.5, 0.9))
    return Delay(median, ninety, float(np.mean(np.isfinite(weeks))))


def _differs(found: Outcomes, expected: Outcomes) -> NDArray[np.bool_]:
    """The rounds in which the ledger would speak."""
    differ = ledger.disagreements(found, expected).values()
    return np.asarray(np.any(np.stack(list(differ)), axis=(0, 2, 3)))


def _largest_mean(factors: Array) -> tuple[float, float]:
    means = factors.mean(axis=0) / (1 - bets.MARGIN)
    errors = factors.std(axis=0) / np.sqrt(len(factors))
    worst = np.unravel_index(int(np.argmax((means - 1) / errors)), means.shape)
    return float(means[worst]), float(errors[worst])


def _reordered(records: Records, rng: np.random.Generator) -> Records:
    """The same units and trades in another order."""
    order = rng.permutation(len(records.arm))
    place = np.argsort(order)
    moved = records.trades(rng.permutation(len(records.unit)))
    return Records(
        rounds=records.rounds,
        **{name: getattr(records, name)[order] for name in ("round", "experiment", "arm", "exposed")},
        unit=place[moved.unit],
        at=moved.at,
        cents=moved.cents,
        late=moved.late,
    )

"""One row per replicate: what a method said, beside the truth.

`rows` draws one block of a scenario and gives every method the same arms, once without an effect and once
with the planted one. A block depends on (seed, scenario, number of the block) and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.certify.lab.forms import as_data, form_of, planted_estimand
from assay.certify.lab.outcome import Outcome
from assay.certify.lab.scenario import Scenario
from assay.certify.lab.sufficient import blocks
from assay.stats import Effect, Method, Moments, named

Array = NDArray[np.float64]
BLOCK = 1_000
"""Replicates of a block: the unit of seeding, of parallel work and of resuming."""
ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """Answers of one method in one scenario, arrays of shape (replicates,).

    Attributes:
        estimate: Treatment minus control.
        std_error: As the method states it; NaN where it has none.
        p_value: Of no effect; NaN for a method without one.
        lower: Lower end of the 95 % interval.
        upper: Upper end.
        estimand: What `estimate` estimates; NaN where it is not known in closed form.
        stopped_at: Units seen when the method stopped: all of them, or those at the first significant look.
    """

    estimate: Array
    std_error: Array
    p_value: Array
    lower: Array
    upper: Array
    estimand: Array
    stopped_at: Array

    def table(self) -> dict[str, Array]:
        """Column name to column: what a data frame is made of."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


Pair = tuple[Rows, Rows]
"""Rows without an effect, and with the planted one."""


def rows(
    scenario: Scenario,
    methods: Sequence[str],
    *,
    block: int = 0,
    seed: int = 0,
    replicates: int = BLOCK,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Pair]:
    """Simulate one block.

    Args:
        scenario: Under which conditions.
        methods: Names of the registry.
        block: Number of the block, 0 or greater.
        seed: 0 or greater.
        replicates: Of the block; the draws depend on it.
        options: Method to options beyond its defaults.

    Returns:
        Method to its rows without and with the effect.
    """
    found: dict[str, Pair] = {}
    given = options or {}
    for form in sorted({form_of(named(name)) for name in methods}):
        names = [name for name in methods if form_of(named(name)) == form]
        parts: dict[str, list[list[Rows]]] = {name: [[], []] for name in names}
        for arms in _arms(scenario, form, block, seed, replicates):
            for name in names:
                for side, lift in ((0, 0.0), (1, scenario.lift)):
                    one = _answer(scenario, named(name), arms[0], arms[1 + side], lift, given.get(name, {}))
                    parts[name][side].append(one)
        for name in names:
            found[name] = (_joined(parts[name][0]), _joined(parts[name][1]))
    return found


def _arms(
    scenario: Scenario, form: str, block: int, seed: int, replicates: int
) -> Iterator[tuple[Any, Any, Any]]:
    """Control, treatment without effect and treatment with it; in one part, or in parts of units."""
    streams = [
        seeds.stream(seed, f"lab.{scenario.key}.{form}.{arm}", block=block)
        for arm in ("control", "treatment", "lifted")
    ]
    law, lift = scenario.law, scenario.lift
    change = law.change(lift)
    lifted = law if change is not None else law.lifted(lift)
    if form == "moments" and not law.paired:
        control, null = (
            _moments(law, rng, n, replicates, scenario.looks)
            for rng, n in zip(streams, (scenario.n_control, scenario.n_treatment), strict=False)
        )
        planted = (
            _moments(lifted, streams[2], scenario.n_treatment, replicates, scenario.looks)
            if change is None
            else change.of(null)
        )
        yield control, null, planted
        return
    for part in blocks(scenario.n_control + scenario.n_treatment, replicates):
        units = law.samples(streams[0], scenario.n_control, part)
        same = law.beside(units, streams[1], scenario.n_treatment)
        other = lifted.beside(units, streams[2], scenario.n_treatment) if change is None else change.of(same)
        if form == "units":
            yield units, same, other
        else:
            yield units.moments(), same.moments(), other.moments()


def _moments(law: Outcome, rng: np.random.Generator, n: int, replicates: int, looks: int) -> Moments:
    """Moments at each look, shape (replicates,) for one and (replicates, looks) for many."""
    if looks == 1:
        return law.moments(rng, n, replicates)
    parts = law.moments(rng, n // looks, replicates * looks)
    names = [f.name for f in fields(Moments) if getattr(parts, f.name) is not None]
    columns = {name: getattr(parts, name).reshape(replicates, looks) for name in names}
    steps = [Moments(**{name: columns[name][:, k] for name in names}) for k in range(looks)]
    seen = [steps[0]]
    for step in steps[1:]:
        seen.append(seen[-1].merge(step))
    return Moments(**{name: np.stack([getattr(m, name) for m in seen], axis=-1) for name in names})


def _answer(
    scenario: Scenario, method: Method, control: Any, treatment: Any, lift: float, options: Mapping[str, Any]
) -> Rows:
    with np.errstate(all="ignore"):
        effect = method(as_data(method, control), as_data(method, treatment), alpha=ALPHA, **options)
    units = float(scenario.n_control + scenario.n_treatment)
    estimand = planted_estimand(method, scenario.law, lift)
    if scenario.looks == 1:
        return _rows(effect, estimand, np.full(effect.shape, units))
    return _first_significant(effect, estimand, units, scenario.looks)


def _rows(effect: Effect, estimand: float, stopped_at: Array) -> Rows:
    return Rows(
        estimate=effect.estimate,
        std_error=effect.std_error,
        p_value=effect.p_value,
        lower=effect.lower,
        upper=effect.upper,
        estimand=np.full(effect.shape, estimand),
        stopped_at=stopped_at,
    )


def _first_significant(effect: Effect, estimand: float, units: float, looks: int) -> Rows:
    """The look at which the method stops: the first significant one, or the last."""
    significant = effect.p_value < ALPHA
    at = np.where(significant.any(axis=-1), significant.argmax(axis=-1), looks - 1)
    pick = (np.arange(at.size), at)
    return Rows(
        estimate=effect.estimate[pick],
        std_error=effect.std_error[pick],
        p_value=effect.p_value[pick],
        lower=effect.lower[pick],
        upper=effect.upper[pick],
        estimand=np.full(at.size, estimand),
        stopped_at=units * (at + 1) / looks,
    )


def _joined(parts: Sequence[Rows]) -> Rows:
    return Rows(**{name: np.concatenate([part.table()[name] for part in parts]) for name in parts[0].table()})

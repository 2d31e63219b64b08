"""How often does a method call the arms different, with the effect and without? A share of many experiments.

References:
    Clopper and Pearson (1934), The Use of Confidence or Fiducial Limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import numpy as np

from assay import seeds
from assay.certify.certificate import clopper_pearson
from assay.certify.plan.units import Series, Units, treated
from assay.errors import InputError, did_you_mean
from assay.stats import DEFAULT_METHOD, METHODS, Effect, Method, Moments, Posterior, Samples

Data = Moments | Samples
CONFIDENCE = 0.99
"""Of the interval of a share; a figure outside it is not what was simulated."""
FEWEST = 100
MOST_DRAWN = 400_000_000
"""Most units drawn in all: some ten seconds for most laws, with moments."""
# Units in one block of experiments: a method that resamples needs much more memory for each.
_BLOCK_MOMENTS, _BLOCK_SAMPLES = 2**18, 2**13
_ADJUSTED = {"mean": "cuped", "proportion": "cuped", "ratio": "cuped_ratio"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A simulated probability.

    Attributes:
        value: Share of the experiments.
        lower: Lower end of its Clopper-Pearson interval at `CONFIDENCE`.
        upper: Upper end.
    """

    value: float
    lower: float
    upper: float

    def holds(self, probability: float) -> bool:
        """Whether the interval holds a probability."""
        return self.lower <= probability <= self.upper


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came out.

    Attributes:
        replicates: How many experiments.
        power: Share called different where the effect is.
        false_alarms: Share of the same experiments without the effect that were called different.
    """

    replicates: int
    power: Share
    false_alarms: Share


def simulate(
    units: Units,
    method: Method,
    *,
    n_control: int,
    n_treatment: int,
    lift: float,
    alpha: float = 0.05,
    replicates: int = 2000,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Simulated | None:
    """Simulate experiments.

    Args:
        units: Where units come from.
        method: One that `usable` names for them.
        n_control: Units of the control, 2 or more.
        n_treatment: Units of the treatment, 2 or more.
        lift: Relative effect on the mean.
        alpha: Two-sided level of the test.
        replicates: How many experiments, 100 or more; fewer are made where `MOST_DRAWN` allows no more.
        seed: Equal arguments give equal digits.
        progress: Called with the number of experiments that each block adds.

    Returns:
        The shares; None if `MOST_DRAWN` does not allow 100 experiments.

    Raises:
        InputError: Fewer than 100 replicates.
    """
    if not replicates >= FEWEST:
        raise InputError(f"replicates is {replicates}; it must be {FEWEST} or more")
    rounds = min(replicates, MOST_DRAWN // (n_control + n_treatment))
    if rounds < FEWEST:
        return None
    blocks = _blocks(units, method, (n_control, n_treatment), lift, rounds, seed, progress)
    if method.data is Moments:  # one call for all experiments: some methods search, and search all at once
        blocks = iter([tuple(_joined(parts) for parts in zip(*blocks, strict=True))])
    found = different = 0
    for control, untreated, moved in blocks:
        found += _rejections(method, control, moved, alpha)
        different += _rejections(method, control, untreated, alpha)
    return Simulated(replicates=rounds, power=_share(found, rounds), false_alarms=_share(different, rounds))


def _blocks(
    units: Units,
    method: Method,
    sizes: tuple[int, int],
    lift: float,
    rounds: int,
    seed: int,
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[Data, ...]]:
    """Control, treatment without effect and the same units with it, of some experiments at a time."""
    most = max(1, (_BLOCK_MOMENTS if method.data is Moments else _BLOCK_SAMPLES) // sum(sizes))
    for block, first in enumerate(range(0, rounds, most)):
        rows = min(most, rounds - first)
        rng = seeds.stream(seed, "plan.units", 0, block)
        control, untreated = (units.draw(rng, (rows, n)) for n in sizes)
        moved = treated(untreated, units, lift, rng)
        yield tuple(_data(method, series) for series in (control, untreated, moved))
        if progress is not None:
            progress(rows)


def usable(name: str | None, units: Units) -> Method:
    """The method of that name, if it tests such units.

    Args:
        name: Name in the registry; None for the default of the metric, or the one with a covariate.
        units: What is tested.

    Raises:
        InputError: There is no such method, or it needs or answers something else.
    """
    if name is None:
        return METHODS[(DEFAULT_METHOD if units.correlation is None else _ADJUSTED)[units.metric]]
    fit = [m.name for m in METHODS.values() if _tests(m, units)]
    if name not in fit:
        raise InputError(
            f"method is {name!r}, which does not test a {units.metric} of {', '.join(sorted(units.series))}; "
            f"{did_you_mean(name, fit)}"
        )
    return METHODS[name]


def _tests(method: Method, units: Units) -> bool:
    return (
        units.metric in method.metric_types
        and method.data in {Moments, Samples}
        and set(method.needs) <= units.series
        and not issubclass(method.result, Posterior)
    )


def _rejections(method: Method, control: Data, treatment: Data, alpha: float) -> int:
    """How many experiments are called different; one without a p-value is not."""
    effect: Effect = method(control, treatment, alpha=alpha)
    return int(np.sum(effect.p_value < alpha))


def _data(method: Method, series: Series) -> Data:
    d, x = series.get("d"), series.get("x")
    return Moments.of(series["y"], d, x) if method.data is Moments else Samples(series["y"], d, x)


def _joined(parts: tuple[Data, ...]) -> Moments:
    """The moments of all experiments, from those of the blocks."""
    names = [field.name for field in fields(Moments) if getattr(parts[0], field.name) is not None]
    return Moments(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _share(count: int, of: int) -> Share:
    lower, upper = clopper_pearson(count, of, confidence=CONFIDENCE)
    return Share(value=count / of, lower=lower, upper=upper)

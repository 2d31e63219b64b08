"""The law that a plan's options describe: a mean alone, mean and deviation with a family, or a full law."""

from __future__ import annotations

import math
from collections.abc import Callable

from pydantic_core import PydanticCustomError

from assay.distributions import Bernoulli, Distribution, Gamma, LogNormal, Normal
from assay.errors import InputError, did_you_mean
from assay.spec import reading
from assay.spec.law import read_law


def _lognormal(mean: float, sd: float) -> LogNormal:
    squared = math.log1p((sd / mean) ** 2)
    return LogNormal(math.log(mean) - squared / 2, math.sqrt(squared))


FAMILIES: dict[str, Callable[[float, float], Distribution]] = {
    "normal": Normal,
    "gamma": lambda mean, sd: Gamma((mean / sd) ** 2, sd**2 / mean),
    "lognormal": _lognormal,
}
"""Families that a mean and a standard deviation determine."""


def law_of(
    *, metric: str | None = None, mean: float | None = None, sd: float | None = None, law: str | None = None
) -> Distribution:
    """The law of a unit without treatment.

    Args:
        metric: `mean`, `proportion`, or None: a proportion if only a mean between 0 and 1 is given.
        mean: Its mean.
        sd: Its standard deviation; not of a proportion.
        law: A name of `FAMILIES`, or a distribution in YAML as in a blueprint; None for normal.

    Returns:
        Bernoulli for a proportion.

    Raises:
        InputError: Too little, too much or contradictory is given, or a number is outside its range.
    """
    if metric == "ratio":
        raise InputError("a ratio is planned from data; give --from with --value and --denominator")
    if metric not in {None, "mean", "proportion"}:
        raise InputError(
            f"metric is {metric!r}; {did_you_mean(str(metric), ('mean', 'proportion', 'ratio'))}"
        )
    if law is not None and law not in FAMILIES:
        if mean is not None or sd is not None:
            raise InputError(f"law {law!r} has its own mean and deviation; leave out --mean and --sd")
        return _read(law)
    if mean is None:
        raise InputError("nothing says what a unit is like; give --mean (and --sd), or --law, or --from")
    if sd is None and law is None and metric != "mean":
        if not 0 < mean < 1:
            raise InputError(f"mean is {mean:g} and no --sd is given; a proportion lies between 0 and 1")
        return Bernoulli(mean)
    return _by_moments(mean, sd, law or "normal", metric)


def _by_moments(mean: float, sd: float | None, family: str, metric: str | None) -> Distribution:
    if metric == "proportion":
        raise InputError("a proportion has no --sd and no such --law; its mean says all")
    if sd is None or not 0 < sd < math.inf:
        raise InputError(f"sd is {sd}; the mean of a {family} law needs a standard deviation above 0")
    if not (math.isfinite(mean) and (mean > 0 or family == "normal")):
        raise InputError(f"mean is {mean:g}; of a {family} law it must be above 0")
    return FAMILIES[family](mean, sd)


def _read(text: str) -> Distribution:
    """A distribution in YAML."""
    tree = reading.read(f"law: {text}", "--law")
    given = tree["law"]
    if isinstance(given, str):
        raise InputError(f"there is no law {text!r}; {did_you_mean(text, FAMILIES)}, or write a distribution")
    try:
        return read_law(given)
    except PydanticCustomError as error:
        path = (error.context or {}).get("path")
        raise InputError(f"--law{f', {path}' if path else ''}: {error.message()}") from None

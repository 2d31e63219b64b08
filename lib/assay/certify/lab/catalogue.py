"""The outcomes that certificates are made for, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from assay.certify.lab.covariates import Correlated
from assay.certify.lab.groups import Clustered, Pairs
from assay.certify.lab.independent import Independent
from assay.certify.lab.outcome import Outcome
from assay.certify.lab.ratios import Ratio, Sessions
from assay.certify.lab.waiting import Waiting
from assay.distributions import (
    Bernoulli,
    CompoundPoisson,
    Gamma,
    LogNormal,
    MixedPoisson,
    Normal,
    Pareto,
    Poisson,
    ZeroInflated,
)
from assay.errors import InputError, did_you_mean

OUTCOMES: Mapping[str, Callable[[], Outcome]] = MappingProxyType(
    {
        "normal": lambda: Independent(Normal(10, 5)),
        "poisson-0.3": lambda: Independent(Poisson(0.3)),
        "poisson-3": lambda: Independent(Poisson(3)),
        "bernoulli-0.01": lambda: Independent(Bernoulli(0.01)),
        "bernoulli-0.1": lambda: Independent(Bernoulli(0.1)),
        "bernoulli-0.5": lambda: Independent(Bernoulli(0.5)),
        "gamma-0.1": lambda: Independent(Gamma(0.1, 100)),
        "gamma-1": lambda: Independent(Gamma(1, 10)),
        "lognormal-1": lambda: Independent(LogNormal(2, 1)),
        "payers-5%": lambda: Independent(ZeroInflated(0.95, LogNormal(3, 1.5))),
        "compound-poisson-gamma": lambda: Independent(CompoundPoisson(Poisson(0.5), Gamma(2, 10))),
        "negative-binomial": lambda: Independent(MixedPoisson(Gamma(0.5, 6))),
        "pareto-2.5": lambda: Independent(Pareto(1, 2.5)),
        "late-10%": lambda: Independent(Gamma(1, 10), late=0.1),
        "covariate-0.7": lambda: Correlated(10, 5, 0.7),
        "ratio": lambda: Ratio(0.8, 0.5),
        "sessions": lambda: Sessions(2, 0.1, 0.2),
        "clusters": lambda: Clustered(10, 5, 0.1),
        "pairs": lambda: Pairs(10, 5, 0.6),
        "pairs-0/1": lambda: Pairs(0, 1, 0.6, success=0.5),
        "waiting": lambda: Waiting(20),
    }
)
"""Name of a kind of data that certificates are made for → the outcome."""
_FAMILIES: Mapping[str, Callable[[float], Outcome]] = MappingProxyType(
    {
        "poisson": lambda rate: Independent(Poisson(rate)),
        "bernoulli": lambda share: Independent(Bernoulli(share)),
        "gamma": lambda shape: Independent(Gamma(shape, 10 / shape if shape else 0)),
        "lognormal": lambda sigma: Independent(LogNormal(2, sigma)),
        "pareto": lambda index: Independent(Pareto(1, index)),
        "covariate": lambda correlation: Correlated(10, 5, correlation),
    }
)
"""Families of which any member can be asked for: name → from its parameter to the outcome."""


def outcome(name: str) -> Outcome:
    """A kind of data by name: one of `OUTCOMES`, or any member of a family, such as `gamma-0.3`.

    Raises:
        InputError: There is none of that name, or the parameter is not allowed.
    """
    if name in OUTCOMES:
        return OUTCOMES[name]()
    family, _, parameter = name.rpartition("-")
    if family in _FAMILIES:
        number = _number(parameter)
        if number is not None:
            return _FAMILIES[family](number)
    raise InputError(f"there is no scenario {name!r}; {did_you_mean(name, OUTCOMES)}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None

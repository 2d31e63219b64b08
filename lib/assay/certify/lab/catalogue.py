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
"""Name of a law that certificates are made for → the outcome."""

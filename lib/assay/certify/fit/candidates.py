"""Which laws come into question for some data, and how near each comes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assay.certify.fit import amounts, counts
from assay.certify.fit.goodness import goodness
from assay.certify.fit.likelihood import log_likelihood
from assay.distributions import Bernoulli, Constant, Distribution, ZeroInflated

Array = NDArray[np.float64]
Kind = Literal["constant", "binary", "count", "amount", "real"]
"""All values equal; 0 and 1; whole numbers from 0 up; numbers from 0 up; any numbers."""

MOST_COUNTED = 100.0
"""Whole numbers whose positive part has a greater mean are amounts: steps of 1 are small beside them."""
_GREATEST_COUNT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A law fitted by maximum likelihood.

    Attributes:
        name: For people, such as `zero-inflated gamma`.
        law: The law.
        parameters: How many were fitted.
        log_likelihood: At the data; an amount above 0 counts with its density.
        aic: 2 parameters - 2 log_likelihood.
        bic: log(n) parameters - 2 log_likelihood.
        p_value: Of the law's fit, by parametric bootstrap; see `goodness`.
    """

    name: str
    law: Distribution
    parameters: int
    log_likelihood: float
    aic: float
    bic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Family:
    """A name, a number of parameters, and how they are fitted."""

    name: str
    parameters: int
    fit: Callable[[Array], Distribution]


_COUNTS = (
    Family("Poisson", 1, counts.poisson),
    Family("zero-inflated Poisson", 2, counts.zero_inflated_poisson),
    Family("negative binomial", 2, counts.negative_binomial),
    Family("zero-inflated negative binomial", 3, counts.zero_inflated_negative_binomial),
)
_POSITIVE = (
    Family("gamma", 2, amounts.gamma),
    Family("log-normal", 2, amounts.lognormal),
    Family("Pareto", 2, amounts.pareto),
)
_REAL = (Family("normal", 2, amounts.normal),)
_BINARY = (Family("Bernoulli", 1, lambda y: Bernoulli(float(np.mean(y)))),)
_CONSTANT = (Family("constant", 1, lambda y: Constant(float(y[0]))),)


def kind_of(y: Array) -> Kind:
    """What sort of numbers these are.

    Args:
        y: Finite numbers, one axis, one or more.
    """
    if np.all(y == y[0]):
        return "constant"
    if np.all((y == 0) | (y == 1)):
        return "binary"
    if np.any(y < 0):
        return "real"
    small = float(np.max(y)) <= _GREATEST_COUNT and float(np.mean(y[y > 0])) <= MOST_COUNTED
    return "count" if small and np.all(y == np.floor(y)) else "amount"


def candidates(y: Array, kind: Kind, *, seed: int) -> tuple[Candidate, ...]:
    """Every law that comes into question, fitted, the one of least BIC first.

    A family whose likelihood is greatest on its edge, where it is a smaller one, is left out.

    Args:
        y: The data, one axis.
        kind: What sort of numbers they are.
        seed: Of the goodness of fit.
    """
    fitted: dict[Distribution, Family] = {}
    for family in _families(y, kind):
        fitted.setdefault(family.fit(y), family)
    found = [_candidate(y, law, family, kind, seed) for law, family in fitted.items()]
    return tuple(sorted(found, key=lambda candidate: candidate.bic))


def _families(y: Array, kind: Kind) -> tuple[Family, ...]:
    if kind == "constant":
        return _CONSTANT
    if kind == "binary":
        return _BINARY
    if kind == "count":
        return _COUNTS
    if kind == "real":
        return _REAL
    positive = y[y > 0]
    parts = _POSITIVE if np.any(positive != positive[0]) else _CONSTANT
    if len(positive) == len(y):
        return (*parts, *_REAL)
    return tuple(
        Family(f"zero-inflated {part.name}", part.parameters + 1, amounts.with_zeros(part.fit))
        for part in parts
    )


def _candidate(y: Array, law: Distribution, family: Family, kind: Kind, seed: int) -> Candidate:
    log = log_likelihood(law, y)
    return Candidate(
        name=family.name,
        law=law,
        parameters=family.parameters,
        log_likelihood=log,
        aic=2 * family.parameters - 2 * log,
        bic=math.log(len(y)) * family.parameters - 2 * log,
        p_value=goodness(y, family.fit, steps=kind == "count", seed=seed) if _can_fail(law) else 1.0,
    )


def _can_fail(law: Distribution) -> bool:
    """Whether data of the kind can look unlike the law: zeros and ones are always Bernoulli."""
    of = law.of if isinstance(law, ZeroInflated) else law
    return not isinstance(of, Bernoulli | Constant)

"""Many methods on the same random splits, with and without an effect; and the certificates that result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from types import MappingProxyType

import numpy as np

from assay import seeds
from assay.certify.certificate import RE_RANDOMISED, Certificate
from assay.certify.diagnosis.candidates import alternatives, better, falls_short
from assay.certify.diagnosis.plant import Planted, plan
from assay.certify.diagnosis.rates import Rates, rates
from assay.certify.diagnosis.words import recommendation
from assay.certify.rerandomise import Assignment, Halves, Units, splits
from assay.stats import Effect, Method, MetricType

REPLICATES = 2000
UNITS = 200_000
"""Most units of a sample: more take longer and tell the same."""


def measure(
    methods: Iterable[Method],
    halves: Halves,
    planted: Planted,
    *,
    alpha: float,
    generator: np.random.Generator,
    answers: Mapping[str, Effect] = MappingProxyType({}),
) -> list[Rates]:
    """The rates of methods on the same splits.

    Args:
        methods: Methods that work from moments, of the series that the splits have.
        halves: Moments of both arms of each split.
        planted: The effect.
        alpha: Level of the tests.
        generator: Plants the effect, once for all methods.
        answers: Name to answers without the effect, of methods that were asked before.

    Returns:
        One per method, in the order given.
    """
    control, treatment = halves
    lifted = planted.into(treatment, generator) if planted.lift else treatment

    def one(method: Method) -> Rates:
        known = method.name in answers
        null = answers[method.name] if known else method(control, treatment, alpha=alpha)
        effect = method(control, lifted, alpha=alpha) if planted.lift else null
        return rates(method, null, effect, lift=planted.lift, truth=planted.truth, alpha=alpha)

    return [one(method) for method in methods]


def certify(
    methods: Iterable[Method],
    units: Units,
    *,
    metric: str,
    kind: MetricType,
    lift: float | None,
    as_of: date,
    seed: int,
    week: int,
    alpha: float = 0.05,
    replicates: int = REPLICATES,
    total: int | None = None,
) -> list[Certificate]:
    """Certificates of methods on the values of units without a difference.

    Args:
        methods: Methods that work from moments.
        units: Their values, in a fixed order: which unit a bit falls on depends on it.
        metric: Name of the metric.
        kind: Its type.
        lift: Relative effect to plant; None if there is none that anyone wants to find.
        as_of: The look at which the values stood.
        seed: The blueprint's seed; the bits are the stream `aa.<metric>` of `week`.
        week: Number of the week, 0 or greater.
        alpha: Level of the tests.
        replicates: Number of splits, 1 or greater.
        total: Units there were before they were cut to at most `UNITS`; stated in the scenario.

    Returns:
        One per method, in order, each with a recommendation; where one falls short its alternatives are
        measured too, to name the best. Equal arguments give equal certificates.

    Raises:
        InputError: Fewer than four units, or series of different length.
    """
    chosen = tuple(methods)
    halves = splits({metric: units}, Assignment(seed, f"aa.{metric}", week), replicates)[metric]
    planted = plan(units, kind, lift)

    def asked(those: Iterable[Method]) -> list[Rates]:
        generator = seeds.stream(seed, f"aa.{metric}.effect", week)
        return measure(those, halves, planted, alpha=alpha, generator=generator)

    found = asked(chosen)
    # Alternatives are measured where they are needed, which is seldom.
    others = [] if not any(map(falls_short, found)) else asked(alternatives(chosen[0], kind, units))
    size = int(np.count_nonzero(units.present))
    return [
        Certificate(
            certificate_id=identity(each, metric, as_of, seed),
            kind=RE_RANDOMISED,
            scenario=scenario(size, size if total is None else total),
            metric=metric,
            as_of=as_of,
            n_control=size // 2,
            n_treatment=size - size // 2,
            seed=seed,
            recommendation=recommendation(each, better(each, others), units=size, p_randomised=None),
            **asdict(each),
        )
        for each in found
    ]


def scenario(units: int, total: int) -> str:
    """What was split, in words: so many units, chosen from so many."""
    cut = f", chosen by hash from {total:,}" if total > units else ""
    return f"A/A: random halves of {units:,} control units{cut}"


def identity(found: Rates, metric: str, as_of: date, seed: int) -> str:
    """The same for a look measured again after late data: the new certificate takes the place of the old."""
    what = (found.method, found.method_version, "aa", metric, as_of.isoformat())
    parts = (*what, found.replicates, repr(found.alpha), seed)
    return "aa-" + hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:16]

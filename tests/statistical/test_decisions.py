"""The error rate that each analysis plan promises, through the function that decides on gold's results.

Experiments are drawn as moments, week by week. A count is held against the binomial bounds that the promised
rate leaves with probability 1e-6: both where the rate is known, the upper one where it is a bound. What was
found stands in docs/plans.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from assay.medallion.decisions import Decision, Result, decide, interval_level
from assay.seeds import stream
from assay.spec import Blueprint
from assay.spec.plan import method_of
from assay.stats import METHODS, Effect, Moments

REPLICATES = 1_500
FEW = {"sequential, holm": 600}  # repeated p-values of a real effect take their time
FALSE_FAIL = 1e-6
UNITS = 1_000  # that come to each arm in a week
WEEKS = 7
MARGIN = 0.02
NULLS = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0, "e": 0.0}
TWO_REAL = NULLS | {"a": 0.2, "b": 0.2}
ONE_REAL = {"a": 0.2, "b": 0.0, "c": 0.0}
PAGE = Path(__file__).parents[2] / "docs/plans.md"
DOCUMENT = """
name: shop
start: 2026-01-05
facts:
  trades: {{table: silver.trades, unit: customer_id, time: traded_at}}
metrics:
  {metrics}
experiments:
  button:
    weeks: 7
    metrics: [{names}]
    arms: [{{name: control, allocation: 0.5}}, {{name: blue, allocation: 0.5}}]
    roles: {{{roles}}}
    plan: {plan}
"""
# Name on the page → plan, lift of each metric, its role.
WORLDS: dict[str, tuple[str, dict[str, float], str]] = {
    "none": ("{kind: fixed, multiplicity: none}", NULLS, "primary"),
    "bonferroni": ("{kind: fixed}", NULLS, "primary"),
    "holm": ("{kind: fixed, multiplicity: holm}", TWO_REAL, "primary"),
    "hochberg": ("{kind: fixed, multiplicity: hochberg}", TWO_REAL, "primary"),
    "benjamini_hochberg": ("{kind: fixed, multiplicity: benjamini_hochberg}", TWO_REAL, "primary"),
    "sequential": ("{kind: sequential, looks: [2, 4, 7]}", {"a": 0.0}, "primary"),
    "sequential, pocock": ("{kind: sequential, looks: [2, 4, 7], spending: pocock}", {"a": 0.0}, "primary"),
    "sequential, holm": ("{kind: sequential, looks: [2, 4, 7], multiplicity: holm}", ONE_REAL, "primary"),
    "anytime": ("{kind: anytime}", {"a": 0.0}, "primary"),
    "bayesian": ("{kind: bayesian}", {"a": 0.0}, "primary"),
    "guardrail, fixed": ("{kind: fixed}", {"a": -MARGIN}, "guardrail"),
    "guardrail, sequential": ("{kind: sequential, looks: [2, 4, 7]}", {"a": -MARGIN}, "guardrail"),
    "guardrail, anytime": ("{kind: anytime}", {"a": -MARGIN}, "guardrail"),
}


def moments(name: str, lift: float) -> tuple[Moments, Moments]:
    """Both arms at the end of each week, shape (replicates, weeks): normal units, mean 1, deviation 0.5."""
    arms = []
    for arm, mean in (("control", 1.0), ("blue", 1.0 + lift)):
        rng = stream(20_261_129, f"test.decisions.{name}.{arm}")
        size = (REPLICATES, WEEKS)
        weekly = mean + 0.5 / np.sqrt(UNITS) * rng.standard_normal(size)
        within = 0.25 * rng.chisquare(UNITS - 1, size)
        n = UNITS * np.arange(1, WEEKS + 1.0)
        total, squares = (UNITS * np.cumsum(weekly**power, axis=1) for power in (1, 2))
        spread = np.cumsum(within, axis=1) + squares - total**2 / n
        arms.append(Moments(n=np.broadcast_to(n, size), mean_y=total / n, m2_y=spread))
    return arms[0], arms[1]


def experiments(name: str) -> Iterator[dict[str, list[Decision]]]:
    """Of each replicate, what every metric's looks say, in order of time."""
    plan, lifts, role = WORLDS[name]
    blueprint = Blueprint.parse(
        DOCUMENT.format(
            metrics="\n  ".join(
                f"{m}: {{type: mean, numerator: trades.count, margin: {MARGIN}}}" for m in lifts
            ),
            names=", ".join(lifts),
            roles=", ".join(f"{m}: {role}" for m in lifts),
            plan=plan,
        ),
        name,
    )
    planned = blueprint.round_of("button")
    looks = [planned.start + timedelta(weeks=week + 1) for week in range(WEEKS)]
    effects: dict[str, Effect] = {}
    for metric, lift in lifts.items():
        method = METHODS[str(method_of(planned.plan, blueprint.metrics[metric]))]
        levels = [interval_level(planned, planned.role(metric), look, blueprint.alpha) for look in looks]
        effects[metric] = method(*moments(metric, lift), alpha=np.array(levels))
    for i in range(FEW.get(name, REPLICATES)):
        rows = [
            result(metric, look, effect, i, j)
            for metric, effect in effects.items()
            for j, look in enumerate(looks)
        ]
        said = decide(planned, blueprint.metrics, blueprint.alpha, rows)
        yield {metric: said[WEEKS * k : WEEKS * (k + 1)] for k, metric in enumerate(lifts)}


def result(metric: str, look: object, effect: Effect, i: int, j: int) -> Result:
    names = ("estimate", "p_value", "lower", "upper", "relative_lower", "relative_upper")
    numbers = {name: float(getattr(effect, name)[i, j]) for name in names}
    return Result(metric, "blue vs control", look, **numbers, srm=False)  # type: ignore[arg-type]


@cache
def errors(name: str) -> NDArray[np.float64]:
    """Of each replicate 1 if anything false was ever said; of a discovery rate its share of the findings."""
    lifts = WORLDS[name][1]
    found = []
    for said in experiments(name):
        shown = {
            metric: any(d.word in {"better", "worse", "within margin"} for d in looks)
            for metric, looks in said.items()
        }
        false = sum(shown[metric] for metric, lift in lifts.items() if lift in {0.0, -MARGIN})
        share = false / max(sum(shown.values()), 1)
        found.append(share if name == "benjamini_hochberg" else float(false > 0))
    return np.array(found)


def bounds(rate: float, replicates: int = REPLICATES) -> tuple[int, int]:
    """What the count of errors stays between if this is their rate."""
    law = stats.binom(replicates, rate)
    return int(law.ppf(FALSE_FAIL / 2)), int(law.isf(FALSE_FAIL / 2))


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("none", 1 - 0.95**5),
        ("bonferroni", 1 - 0.99**5),
        ("holm", 1 - (1 - 0.05 / 3) ** 3),
        ("sequential", 0.05),
        ("sequential, pocock", 0.05),
        ("sequential, holm", 1 - (1 - 0.05 / 2) ** 2),
        ("bayesian", 0.10),
        ("guardrail, fixed", 0.025),
        ("guardrail, sequential", 0.025),
    ],
)
def test_the_rate_is_the_one_that_theory_gives(name: str, rate: float) -> None:
    found = errors(name)
    least, most = bounds(rate, found.size)
    assert least <= found.sum() <= most


@pytest.mark.parametrize(
    ("name", "rate"), [("hochberg", 0.05), ("anytime", 0.05), ("guardrail, anytime", 0.025)]
)
def test_the_rate_is_at_most_what_is_promised(name: str, rate: float) -> None:
    assert errors(name).sum() <= bounds(rate)[1]


def test_the_false_discovery_rate_is_that_of_the_nulls_share() -> None:
    """alpha times 3 of 5; the shares' mean is nearly normal, and leaves 4.9 standard errors with 1e-6."""
    shares = errors("benjamini_hochberg")
    z = stats.norm.isf(FALSE_FAIL / 2)
    assert abs(shares.mean() - 0.05 * 3 / 5) <= z * shares.std() / np.sqrt(REPLICATES)


def test_the_assertions_tell_what_is_wrong() -> None:
    """No correction, and a fixed plan read at every look, are far outside the bounds of 5 %."""
    assert errors("none").sum() > bounds(0.05)[1]
    effect = METHODS["welch"](*moments("a", 0.0), alpha=0.05)
    assert np.sum((effect.p_value < 0.05).any(axis=1)) > bounds(0.05)[1]
    assert stats.binom.sf(bounds(0.05)[1], REPLICATES, 0.10) > 0.99


def test_an_early_plan_finds_a_real_effect_early() -> None:
    said = next(experiments("sequential, holm"))["a"]
    assert [d.word for d in said] == ["running", *["better"] * 6]
    assert len({d.decided for d in said if d.decided}) == 1


@pytest.mark.long
def test_the_page_says_what_was_measured() -> None:
    page = PAGE.read_text()
    for name in WORLDS:
        assert f"| {name} | " in page
        (row,) = (line for line in page.splitlines() if line.startswith(f"| {name} | "))
        assert row.endswith(f"| {100 * errors(name).mean():.1f} % |"), row

"""How an experiment decides: which of its looks may, and at which level.

`fixed` decides once, at the planned end. `sequential` is a group sequential design: it decides at looks that
are named beforehand, and spends its error over them. `anytime` may decide at every look, by methods whose
p-values hold at all looks together. `bayesian` decides at the planned end, by the posterior probability.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from assay.spec.fact import CLUSTERED, Metric, MetricType, methods_for
from assay.spec.model import Model, problem

Role = Literal["primary", "secondary", "guardrail"]
"""What a metric is for: to decide, to be known beside it, or to warn of harm."""

Multiplicity = Literal["bonferroni", "holm", "hochberg", "benjamini_hochberg", "none"]
"""How the comparisons of a family share the level."""

_ALWAYS_VALID = {
    "mean": "confidence_sequence",
    "proportion": "confidence_sequence",
    "ratio": "confidence_sequence_ratio",
}
_POSTERIOR = {"mean": "normal_normal", "proportion": "beta_binomial"}


class Fixed(Model):
    """Decides at the planned end.

    Attributes:
        kind: `fixed`.
        multiplicity: How the comparisons of a family share the level.
    """

    kind: Literal["fixed"] = "fixed"
    multiplicity: Multiplicity = "bonferroni"


class Sequential(Model):
    """Decides at planned looks, by the bounds of a group sequential design.

    Attributes:
        kind: `sequential`.
        looks: Weeks of the experiment at whose end is looked, rising; the last is the experiment's last.
        spending: How fast the error is spent: `obrien_fleming` hardly any early, `pocock` nearly evenly.
        multiplicity: How the comparisons of a family share the level.
    """

    kind: Literal["sequential"] = "sequential"
    looks: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, max_length=30)
    spending: Literal["obrien_fleming", "pocock"] = "obrien_fleming"
    multiplicity: Multiplicity = "bonferroni"

    @model_validator(mode="after")
    def _check(self) -> Sequential:
        if sorted(set(self.looks)) != self.looks:
            raise problem("looks", f"is {self.looks}; the weeks must rise, each named once")
        return self


class Anytime(Model):
    """May decide at every look, by methods whose p-values hold at all looks together.

    Attributes:
        kind: `anytime`.
        multiplicity: How the comparisons of a family share the level.
    """

    kind: Literal["anytime"] = "anytime"
    multiplicity: Multiplicity = "bonferroni"


class Bayesian(Model):
    """Decides at the planned end where a posterior probability reaches a threshold.

    Attributes:
        kind: `bayesian`.
        threshold: Probability of an effect beyond the region of practical equivalence, above 0.5.
        rope: Half the width of that region: relative effects up to it are as good as none; 0 for no region.
    """

    kind: Literal["bayesian"] = "bayesian"
    threshold: float = Field(default=0.95, gt=0.5, lt=1)
    rope: float = Field(default=0.0, ge=0, lt=1)


Plan = Fixed | Sequential | Anytime | Bayesian


def fitting(plan: Plan, metric_type: MetricType, *, clustered: bool = False) -> list[str]:
    """Names of the methods that a plan can decide by, for a type of metric.

    Args:
        plan: The plan.
        metric_type: The metric's type.
        clustered: Whether clusters of units were assigned as wholes.

    Returns:
        For `anytime` the always-valid methods, for `bayesian` those with a posterior, for `sequential` those
        whose p-value is of one look, for `fixed` all that have one; of clusters those that know them.
    """
    from assay.stats import METHODS, Posterior

    def fits(name: str) -> bool:
        always_valid = METHODS[name].family == "sequential"
        if issubclass(METHODS[name].result, Posterior):
            return plan.kind == "bayesian"
        return {"fixed": True, "anytime": always_valid, "sequential": not always_valid}.get(plan.kind, False)

    names = CLUSTERED.get(metric_type, ()) if clustered else methods_for(metric_type)
    return [name for name in names if fits(name)]


def method_of(plan: Plan, metric: Metric, *, clustered: bool = False) -> str | None:
    """Name of the method that a metric's results are computed with under a plan.

    Args:
        plan: The plan.
        metric: The metric.
        clustered: Whether clusters of units were assigned as wholes.

    Returns:
        The metric's own, or that of its type and the plan; None where no method of the plan suits the type.
    """
    if clustered:
        return metric.method or next(iter(fitting(plan, metric.type, clustered=True)), None)
    if metric.method is not None or plan.kind in {"fixed", "sequential"}:
        return metric.analysis
    return (_ALWAYS_VALID if plan.kind == "anytime" else _POSTERIOR).get(metric.type)

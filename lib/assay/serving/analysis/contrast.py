"""What does a treatment do to a metric? The registry's method on two arms' moments, corrected for many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.errors import InputError
from assay.serving.analysis import words
from assay.serving.analysis.result import Comparison, Summary
from assay.stats import Effect, Method, Moments, explain, holm

_MINIMUM_UNITS = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms of one metric, ready for its method.

    Attributes:
        method: The method, which reads moments.
        control: Moments of the control, of shape ().
        treatment: Moments of the treatment.
        ends: Both in words and numbers, control first.
    """

    method: Method
    control: Moments
    treatment: Moments
    ends: tuple[Summary, Summary]

    def effect(self, alpha: float) -> Effect:
        """What the method says at that level."""
        return self.method(self.control, self.treatment, alpha=alpha)


def comparisons(pairs: Sequence[Pair], alpha: float) -> list[Comparison]:
    """Every pair compared, corrected for their number by Holm.

    Args:
        pairs: One per metric and treatment.
        alpha: Level of each interval, and of the whole family after correction.
    """
    effects = [pair.effect(alpha) for pair in pairs]
    family = holm([float(effect.p_value) for effect in effects], alpha=alpha)
    strict = [pair.effect(float(level)) for pair, level in zip(pairs, family.alpha, strict=True)]
    return [
        _row(pair, effect, corrected, float(p))
        for pair, effect, corrected, p in zip(pairs, effects, strict, family.p_value, strict=True)
    ]


def invalid(row: Comparison, reason: str) -> Comparison:
    """The comparison with its decision withdrawn, because the data behind it is not what was planned."""
    return _said(replace(row, decision=f"invalid: {reason}"))


def summary(moments: Moments, *, metric: str, kind: str, arm: str, missing: int) -> Summary:
    """One metric in one arm.

    Args:
        moments: Of the arm's units with a value, of shape ().
        metric: Name of the metric.
        kind: Its type.
        arm: Label of the arm.
        missing: Units of the arm without a value.

    Raises:
        InputError: The arm has fewer than two units with a value, or denominators that sum to 0.
    """
    n = int(moments.n)
    if n < _MINIMUM_UNITS:
        raise InputError(
            f"arm {arm!r} has {n} unit{'s' if n != 1 else ''} with a value of {metric!r}; at least "
            f"{_MINIMUM_UNITS} are needed in each arm"
        )
    if moments.mean_d is None:
        mean, std_dev = float(moments.mean_y), math.sqrt(float(moments.var_y))
    elif float(moments.mean_d) > 0:
        mean, std_dev = float(moments.mean_y) / float(moments.mean_d), None
    else:
        raise InputError(f"the denominators of {metric!r} sum to 0 in arm {arm!r}; it has no ratio there")
    return Summary(metric, kind, arm, n, missing, mean, std_dev)


def _row(pair: Pair, effect: Effect, strict: Effect, p_holm: float) -> Comparison:
    control, treatment = pair.ends
    row = Comparison(
        metric=control.metric,
        type=control.type,
        method=pair.method.name,
        method_version=pair.method.version,
        contrast=f"{treatment.arm} vs {control.arm}",
        control=control.arm,
        treatment=treatment.arm,
        n_control=control.n,
        n_treatment=treatment.n,
        mean_control=control.mean,
        mean_treatment=treatment.mean,
        estimate=float(effect.estimate),
        std_error=float(effect.std_error),
        lower=float(effect.lower),
        upper=float(effect.upper),
        statistic=float(effect.statistic),
        df=float(effect.df),
        p_value=float(effect.p_value),
        relative_estimate=float(effect.relative_estimate),
        relative_lower=float(effect.relative_lower),
        relative_upper=float(effect.relative_upper),
        alpha=float(effect.alpha),
        alpha_corrected=float(strict.alpha),
        lower_corrected=float(strict.lower),
        upper_corrected=float(strict.upper),
        p_holm=p_holm,
        reason=explain(int(effect.reason)),
        decision="",
        sentence="",
    )
    return _said(replace(row, decision=_decision(row)))


def _decision(row: Comparison) -> str:
    if math.isnan(row.p_holm):
        return f"cannot be judged: {row.reason}"
    if not row.p_holm < row.alpha:
        return "no difference shown"
    return "higher" if row.estimate > 0 else "lower"


def _said(row: Comparison) -> Comparison:
    text = words.sentence(
        metric=row.metric,
        kind=row.type,
        control=row.control,
        treatment=row.treatment,
        means=(row.mean_control, row.mean_treatment),
        effect=(row.estimate, row.lower, row.upper),
        error=row.std_error,
        alpha=row.alpha,
        decision=row.decision,
    )
    return replace(row, sentence=text)

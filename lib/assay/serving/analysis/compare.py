"""What does each treatment do to a metric? The registry's method on the arms' moments, corrected for many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import InputError
from assay.serving.analysis import words
from assay.serving.analysis.arms import Arms
from assay.serving.analysis.columns import numbers
from assay.serving.analysis.requests import MEAN, PROPORTION, MetricRequest
from assay.serving.analysis.result import Comparison, Summary
from assay.stats import DEFAULT_METHOD, Effect, Method, Moments, explain, holm, named

_MINIMUM_UNITS = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric's values, one per row.

    Attributes:
        name: Name of the metric.
        type: `mean`, `proportion` or `ratio`.
        y: Shape (rows,); the value or numerator.
        d: Shape (rows,); a ratio's denominator, else None.
        present: Shape (rows,); nothing that the metric needs is missing.
    """

    name: str
    type: str
    y: NDArray[np.float64]
    d: NDArray[np.float64] | None
    present: NDArray[np.bool_]

    def moments(self, rows: NDArray[np.bool_]) -> Moments:
        """Moments of the rows that have a value."""
        kept = rows & self.present
        return Moments.of(self.y[kept], None if self.d is None else self.d[kept])


def measure(table: pa.Table, request: MetricRequest) -> Measured:
    """Read a metric's columns and settle its type.

    Raises:
        InputError: A value is no number, not 0 or 1 in a proportion, or a denominator is negative.
    """
    found = numbers(table.column(request.numerator), request.numerator)
    kind = request.type or (PROPORTION if found.binary and not np.all(np.isnan(found.values)) else MEAN)
    if kind == PROPORTION and not found.binary:
        _refuse_not_binary(found.values, request.numerator)
    if request.denominator is None:
        return Measured(request.name, kind, found.values, None, ~np.isnan(found.values))
    below = numbers(table.column(request.denominator), request.denominator).values
    if np.any(below < 0):
        row = int(np.flatnonzero(below < 0)[0])
        raise InputError(
            f"denominator column {request.denominator!r} is {below[row]:g} in row {row + 1} (the header not "
            f"counted); a ratio's denominators must be 0 or greater"
        )
    return Measured(request.name, kind, found.values, below, ~(np.isnan(found.values) | np.isnan(below)))


def summaries(measured: Measured, arms: Arms) -> list[Summary]:
    """The metric in each arm.

    Raises:
        InputError: An arm has fewer than two units with a value, or denominators that sum to 0.
    """
    return [_summary(measured, arms, name) for name in arms.names]


def comparisons(measured: Sequence[Measured], arms: Arms, alpha: float) -> list[Comparison]:
    """Every treatment against control on every metric, corrected for their number by Holm.

    Args:
        measured: The metrics.
        arms: The rows' arms.
        alpha: Level of each interval, and of the whole family after correction.
    """
    pairs = [_pair(m, arms, t) for m in measured for t in arms.names[1:]]
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


def _refuse_not_binary(values: NDArray[np.float64], name: str) -> None:
    row = int(np.flatnonzero(~np.isnan(values) & (values != 0) & (values != 1))[0])
    raise InputError(
        f"metric column {name!r} is {values[row]:g} in row {row + 1} (the header not counted); a proportion "
        f"holds only 0 and 1; ask for {name}:mean instead"
    )


def _summary(measured: Measured, arms: Arms, name: str) -> Summary:
    rows = arms.rows(name)
    m = measured.moments(rows)
    n = int(m.n)
    if n < _MINIMUM_UNITS:
        raise InputError(
            f"arm {name!r} has {n} unit{'s' if n != 1 else ''} with a value of {measured.name!r}; at least "
            f"{_MINIMUM_UNITS} are needed in each arm"
        )
    if m.mean_d is None:
        mean, std_dev = float(m.mean_y), math.sqrt(float(m.var_y))
    elif float(m.mean_d) > 0:
        mean, std_dev = float(m.mean_y) / float(m.mean_d), None
    else:
        raise InputError(
            f"the denominators of {measured.name!r} sum to 0 in arm {name!r}; it has no ratio there"
        )
    return Summary(measured.name, measured.type, name, n, int(np.count_nonzero(rows)) - n, mean, std_dev)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two arms of one metric, ready for its method."""

    method: Method
    control: Moments
    treatment: Moments
    ends: tuple[Summary, Summary]

    def effect(self, alpha: float) -> Effect:
        return self.method(self.control, self.treatment, alpha=alpha)


def _pair(measured: Measured, arms: Arms, treatment: str) -> _Pair:
    return _Pair(
        named(DEFAULT_METHOD[measured.type]),
        measured.moments(arms.rows(arms.control)),
        measured.moments(arms.rows(treatment)),
        (_summary(measured, arms, arms.control), _summary(measured, arms, treatment)),
    )


def _row(pair: _Pair, effect: Effect, strict: Effect, p_holm: float) -> Comparison:
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

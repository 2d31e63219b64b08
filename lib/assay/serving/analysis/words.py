"""How is a result said? With as many digits as its standard error supports, and what the numbers mean.

A proportion's difference is in points (percentage points), a mean's and a ratio's in the metric's own unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assay.serving.analysis.requests import PROPORTION

if TYPE_CHECKING:
    from assay.certify.diagnosis.diagnose import Diagnosis
    from assay.serving.analysis.result import Analysis, Summary

_DIGITS_OF_ERROR = 2
_SMALL_P = 0.0001
_MAX_DECIMALS = 12
_MEANING = {
    "higher": "higher than control",
    "lower": "lower than control",
    "no difference shown": "no difference shown; effects within the interval remain possible",
}


def decimals(error: float) -> int:
    """Decimals that show two significant digits of a standard error; more would be noise.

    Example:
        >>> decimals(2.1), decimals(0.034), decimals(410.0)
        (1, 3, 0)
    """
    if not (math.isfinite(error) and error > 0):
        return 3
    return min(max(_DIGITS_OF_ERROR - 1 - math.floor(math.log10(error)), 0), _MAX_DECIMALS)


def fixed(value: float, places: int, *, sign: bool = False) -> str:
    """The number with thousands separated and so many decimals; infinity and NaN in words.

    Example:
        >>> fixed(1234.5, 1), fixed(0.5, 2, sign=True), fixed(-0.0, 1)
        ('1,234.5', '+0.50', '0.0')
    """
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "unbounded"
    text = f"{value:{'+' if sign else ''},.{places}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text


def p_value(p: float) -> str:
    """`p = 0.023`, `p < 0.0001`, `p unknown`.

    Example:
        >>> p_value(0.0234567)
        'p = 0.023'
    """
    if math.isnan(p):
        return "p unknown"
    if p < _SMALL_P:
        return f"p < {_SMALL_P:.4f}"
    return f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"  # noqa: PLR2004 - two digits either way


def level(alpha: float) -> str:
    """The confidence level in per cent.

    Example:
        >>> level(0.05), level(0.001)
        ('95 %', '99.9 %')
    """
    return f"{100 * (1 - alpha):.10g} %"


def mean(value: float, kind: str, error: float) -> str:
    """An arm's mean: a proportion in per cent, all else as it is."""
    scale = _scale(kind)
    places = max(decimals(error * scale), 1) if kind == PROPORTION else decimals(error)
    return fixed(value * scale, places) + (" %" if kind == PROPORTION and math.isfinite(value) else "")


def difference(estimate: float, kind: str, error: float) -> str:
    """`+45.1 points`, or `+0.34` in the metric's unit."""
    scale = _scale(kind)
    text = fixed(estimate * scale, decimals(error * scale), sign=True)
    return f"{text} points" if kind == PROPORTION and math.isfinite(estimate) else text


def interval(lower: float, upper: float, kind: str, error: float) -> str:
    """`41.0 to 48.9`, in the unit of `difference`."""
    scale = _scale(kind)
    places = decimals(error * scale)
    return f"{fixed(lower * scale, places)} to {fixed(upper * scale, places)}"


def relative(estimate: float, lower: float, upper: float) -> str:
    """`+133 % (110 % to 158 %)`; says so when there is no relative form."""
    if not math.isfinite(estimate):
        return "no relative form: the control's mean is 0"
    places = decimals(100 * (upper - lower) / 4) if math.isfinite(lower) and math.isfinite(upper) else 1
    centre = f"{fixed(100 * estimate, places, sign=True)} %"
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return f"{centre} (interval unbounded: the control's mean may be 0)"
    return f"{centre} ({fixed(100 * lower, places)} % to {fixed(100 * upper, places)} %)"


def sentence(
    *,
    metric: str,
    kind: str,
    control: str,
    treatment: str,
    means: tuple[float, float],
    effect: tuple[float, float, float],
    error: float,
    alpha: float,
    decision: str,
) -> str:
    """The result of one comparison as a sentence.

    Args:
        metric: Name of the metric.
        kind: Its type.
        control: Label of the control.
        treatment: Label of the treatment.
        means: Mean of control, of treatment.
        effect: Estimate, lower and upper end.
        error: Standard error of the estimate.
        alpha: The interval's level is 1 - alpha.
        decision: As in `Comparison.decision`.
    """
    estimate, lower, upper = effect
    there, here = (mean(value, kind, error) for value in means)
    if not math.isfinite(estimate):
        return f"{metric}: {here} in arm {treatment} against {there} in arm {control}; {decision}"
    return (
        f"{metric}: {here} in arm {treatment} against {there} in arm {control}, a difference of "
        f"{difference(estimate, kind, error)}, {level(alpha)} interval "
        f"{interval(lower, upper, kind, error)}: {_MEANING.get(decision, decision)}"
    )


def arm_means(rows: Sequence[Summary]) -> list[str]:
    """The arms' means, with the digits that the least certain arm of each metric supports."""
    errors: dict[str, float] = {}
    for row in rows:
        error = 0.0 if row.std_dev is None else row.std_dev / math.sqrt(row.n)
        errors[row.metric] = max(error, errors.get(row.metric, 0.0))
    return [
        f"{row.mean:.4g}" if row.std_dev is None else mean(row.mean, row.type, errors[row.metric])
        for row in rows
    ]


def base(analysis: Analysis) -> str:
    """What was compared, on how many rows."""
    arms = ", ".join(f"{arm.units:,} in arm {arm.arm} ({100 * arm.share:.1f} %)" for arm in analysis.arms)
    without = analysis.rows_without_arm
    left_out = f"; {without:,} rows without an arm left out" if without else ""
    rows = "units in summary statistics" if analysis.summarised else "rows, each taken as one randomised unit"
    return (
        f"{analysis.rows:,} {rows}; by {analysis.arm_column}: {arms}"
        f"{left_out}; control is arm {analysis.control}"
    )


def correction(analysis: Analysis) -> str:
    """How several comparisons at once were allowed for."""
    count = len(analysis.comparisons)
    if count == 1:
        return f"one comparison at alpha {analysis.alpha:g}; no correction is needed"
    return (
        f"{count} comparisons (contrasts x metrics), decided by Holm's p-values at alpha {analysis.alpha:g} "
        f"for all together; Bonferroni's level for each would be {analysis.alpha_bonferroni:.4g}; each "
        f"interval shown is at {level(analysis.alpha)} by itself"
    )


def heading(found: Diagnosis) -> str:
    """What a diagnosis is of."""
    return f"{found.metric}, {found.contrast}, on these very data"


def diagnosis(found: Diagnosis) -> list[str]:
    """A diagnosis in sentences: the control's shape, the method's error rates, and what to use."""
    said = [f"Control: {found.shape}", f"{found.recommendation}."]
    if found.effect:
        said.append(f"{found.effect[0].upper()}{found.effect[1:]}.")
    if found.p_randomised is not None:
        extreme = round(found.p_randomised * (found.replicates + 1)) - 1
        said.append(
            f"As extreme as the result: {extreme or 'none'} of the {found.replicates:,} random assignments, "
            f"re-randomisation {p_value(found.p_randomised)}."
        )
    return said


def _scale(kind: str) -> float:
    return 100.0 if kind == PROPORTION else 1.0

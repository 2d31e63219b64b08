"""What is each metric of a table of summary statistics, and which method compares it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.errors import InputError, did_you_mean
from assay.serving.analysis.arms import MOST_ARMS, match, natural
from assay.serving.analysis.requests import MEAN, PROPORTION, RATIO
from assay.serving.summaries.given import Given
from assay.stats import DEFAULT_METHOD, METHODS, Effect, Method, Moments, named

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Attributes:
        name: Its name.
        type: `mean`, `proportion` or `ratio`.
        method: What compares it.
        moments: In the order of the arms.
    """

    name: str
    type: str
    method: Method
    moments: tuple[Moments, ...]


def order(given: Sequence[Given], control: str, column: str) -> tuple[str, ...]:
    """The arms: control first, then the treatments in natural order.

    Args:
        given: All metrics in all arms.
        control: As the user writes it.
        column: The arms' column, for messages.

    Raises:
        InputError: There is one arm only, or none that is the control.
    """
    labels = list(dict.fromkeys(each.arm for each in given))
    if len(labels) < 2:  # noqa: PLR2004 - two make a comparison
        found = ", ".join(repr(label) for label in labels) or "nothing"
        raise InputError(f"column {column!r} has only {found}; a comparison needs two arms")
    if len(labels) > MOST_ARMS:
        raise InputError(
            f"column {column!r} has {len(labels):,} different values; an experiment has at most {MOST_ARMS} "
            "arms, so this looks like another column"
        )
    chosen = match(control, labels, column)
    return (chosen, *sorted((label for label in labels if label != chosen), key=natural))


def resolve(
    name: str, rows: Sequence[Given], arms: Sequence[str], types: Mapping[str, str], method: str | None
) -> Metric:
    """A metric ready to be compared.

    Args:
        name: Its name.
        rows: What the table has of it.
        arms: The arms, control first.
        types: Metric to the type that the user gave it.
        method: Name of the method that the user gave; None for the default of the type.

    Raises:
        InputError: An arm is missing or there twice, the type is not that of the numbers, or the method does
            not suit.
    """
    for label in arms:
        count = sum(each.arm == label for each in rows)
        if count != 1:
            raise InputError(
                f"metric {name!r} has {count} rows of arm {label!r}; it must have one of each arm"
            )
    moments = [next(each.moments for each in rows if each.arm == label) for label in arms]
    carried = {each.series for each in moments}
    if len(carried) > 1:
        raise InputError(
            f"metric {name!r} has a denominator or a covariate in some arms only; give it in all"
        )
    kind = types.get(name) or _kind(moments)
    _refuse_type(name, kind, moments)
    chosen = _method(name, kind, method, moments[0])
    return Metric(name, kind, chosen, tuple(_for_method(each, kind, chosen) for each in moments))


def _kind(moments: Sequence[Moments]) -> str:
    if "d" in moments[0].series:
        return RATIO
    return PROPORTION if all(map(_binary, moments)) else MEAN


def _refuse_type(name: str, kind: str, moments: Sequence[Moments]) -> None:
    if kind == RATIO and "d" not in moments[0].series:
        raise InputError(f"metric {name!r} has no denominator; it is no ratio")
    if kind == PROPORTION and not all(map(_binary, moments)):
        raise InputError(f"metric {name!r} has the variance of no 0/1 metric; ask for {name}:mean instead")


def _binary(moments: Moments) -> bool:
    """Whether the moments are those of zeros and ones: a whole number of ones, and their variance."""
    n, share = float(moments.n), float(moments.mean_y)
    ones, square = n * share, n * share * (1 - share)
    whole = 0 <= share <= 1 and abs(ones - round(ones)) <= _CLOSE * n
    return whole and abs(float(moments.m2_y) - square) <= _CLOSE * n


def _method(name: str, kind: str, method: str | None, moments: Moments) -> Method:
    chosen = named(DEFAULT_METHOD[kind] if method is None else method)
    usable = [
        m for m in METHODS.values() if m.data is Moments and m.result is Effect and kind in m.metric_types
    ]
    if chosen not in usable:
        hint = did_you_mean(chosen.name, [each.name for each in usable])
        raise InputError(
            f"method {chosen.name} does not compare the moments of a {kind} such as {name!r}; {hint}"
        )
    missing = [series for series in chosen.needs if series not in moments.series]
    if missing:
        words = {"d": "denominator", "x": "covariate"}
        raise InputError(f"method {chosen.name} needs a {words[missing[0]]}, and metric {name!r} has none")
    return chosen


def _for_method(moments: Moments, kind: str, method: Method) -> Moments:
    """The series that the method reads; of a proportion the exact moments of its counts."""
    if "x" in method.needs:
        return moments
    if kind == PROPORTION:
        return Moments.of_counts(np.round(moments.n * moments.mean_y), moments.n)
    if kind == RATIO:
        return replace(moments, mean_x=None, m2_x=None, c_yx=None, c_dx=None)
    return Moments(n=moments.n, mean_y=moments.mean_y, m2_y=moments.m2_y)

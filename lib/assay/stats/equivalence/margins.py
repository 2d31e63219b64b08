"""As good as before, within a margin? Non-inferiority and equivalence for every method that has an interval.

A treatment is not inferior if the one-sided bound of its effect lies above the margin, and equivalent if both
bounds lie inside both margins (two one-sided tests). The p-value is the least alpha at which that is so,
found by halving: it inverts the method's own interval, so it exists wherever the interval does, of a
difference as of a lift, and always agrees with it.

References:
    Schuirmann (1987), A Comparison of the Two One-Sided Tests Procedure and the Power Approach. Berger and
    Hsu (1996), Bioequivalence Trials, Intersection-Union Tests and Equivalence Confidence Sets, section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from assay.errors import InputError
from assay.stats.checks import numbers, open_unit, shared_shape
from assay.stats.registry import Data, Method
from assay.stats.result import Effect

Array = NDArray[np.float64]
# Ends of the search for a p-value on the scale log(p / (1 - p)), from the least double to the last before 1.
_LEAST, _GREATEST = -690.0, 36.0
# Halvings of that range: to the last digits of double precision.
_HALVINGS = 56


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """A test against margins: arrays of one shape, one element per test.

    Attributes:
        effect: The effect at `alpha` against the alternative `greater`.
        lower: One-sided lower bound, at 1 - alpha, of the difference or of the lift.
        upper: One-sided upper bound, at 1 - alpha.
        above_lower: p-value of an effect at or below the lower margin; NaN if not asked for.
        below_upper: p-value of an effect at or above the upper margin; NaN if not asked for.
        p_value: Of not being within the margins: the greater of the two.
        within: Whether both bounds lie inside the margins.
    """

    effect: Effect
    lower: Array
    upper: Array
    above_lower: Array
    below_upper: Array
    p_value: Array
    within: NDArray[np.bool_]


def equivalence(
    method: Method,
    control: Data,
    treatment: Data,
    *,
    margins: tuple[ArrayLike, ArrayLike],
    relative: bool = False,
    alpha: ArrayLike = 0.05,
    p_values: bool = True,
    **options: Any,
) -> Within:
    """Two one-sided tests: is the effect between the margins?

    Args:
        method: Any method with a one-sided interval.
        control: Its data of the control.
        treatment: Its data of the treatment.
        margins: Lower and upper margin of the difference (metric's unit) or, if `relative`, of the lift; the
            lower one is less. An infinite margin is no margin.
        relative: Whether margins are of the lift.
        alpha: Level of each one-sided test and so of both together, strictly between 0 and 1; broadcasts.
        p_values: False leaves out the p-values, whose search calls the method about a hundred times.
        **options: Options of the method, without `alternative`.

    Returns:
        The test. A test without an interval is not within, with a p-value of NaN.

    Raises:
        InputError: Margins that are not in order or not numbers, an `alternative` among the options, or what
            the method refuses.

    Example:
        >>> from assay.stats import METHODS, Moments
        >>> arms = Moments.of_counts(480, 4000), Moments.of_counts(484, 4000)
        >>> found = equivalence(METHODS["proportions_score"], *arms, margins=(-0.02, 0.02))
        >>> bool(found.within), round(float(found.p_value), 4)
        (True, 0.0046)
    """
    low, high = numbers("margins", margins[0]), numbers("margins", margins[1])
    if not np.all(low < high):
        raise InputError(f"margins are {margins[0]} and {margins[1]}; the lower one must be less")
    if "alternative" in options:
        raise InputError("alternative is not asked for here: margins say what is tested on which side")
    level = open_unit("alpha", alpha)
    test = _Test(method, control, treatment, relative=relative, options=options)
    effect = method(control, treatment, alpha=level, alternative="greater", **options)
    bounds = test.bound(level, "greater"), test.bound(level, "less")
    shared_shape(lower=bounds[0], margins=low + high)
    with np.errstate(invalid="ignore"):
        within = (bounds[0] > low) & (bounds[1] < high)
    above = below = np.full(within.shape, np.nan)
    if p_values:
        above = _least(lambda a: test.bound(a, "greater") > low, bounds[0], low, within.shape)
        below = _least(lambda a: test.bound(a, "less") < high, bounds[1], high, within.shape)
    return Within(effect, *np.broadcast_arrays(*bounds, above, below, np.maximum(above, below), within))


def non_inferiority(
    method: Method,
    control: Data,
    treatment: Data,
    *,
    margin: ArrayLike,
    higher_is_better: bool = True,
    relative: bool = False,
    alpha: ArrayLike = 0.05,
    p_values: bool = True,
    **options: Any,
) -> Within:
    """One one-sided test: is the treatment at most `margin` worse than the control?

    Args:
        method: Any method with a one-sided interval.
        control: Its data of the control.
        treatment: Its data of the treatment.
        margin: The greatest loss that is accepted, 0 or greater: of the difference (metric's unit) or, if
            `relative`, of the lift (0.02 is 2 %).
        higher_is_better: Whether a greater metric is the better one.
        relative: Whether the margin is of the lift.
        alpha: Level, strictly between 0 and 1; broadcasts.
        p_values: False leaves out the p-value.
        **options: Options of the method, without `alternative`.

    Returns:
        The test; the margin on the good side is infinite. With a margin of 0 it is a one-sided test of
        superiority.

    Raises:
        InputError: A negative margin, or as `equivalence`.
    """
    loss = numbers("margin", margin)
    if not np.all(loss >= 0):
        first = float(loss[~(loss >= 0)].ravel()[0])
        raise InputError(f"margin is {first:g}; a loss that is accepted must be 0 or greater")
    open_side = np.full(loss.shape, np.inf)
    margins = (-loss, open_side) if higher_is_better else (-open_side, loss)
    return equivalence(
        method,
        control,
        treatment,
        margins=margins,
        relative=relative,
        alpha=alpha,
        p_values=p_values,
        **options,
    )


class _Test:
    """The one-sided bounds of a method on given data."""

    def __init__(
        self, method: Method, control: Data, treatment: Data, *, relative: bool, options: dict[str, Any]
    ) -> None:
        self._method, self._arms, self._options = method, (control, treatment), options
        self._prefix = "relative_" if relative else ""

    def bound(self, alpha: Array, side: str) -> Array:
        """The finite end of the one-sided interval: the lower one for `greater`."""
        name = "lower" if side == "greater" else "upper"
        effect = self._method(*self._arms, alpha=alpha, alternative=side, **self._options)
        return np.asarray(getattr(effect, self._prefix + name))


def _least(
    holds: Callable[[Array], NDArray[np.bool_]], bound: Array, margin: Array, shape: tuple[int, ...]
) -> Array:
    """The least alpha at which the bound clears the margin: it moves inwards as alpha grows."""
    low, high = np.full(shape, _LEAST), np.full(shape, _GREATEST)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        clear = holds(special.expit(middle))
        low, high = np.where(clear, low, middle), np.where(clear, middle, high)
    found = special.expit((low + high) / 2)
    found = np.where(np.isinf(margin), 0.0, found)
    return np.asarray(np.where(np.isnan(bound), np.nan, found))

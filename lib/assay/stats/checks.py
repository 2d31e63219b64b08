"""The door of the statistics: what every public function asks of its arguments before it trusts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError


def numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Values as double precision.

    Args:
        name: What the caller calls the argument; stands first in the message.
        values: Any shape.

    Returns:
        Array of the same shape.

    Raises:
        InputError: Something in `values` is not a number.
    """
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} is {values!r}; it must be a number or an array of numbers") from None


def open_unit(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Values that must lie strictly between 0 and 1, such as alpha; NaN does not.

    The check is an affirmation (`0 < a < 1`): its negation would let NaN through.

    Raises:
        InputError: A value lies elsewhere; the message names the first.
    """
    array = numbers(name, values)
    return _all(name, array, (array > 0) & (array < 1), "lie strictly between 0 and 1")


def not_negative(name: str, values: ArrayLike, *, finite: bool = False) -> NDArray[np.float64]:
    """Values that must be 0 or greater.

    Args:
        name: What the caller calls the argument.
        values: Any shape.
        finite: True refuses NaN and infinity; False lets them through (they then carry a reason code).

    Raises:
        InputError: A value lies elsewhere; the message names the first.
    """
    array = numbers(name, values)
    if finite:
        return _all(name, array, np.isfinite(array) & (array >= 0), "be finite and 0 or greater")
    return _all(name, array, (array >= 0) | np.isnan(array), "be 0 or greater")


def shared_shape(**arrays: NDArray[np.float64]) -> tuple[int, ...]:
    """The shape to which named arrays broadcast.

    Raises:
        InputError: They do not; the message lists each name with its shape.
    """
    try:
        return np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} has shape {a.shape}" for name, a in arrays.items())
        raise InputError(f"{shapes}; these must broadcast to one shape") from None


def _all(name: str, array: NDArray[np.float64], good: NDArray[np.bool_], rule: str) -> NDArray[np.float64]:
    if not np.all(good):
        first = float(array[~good].ravel()[0])
        raise InputError(f"{name} is {first:g}; it must {rule}")
    return array

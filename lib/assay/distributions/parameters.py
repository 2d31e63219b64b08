"""The door of the distributions: a parameter lies in its range, or it is refused in one sentence."""

from __future__ import annotations

import math
from numbers import Real
from typing import TypeVar

from assay.distributions.base import Distribution
from assay.errors import InputError

_D = TypeVar("_D", bound=Distribution)


def number(where: str, value: object) -> float:
    """A finite number.

    Args:
        where: Distribution and parameter, for example `"gamma.shape"`.
        value: What was given.

    Raises:
        InputError: Not a number, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(f"{where} is {value!r}; it must be a finite number")
    return float(value)


def positive(where: str, value: object) -> float:
    """A finite number above 0; arguments and errors as for `number`."""
    checked = number(where, value)
    if not checked > 0:
        raise InputError(f"{where} is {value!r}; it must be above 0")
    return checked


def not_negative(where: str, value: object) -> float:
    """A finite number, 0 or greater; arguments and errors as for `number`."""
    checked = number(where, value)
    if not checked >= 0:
        raise InputError(f"{where} is {value!r}; it must be 0 or greater")
    return checked


def probability(where: str, value: object) -> float:
    """A number from 0 to 1; arguments and errors as for `number`."""
    checked = number(where, value)
    if not 0 <= checked <= 1:
        raise InputError(f"{where} is {value!r}; it must lie between 0 and 1")
    return checked


def law(where: str, value: _D) -> _D:
    """A distribution without negative values; arguments as for `number`.

    Raises:
        InputError: Not a distribution, or one that can be negative.
    """
    if not isinstance(value, Distribution):
        raise InputError(f"{where} is {value!r}; it must be a distribution")
    if value.support[0] < 0:
        raise InputError(
            f"{where} is a {value.name} distribution, which can be negative; it must be 0 or greater"
        )
    return value

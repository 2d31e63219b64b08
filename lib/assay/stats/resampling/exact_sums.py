"""Sums of doubles without rounding, so that no order of adding and no partition changes a digit.

A double is a whole number of at most 53 bits at some binary place. It is cut into digits of 26 bits at places
that are the same for all numbers: v = Σ_k digit_k · 2^(26·k). Weighted sums of digits are sums of whole
numbers, exact in 64 bits for up to 2^32 units, and merge by addition. Only the final value is rounded.

References:
    Demmel and Nguyen (2015), Parallel Reproducible Summation, section 3 (sums by bins of the exponent).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Places = Mapping[int, NDArray[np.int64]]
"""Place to the sums of the digits there."""

_BITS = 26
_LEAST_PLACE = -42  # 2^(26·-42) is below the smallest double


def digits(values: NDArray[np.float64]) -> dict[int, NDArray[np.float64]]:
    """The digits of finite numbers, by place; places at which all are 0 are left out.

    Args:
        values: Any shape, finite.

    Returns:
        Place to whole numbers below 2^26 in size, with the sign of their number.
    """
    found: dict[int, NDArray[np.float64]] = {}
    _, exponents = np.frexp(values)
    place = int(np.max(exponents, initial=-(2**20)) - 1) // _BITS
    rest = values
    while place >= _LEAST_PLACE and np.any(rest):
        digit = np.trunc(np.ldexp(rest, -_BITS * place))
        if np.any(digit):
            found[place] = digit
            rest = rest - np.ldexp(digit, _BITS * place)
        place -= 1
    return found


def added(one: Places, other: Places) -> dict[int, NDArray[np.int64]]:
    """The sums of both."""
    zero = np.int64(0)
    places = {*one, *other}
    return {place: np.asarray(one.get(place, zero) + other.get(place, zero)) for place in places}


def value(places: Places, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The sums as doubles, each within two units of its last digit.

    Args:
        places: Sums of digits, each of the shape `shape`.
        shape: Shape of the answer, for no places at all.

    Returns:
        The sums; a function of the exact sums, not of how they came about.
    """
    total, carry = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    if not places:
        return total
    clean: list[tuple[int, NDArray[np.int64]]] = []
    for place in range(min(places), max(places) + 1):
        here = places.get(place, np.int64(0)) + carry
        carry = here >> _BITS
        clean.append((place, here - (carry << _BITS)))
    clean.append((max(places) + 1, carry))
    for place, digit in reversed(clean):
        total = total + np.ldexp(digit.astype(np.float64), _BITS * place)
    return total

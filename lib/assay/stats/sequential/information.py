"""How far is the experiment? Information fractions from standard errors.

Information is 1 / variance of the estimated difference. It is what the bounds run in; units or days are only
proxies of it, good ones if the variance per unit is known and stays as it is.

References:
    Jennison and Turnbull (2000), Group Sequential Methods, sections 3.1 and 11.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers, shared_shape


def information_fraction(std_error: ArrayLike, planned_std_error: ArrayLike) -> NDArray[np.float64]:
    """Share of the planned information that is in.

    Formula: t = (planned_std_error / std_error)².

    Args:
        std_error: Standard error of the difference so far, in the metric's unit, finite and above 0.
        planned_std_error: The one to be reached at the planned end (`SequentialPlan.std_error`).

    Returns:
        Fractions, shapes broadcast; above 1 if there is more information than planned.

    Raises:
        InputError: A standard error that is not finite and above 0, or shapes that do not broadcast.

    Example:
        >>> information_fraction([0.2, 0.1], 0.1).tolist()
        [0.25, 1.0]
    """
    now, planned = _errors("std_error", std_error), _errors("planned_std_error", planned_std_error)
    shared_shape(std_error=now, planned_std_error=planned)
    return np.asarray((planned / now) ** 2)


def _errors(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = numbers(name, values)
    good = np.isfinite(array) & (array > 0)
    if not np.all(good):
        raise InputError(f"{name} is {float(array[~good].ravel()[0]):g}; it must be finite and above 0")
    return array

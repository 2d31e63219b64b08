"""Metrics per session, when users were randomised: bring the sessions back to their users first.

A user's sessions resemble each other, so a test that takes them for independent finds differences that are
not there. Per user, the sum over sessions and their number are a ratio metric, whose delta-method variance is
right.

References:
    Deng, Knoblich and Lu (2018), Applying the Delta Method in Metric Analytics: A Practical Guide with Novel
    Ideas, section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.samples import Samples


def per_unit(unit: ArrayLike, y: ArrayLike, d: ArrayLike | None = None) -> Samples:
    """Sums over the events of each unit, for `ratio_delta` and its kin.

    Args:
        unit: Who was randomised (the user), one label per event (the session), shape (events,).
        y: The event's value, shape (events,).
        d: What the event counts for in the denominator; 1 if left out.

    Returns:
        Samples of shape (units,), in the order of the labels: y and d summed over the unit's events.

    Raises:
        InputError: The series differ in length.

    Example:
        >>> users = per_unit(["ann", "bob", "ann"], [3.0, 1.0, 5.0])
        >>> users.y.tolist(), users.d.tolist()
        ([8.0, 1.0], [2.0, 1.0])
    """
    labels, code = np.unique(np.asarray(unit), return_inverse=True)
    series = {"y": numbers("y", y), "d": np.ones(code.shape) if d is None else numbers("d", d)}
    for name, values in series.items():
        if values.shape != code.shape or values.ndim != 1:
            raise InputError(
                f"{name} has shape {values.shape} and unit {code.shape}; both need one element per event"
            )
    sums = (np.bincount(code, values, minlength=len(labels)) for values in series.values())
    return Samples(*(np.asarray(total, dtype=np.float64) for total in sums))

"""The bootstrap on resamples that are given instead of drawn.

References:
    Davison and Hinkley (1997), Bootstrap Methods and their Application, chapter 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError, did_you_mean
from assay.stats.checks import numbers, open_unit
from assay.stats.resampling.bootstrap_effect import bootstrap_effect
from assay.stats.resampling.contrast import Kind
from assay.stats.resampling.weights import counted
from assay.stats.result import Effect
from assay.stats.samples import Samples
from assay.stats.tails import checked

_KINDS: tuple[Kind, ...] = ("percentile", "bca", "studentised", "symmetric")


def from_resamples(
    control: Samples,
    treatment: Samples,
    *,
    control_drawn: ArrayLike,
    treatment_drawn: ArrayLike,
    kind: str,
    alpha: ArrayLike = 0.05,
    alternative: str = "two-sided",
) -> Effect:
    """The bootstrap on resamples that are given, to compare with other tools on the very same.

    Args:
        control: Units with y, and d for a ratio of sums.
        treatment: The same; batches broadcast.
        control_drawn: Per resample the numbers, from 0, of the control's units drawn: shape (B, n_c), B at
            least 2.
        treatment_drawn: The same of the treatment: (B, n_t).
        kind: `percentile`, `bca`, `studentised` or `symmetric`.
        alpha: Level; broadcasts.
        alternative: What the test looks for.

    Returns:
        The effect, as of the method of that kind.

    Raises:
        InputError: An unknown kind or alternative, a level outside (0, 1), or resamples that do not fit the
            arms.
    """
    known = next((k for k in _KINDS if k == kind), None)
    if known is None:
        raise InputError(f"kind is {kind!r}; {did_you_mean(kind, _KINDS)}")
    given = {"control": _drawn("control_drawn", control_drawn, control.n)}
    given["treatment"] = _drawn("treatment_drawn", treatment_drawn, treatment.n)
    resamples = given["control"].shape[0]
    if given["treatment"].shape[0] != resamples:
        raise InputError(
            f"treatment_drawn has {given['treatment'].shape[0]} resamples; it must have {resamples}, "
            "as control_drawn has"
        )

    def blocks(arm: str, n: int) -> Iterator[NDArray[np.float64]]:
        yield counted(given[arm], n)

    with np.errstate(all="ignore"):
        level = open_unit("alpha", alpha)
        return bootstrap_effect(control, treatment, level, checked(alternative), known, resamples, blocks)


def _drawn(name: str, drawn: ArrayLike, n: int) -> NDArray[np.int64]:
    array = numbers(name, drawn)
    good = array.ndim == 2 and array.shape[0] > 1 and array.shape[1] == n  # noqa: PLR2004 - a matrix
    if not good or not np.all((array >= 0) & (array < n) & (array == np.floor(array))):
        raise InputError(
            f"{name} has shape {array.shape}; it must be 2 or more rows of {n} whole numbers, 0 to {n - 1}"
        )
    return array.astype(np.int64)

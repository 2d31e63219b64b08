"""Switchback designs: from a stream of observations to arms whose clusters are blocks of time.

References:
    Bojinov, Simchi-Levi and Zhao (2023), Design and Analysis of Switchback Experiments, section 2. Hu and
    Wager (2022), Switchback Experiments under Geometric Mixing, section 3 (burn-in).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.stats.checks import numbers
from assay.stats.samples import Samples

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Switchback:
    """The two arms of a switchback experiment.

    Attributes:
        control: Samples with y and cluster.
        treatment: The same; a number is the same cluster in both.
        dropped: Observations left out as burn-in; with those of both arms they are all.
    """

    control: Samples
    treatment: Samples
    dropped: int


def switchback(
    y: ArrayLike,
    time: ArrayLike,
    treated: ArrayLike,
    *,
    block: float,
    burn_in: float = 0.0,
    unit: ArrayLike | None = None,
    blocks_per_cluster: int = 1,
) -> Switchback:
    """Sort the observations of a switchback experiment into arms and clusters.

    What the last block did carries over into the next, so each block's first `burn_in` is left out: of every
    block, changed arm or not, so that both arms keep the same times of the block.

    Args:
        y: The metric per observation, shape (..., n).
        time: When it was observed, 0 or greater, in any unit, shape (n,); 0 is the start of the first block.
        treated: Whether its block was treated (1 or true), shape (n,).
        block: Length of a block, above 0, in the unit of `time`.
        burn_in: Time at the start of each block that is left out, 0 or greater and below `block`.
        unit: Number of the region or market, if each has its own order of treatment, shape (n,).
        blocks_per_cluster: Neighbouring blocks that form one cluster: 1 if each block was drawn by itself, 2
            if pairs of neighbours were, one of them treated.

    Returns:
        Samples for `cluster_robust`, and for `switchback_hac` if there are no units: cluster is the number of
        the block (or pair) in time, with units that of the unit and block.

    Raises:
        InputError: A block with observations of both arms, a bad length, or series that do not fit.

    Example:
        >>> design = switchback([1.0, 2.0, 5.0, 6.0], [0, 1, 2, 3], [0, 0, 1, 1], block=2, burn_in=1)
        >>> design.control.y.tolist(), design.treatment.y.tolist(), design.dropped
        ([2.0], [6.0], 2)
    """
    values, when, arm = numbers("y", y), numbers("time", time), numbers("treated", treated)
    place = np.zeros(when.shape) if unit is None else numbers("unit", unit)
    _refuse_series(values, when, arm, place)
    _refuse_lengths(block, burn_in, blocks_per_cluster)
    order = np.floor(when / block)
    _, place_code = np.unique(place, return_inverse=True)
    _refuse_mixed_blocks(order, place_code, arm)
    kept = when - order * block >= burn_in
    per_place = np.floor(np.max(order, initial=0) / blocks_per_cluster) + 1
    cluster = place_code * per_place + np.floor(order / blocks_per_cluster)
    control, treatment = (
        Samples(values[..., kept & (arm == side)], cluster=cluster[kept & (arm == side)]) for side in (0, 1)
    )
    return Switchback(control, treatment, int(np.sum(~kept)))


def _refuse_series(values: Array, when: Array, arm: Array, place: Array) -> None:
    for name, series in (("time", when), ("treated", arm), ("unit", place)):
        if series.ndim != 1 or values.ndim == 0 or series.shape[0] != values.shape[-1]:
            raise InputError(
                f"{name} has shape {series.shape} and y {values.shape}; it needs one element per observation"
            )
    if not np.all(np.isfinite(when) & (when >= 0)):
        raise InputError("time holds a number that is negative or not finite; count it from the first block")
    if not np.all((arm == 0) | (arm == 1)):
        raise InputError("treated holds a number that is neither 0 nor 1")
    if not np.all(np.isfinite(place)):
        raise InputError("unit holds a number that is not finite; number the units")


def _refuse_lengths(block: float, burn_in: float, blocks_per_cluster: int) -> None:
    if not 0 < block < np.inf:
        raise InputError(f"block is {block!r}; it must be greater than 0 and finite")
    if not 0 <= burn_in < block:
        raise InputError(
            f"burn_in is {burn_in!r}; it must be 0 or greater and below block, which is {block:g}"
        )
    if blocks_per_cluster < 1 or blocks_per_cluster != int(blocks_per_cluster):
        raise InputError(f"blocks_per_cluster is {blocks_per_cluster!r}; it must be a whole number from 1 on")


def _refuse_mixed_blocks(order: Array, place: NDArray[np.intp], arm: Array) -> None:
    key = np.stack([place, order], axis=-1)
    blocks, index = np.unique(key, axis=0, return_inverse=True)
    treated, all_of_it = np.bincount(index, weights=arm), np.bincount(index)
    mixed = (treated > 0) & (treated < all_of_it)
    if np.any(mixed):
        at = int(blocks[mixed][0, 1])
        raise InputError(
            f"block {at} (from 0) holds treated and untreated observations; a block has one arm: "
            "check block, and that time 0 is a block's start"
        )

"""The Poisson bootstrap as a mergeable state: weights that belong to a unit, sums that do not round.

In replicate b a unit counts Poisson(1) times, and how often is a property of (seed, unit, b) alone. All rows
of a unit share its weights wherever they lie, so partitions, order and chunks change nothing: not one digit,
because the weighted sums are exact. A unit with several rows is drawn as one, which makes this a cluster
bootstrap of ratio metrics.

References:
    Chamandy, Muralidharan, Najmi and Naidu (2012), Estimating Uncertainty for Massive Data Streams, sect. 3.
    Hanley and MacGibbon (2006), Creating Non-Parametric Bootstrap Samples Using Poisson Frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.errors import InputError
from assay.seeds import hash_uniform, key
from assay.stats.checks import numbers
from assay.stats.resampling.exact_sums import Places, added, digits, value

REPLICATES = 1000
# Units whose weights are held at once; their sums stay below 2^53 and are exact in floating point too.
_BLOCK = 4096
# P(weight <= k): the last is 1 - 2^-53 or more, above every uniform number of 53 bits.
_POISSON = np.cumsum(np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], np.arange(1.0, 19.0)])))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PoissonSums:
    """Weighted sums of one arm in every replicate; the first column is the sample itself, each weight 1.

    Build it with `PoissonSums.of`, add rows with `update`, and join partitions with `merge`.

    Attributes:
        seed: Of the weights.
        stream: Name that tells apart bootstraps of one seed in which the same ids mean different units.
        replicates: Number of bootstrap replicates.
        rows: Rows added up.
        weights: Sum of weights, shape (replicates + 1,).
        y: Exact sums of weight times metric, by place, each of shape (*shape, replicates + 1).
        d: The same of the denominator, or None for a mean.
        finite: Whether all rows were finite, shape of the batch.

    Example:
        >>> left = PoissonSums.of(["ann", "bob"], [1.0, 2.0], seed=7, replicates=10)
        >>> right = PoissonSums.of(["eve"], [6.0], seed=7, replicates=10)
        >>> whole = PoissonSums.of(["eve", "ann", "bob"], [6.0, 1.0, 2.0], seed=7, replicates=10)
        >>> bool((left.merge(right).estimates == whole.estimates).all())
        True
        >>> float(whole.estimates[0])
        3.0
    """

    seed: int
    stream: str
    replicates: int
    rows: int
    weights: NDArray[np.int64]
    y: Places
    d: Places | None
    finite: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        ids: ArrayLike,
        y: ArrayLike,
        d: ArrayLike | None = None,
        *,
        seed: int,
        replicates: int = REPLICATES,
        stream: str = "",
    ) -> PoissonSums:
        """The state of some rows; none give the identity of `merge`.

        Args:
            ids: The unit of each row, whole numbers or strings, shape (n,).
            y: Metric or numerator, shape (..., n); the axes before the last are a batch of metrics.
            d: Denominator, broadcasting to the shape of `y`, or None.
            seed: 0 or greater; the same for all parts of an experiment.
            replicates: Number of replicates, 1 or greater.
            stream: Part of the seed; the same for all parts of an arm.

        Returns:
            The state.

        Raises:
            InputError: Ids that are neither whole numbers nor strings, series of other lengths, or a seed or
                number of replicates that is not allowed.
        """
        seed, replicates = whole("seed", seed, least=0), whole("replicates", replicates, least=1)
        names = unit_numbers(ids)
        metric = numbers("y", y)
        series = [metric] if d is None else [metric, numbers("d", d)]
        try:
            series = [np.broadcast_to(a, (*metric.shape[:-1], len(names))) for a in series]
        except ValueError:
            shapes = ", ".join(str(a.shape) for a in series)
            raise InputError(
                f"ids has {len(names)} rows and the series have shapes {shapes}; their last axis is the rows"
            ) from None
        finite = np.all([np.all(np.isfinite(a), axis=-1) for a in series], axis=0)
        weights = np.zeros(replicates + 1, dtype=np.int64)
        sums: list[dict[int, NDArray[np.int64]]] = [{} for _ in series]
        for start in range(0, len(names), _BLOCK):
            block = slice(start, start + _BLOCK)
            drawn = poisson_weights(names[block], seed=seed, replicates=replicates, stream=stream)
            weights += np.sum(drawn, axis=1).astype(np.int64)
            for i, a in enumerate(series):
                part = np.where(np.isfinite(a[..., block]), a[..., block], 0.0)
                sums[i] = added(sums[i], {k: _weighted(drawn, v) for k, v in digits(part).items()})
        return cls(
            seed=seed,
            stream=stream,
            replicates=replicates,
            rows=len(names),
            weights=weights,
            y=sums[0],
            d=None if d is None else sums[1],
            finite=np.asarray(finite),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the batch: one element per metric."""
        return self.finite.shape

    @property
    def series(self) -> frozenset[str]:
        """`y`, and `d` for a ratio."""
        return frozenset({"y"} if self.d is None else {"y", "d"})

    def update(self, ids: ArrayLike, y: ArrayLike, d: ArrayLike | None = None) -> PoissonSums:
        """The state with further rows, of the same series.

        Args:
            ids: As for `of`; rows of a unit that was there before share its weights.
            y: As for `of`.
            d: As for `of`.

        Returns:
            A new state; this one stays as it is.

        Raises:
            InputError: As for `of` and `merge`.
        """
        more = PoissonSums.of(ids, y, d, seed=self.seed, replicates=self.replicates, stream=self.stream)
        return self.merge(more)

    def merge(self, other: PoissonSums) -> PoissonSums:
        """The state of the rows of both: associative, and free of order to the last bit.

        Args:
            other: A state of the same seed, stream, replicates, series and shape.

        Returns:
            The state of the union.

        Raises:
            InputError: The two differ in one of these.
        """
        for name in ("seed", "stream", "replicates", "series", "shape"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise InputError(
                    f"one side has {name} {_shown(mine)}, the other {_shown(theirs)}; merge like with like"
                )
        return PoissonSums(
            seed=self.seed,
            stream=self.stream,
            replicates=self.replicates,
            rows=self.rows + other.rows,
            weights=self.weights + other.weights,
            y=added(self.y, other.y),
            d=None if self.d is None or other.d is None else added(self.d, other.d),
            finite=self.finite & other.finite,
        )

    @property
    def estimates(self) -> NDArray[np.float64]:
        """Mean or ratio of the sample and of every replicate, that of the sample first.

        Shape (*shape, replicates + 1). NaN where the weights or the denominator add up to 0, and everywhere
        in a metric that has a row which is not finite.
        """
        shape = (*self.shape, self.replicates + 1)
        below = self.weights.astype(np.float64) if self.d is None else value(self.d, shape)
        below = np.where((below != 0) & self.finite[..., None], below, np.nan)
        with np.errstate(over="ignore"):
            return value(self.y, shape) / below


def poisson_weights(
    units: NDArray[np.int64], *, seed: int, replicates: int, stream: str = ""
) -> NDArray[np.float64]:
    """How often each unit counts in each replicate.

    Args:
        units: Numbers of the units, shape (n,).
        seed: Of the weights.
        replicates: Number of replicates.
        stream: Part of the seed.

    Returns:
        Shape (replicates + 1, n): ones for the sample itself, then Poisson(1) weights.
    """
    drawn = np.ones((replicates + 1, len(units)))
    for b in range(replicates):
        uniform = hash_uniform(seed, f"bootstrap.poisson/{stream}/{b}", units)
        drawn[b + 1] = np.searchsorted(_POISSON, uniform, side="right")
    return drawn


def unit_numbers(ids: ArrayLike) -> NDArray[np.int64]:
    """A 64-bit number for every id: whole numbers stand for themselves, strings are hashed.

    Raises:
        InputError: An id is neither, or there is no single axis of rows.
    """
    names = np.asarray(ids)
    if names.ndim != 1:
        raise InputError(f"ids has shape {names.shape}; it must have one axis, that of rows")
    if len(names) == 0 or np.issubdtype(names.dtype, np.integer):
        return names.astype(np.int64)
    if all(isinstance(name, str) for name in names.tolist()):
        return np.array([key(name) for name in names.tolist()], dtype=np.uint64).view(np.int64)
    raise InputError(f"ids has the type {names.dtype}; it must hold whole numbers or strings")


def whole(name: str, given: object, *, least: int) -> int:
    """A whole number of at least `least`.

    Raises:
        InputError: It is not.
    """
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool) and given >= least:
        return int(given)
    raise InputError(f"{name} is {given!r}; it must be a whole number, {least} or greater")


def _weighted(drawn: NDArray[np.float64], digit: NDArray[np.float64]) -> NDArray[np.int64]:
    """Sums over rows of weight times digit: whole numbers below 2^53, so exact in any order."""
    flat = digit.reshape(-1, digit.shape[-1])
    return (flat @ drawn.T).astype(np.int64).reshape(*digit.shape[:-1], -1)


def _shown(thing: object) -> str:
    return ", ".join(sorted(thing)) if isinstance(thing, frozenset) else repr(thing)

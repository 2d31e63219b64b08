"""The recursion of Armitage, McPherson and Rowe: where a monitored statistic may be after each look.

At information t the score B(t) = Z √t of a statistic Z is Brownian motion with drift. Each look absorbs what
lies beyond its bounds; what is left is carried to the next look by a normal kernel. The density that is left
is smooth between the bounds, so composite Gauss-Legendre nodes carry it to 1e-13: panels of 12 standard
deviations of the narrower of the two kernels that meet at a look, with 24 nodes each. All terms are positive,
so probabilities far out in the tails keep their relative accuracy too.

A change of the drift multiplies the density by exp((θ - θ0) B - (θ² - θ0²) t / 2), so that one recursion
serves many drifts.

References:
    Armitage, McPherson and Rowe (1969), Repeated Significance Tests on Accumulating Data. Jennison and
    Turnbull (2000), Group Sequential Methods, chapter 19.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy import special

_NODES, _WEIGHTS = leggauss(24)
_PANEL = 12.0
# A normal variable is farther out with probability 2e-19.
_FAR = 9.0
# A normal density is exactly 0 in double precision from here on.
_NOTHING = 39.0
_CHUNK = 512
_ROOT_TWO_PI = float(np.sqrt(2 * np.pi))
# Drifts that lie within this many standard errors of the base drift share its recursion.
_SHARED = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What continues after a look: nodes on the score's scale with the probability mass at each.

    Attributes:
        time: Information of the look.
        node: Scores, rising.
        mass: Probability under `drift` carried by each node.
        drift: Drift per unit of information under which `mass` holds.
    """

    time: float
    node: NDArray[np.float64]
    mass: NDArray[np.float64]
    drift: float

    def under(self, drifts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mass under other drifts, shape (drifts, nodes)."""
        shift = drifts[..., None] - self.drift
        middle = (drifts[..., None] + self.drift) * self.time / 2
        return np.asarray(self.mass * np.exp(shift * (self.node - middle)))

    def mirrored(self, drift: float) -> Stage:
        """The stage under another drift, with the score's sign changed."""
        return Stage(self.time, -self.node[::-1], self.under(np.asarray(drift))[::-1], -drift)


def start(drift: float = 0.0) -> Stage:
    """Before the first look: no information, all mass at 0."""
    return Stage(0.0, np.zeros(1), np.ones(1), drift)


def above(
    stage: Stage, time: float, bound: NDArray[np.float64] | float, drifts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability to continue after `stage` and then to lie above a bound at the next look.

    Args:
        stage: The look before.
        time: Information of the next look.
        bound: z bound there; broadcasts with `drifts`.
        drifts: Drifts per unit of information.

    Returns:
        Probabilities under each drift.
    """
    return _beyond(stage, time, np.asarray(bound, dtype=np.float64), drifts, 1.0)


def below(
    stage: Stage, time: float, bound: NDArray[np.float64] | float, drifts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability to continue after `stage` and then to lie below a bound at the next look."""
    return _beyond(stage, time, np.asarray(bound, dtype=np.float64), drifts, -1.0)


def advance(
    stage: Stage, time: float, low: float, high: float, following: float, limits: tuple[float, float]
) -> Stage:
    """What continues after the next look.

    Args:
        stage: The look before.
        time: Information of the next look.
        low: Its lower z bound; -inf for none.
        high: Its upper z bound; inf for none.
        following: Information of the look after it, which sets how fine the nodes must be.
        limits: Where the mass that matters lies on the z scale, for sides without a bound.

    Returns:
        The stage at `time`; without nodes where the bounds meet and nothing continues.
    """
    step, root = time - stage.time, np.sqrt(time)
    kernel = np.sqrt(step)
    if not low < high:
        return Stage(time, np.zeros(0), np.zeros(0), stage.drift)
    left = max(low, min(limits[0], high - _FAR)) * root
    right = min(high, max(limits[1], low + _FAR)) * root
    ahead = following - time
    scale = np.sqrt(step * ahead / (step + ahead))
    node, weight = _grid(left, right, scale)
    mean = stage.node + stage.drift * step
    density = np.empty(node.size)
    for first in range(0, node.size, _CHUNK):
        target = node[first : first + _CHUNK]
        near = slice(
            np.searchsorted(mean, target[0] - _NOTHING * kernel),
            np.searchsorted(mean, target[-1] + _NOTHING * kernel),
        )
        distance = (target[:, None] - mean[near]) / kernel
        density[first : first + _CHUNK] = np.exp(-0.5 * distance * distance) @ stage.mass[near]
    return Stage(time, node, weight * density / (kernel * _ROOT_TWO_PI), stage.drift)


def walk(
    time: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    *,
    drift: float = 0.0,
    span: float = _SHARED,
) -> list[Stage]:
    """The stages before each look, the first at information 0.

    Args:
        time: Rising information of the looks.
        low: Lower z bounds.
        high: Upper z bounds.
        drift: Base drift per unit of information.
        span: How many standard errors (at the last look) from `drift` other drifts are asked for.

    Returns:
        As many stages as looks; the k-th is what `above` and `below` need for look k.
    """
    stages = [start(drift)]
    width = span / np.sqrt(time[-1])
    for k in range(time.size - 1):
        limits = reach(time, low, high, k, drift - width, drift + width)
        stages.append(advance(stages[-1], time[k], low[k], high[k], time[k + 1], limits))
    return stages


def reach(
    time: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    look: int,
    least: float,
    greatest: float,
) -> tuple[float, float]:
    """Between which z values at a look lies all that matters for the later looks.

    Args:
        time: Information of the looks.
        low: Lower z bounds.
        high: Upper z bounds, or values that they will not exceed.
        look: Index of the look.
        least: Least drift asked for.
        greatest: Greatest drift asked for.

    Returns:
        Both ends. Paths that end beyond a bound at distance b from the mean are within √(9² + b²) standard
        deviations now, so that also tiny crossing probabilities keep their digits.
    """
    root = np.sqrt(time[look])
    after = slice(look + 1, None)
    later = np.sqrt(time[after])
    up = np.where(np.isfinite(high[after]), high[after] - least * later, 0.0)
    down = np.where(np.isfinite(low[after]), greatest * later - low[after], 0.0)
    return (
        float(least * root - np.hypot(_FAR, max(float(down.max()), 0.0))),
        float(greatest * root + np.hypot(_FAR, max(float(up.max()), 0.0))),
    )


def crossings(
    time: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    drifts: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probability to leave at each look, above and below, under each drift.

    Args:
        time: Rising information of the looks.
        low: Lower z bounds, -inf for none.
        high: Upper z bounds, inf for none.
        drifts: Any shape, finite.

    Returns:
        Two arrays of shape (*drifts.shape, looks).
    """
    flat = drifts.ravel()
    over, under = np.empty((2, flat.size, time.size))
    for chosen, base in shared(flat, time[-1]):
        for k, stage in enumerate(walk(time, low, high, drift=base)):
            over[chosen, k] = above(stage, time[k], high[k], flat[chosen])
            under[chosen, k] = below(stage, time[k], low[k], flat[chosen])
    shape = (*drifts.shape, time.size)
    return over.reshape(shape), under.reshape(shape)


def shared(drifts: NDArray[np.float64], time: float) -> Iterator[tuple[NDArray[np.intp], float]]:
    """Which drifts can share a recursion, as their indices, and the base drift of each group.

    Groups are small enough for a table of drifts by nodes to fit into a processor's cache.
    """
    width = 2 * _SHARED / np.sqrt(time)
    cell = np.rint(drifts / width)
    for value in np.unique(cell):
        members = np.flatnonzero(cell == value)
        for first in range(0, members.size, _CHUNK):
            yield members[first : first + _CHUNK], float(value * width)


def level(stage: Stage, time: float, probability: float) -> float:
    """The z bound at the next look that is exceeded with a probability, under the stage's own drift.

    Args:
        stage: The look before.
        time: Information of the next look.
        probability: Wanted crossing probability.

    Returns:
        The bound; inf for probability 0, -inf where no bound is exceeded that often.

    The logarithm of the probability is concave in the bound, so Newton's steps on it come down from the right
    and cannot miss the root.
    """
    if probability <= 0:
        return float(np.inf)
    if probability >= stage.mass.sum():
        return float(-np.inf)
    kernel, root = np.sqrt(time - stage.time), np.sqrt(time)
    mean = stage.node + stage.drift * (time - stage.time)
    with np.errstate(divide="ignore"):
        mass, target = np.log(stage.mass), np.log(probability)
    z = float(stage.drift * root - special.ndtri(probability))
    move = -np.inf
    while move < -np.finfo(np.float64).eps * (4 + abs(z)):
        distance = (mean - z * root) / kernel
        tail = _log_sum(mass + special.log_ndtr(distance))
        density = _log_sum(mass - 0.5 * distance * distance) - np.log(kernel * _ROOT_TWO_PI)
        move = float((tail - target) * np.exp(tail - density) / root)
        z += move
    return float(z)


def _beyond(
    stage: Stage,
    time: float,
    bound: NDArray[np.float64],
    drifts: NDArray[np.float64],
    side: float,
) -> NDArray[np.float64]:
    step = time - stage.time
    mean = stage.node + drifts[..., None] * step
    tail = special.ndtr(side * (mean - bound[..., None] * np.sqrt(time)) / np.sqrt(step))
    return np.asarray(np.sum(stage.under(drifts) * tail, axis=-1))


def _log_sum(terms: NDArray[np.float64]) -> float:
    """Logarithm of a sum of exponentials; SciPy's takes 20 times as long on short arrays."""
    top = float(terms.max())
    return top + float(np.log(np.exp(terms - top).sum()))


def _grid(left: float, right: float, scale: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    panels = max(1, int(np.ceil((right - left) / (_PANEL * scale))))
    half = (right - left) / panels / 2
    centre = left + half * (2 * np.arange(panels) + 1)
    return (centre[:, None] + half * _NODES).ravel(), np.tile(half * _WEIGHTS, panels)

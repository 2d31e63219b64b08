"""Does a method keep its error rate on these very data? Thousands of A/A tests on the values of real units.

The values of units that all saw the same (the control arms) are split at random into two halves, again and
again. No split has an effect, so the share of splits that the method calls different is its type I error on
data of this shape, with all their zeros and tails, and needs no assumption about a law.

The units of a split are drawn by one random bit each. Values are centred at their mean before sums are taken
over a half, so that the moments keep all digits although they come from sums.

References:
    Fisher (1935), The Design of Experiments, section 21 (the randomisation distribution). Clopper and Pearson
    (1934), The Use of Confidence or Fiducial Limits. Bradley (1978), Robustness? (the stringent criterion: a
    test holds its level within a tenth of it).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from assay import seeds
from assay.errors import InputError
from assay.stats import Method, Moments

REPLICATES = 2000
UNITS = 50_000
TOLERANCE = 0.1
CONFIDENCE = 0.95
HOLDS, LIBERAL, CONSERVATIVE = "holds", "liberal", "conservative"
_CHUNK_BYTES = 32 * 2**20
FEWEST = 4
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A method's measured type I error in one scenario: a row of gold.certificates.

    Attributes:
        certificate_id: Names what was measured: method, version, metric, look, replicates, level and seed.
        method: Name in the registry.
        method_version: Version of the method's numbers.
        scenario: How the splits were made.
        metric: Whose unit values were split.
        as_of: The look at which the values stood.
        n_control: Expected units in the one half.
        n_treatment: Expected units in the other.
        replicates: Number of splits.
        alpha: The level asked of the method.
        type_i_error: Share of splits called different; a split without a p-value is not.
        lower: Lower end of the 95 % Clopper-Pearson interval of that probability.
        upper: Its upper end.
        tolerance: How far the rate may be from `alpha`.
        verdict: `liberal` if the whole interval lies above alpha + tolerance, `conservative` if below alpha -
            tolerance, else `holds`.
        seed: Of the splits.
    """

    certificate_id: str
    method: str
    method_version: str
    scenario: str
    metric: str
    as_of: date
    n_control: int
    n_treatment: int
    replicates: int
    alpha: float
    type_i_error: float
    lower: float
    upper: float
    tolerance: float
    verdict: str
    seed: int


def certify(
    method: Method,
    y: Array,
    d: Array,
    *,
    metric: str,
    as_of: date,
    seed: int,
    week: int,
    alpha: float = 0.05,
    replicates: int = REPLICATES,
    total: int | None = None,
) -> Certificate:
    """Measure a method's type I error on the values of units without a difference.

    Args:
        method: A method that compares moments.
        y: The metric of each unit (a ratio's numerator), in a fixed order: which unit a bit falls on depends
            on it.
        d: A ratio's denominator of each unit, else ones.
        metric: Name of the metric.
        as_of: The look at which the values stood.
        seed: The blueprint's seed; the bits are the stream `aa.<metric>` of `week`.
        week: Number of the week, 0 or greater.
        alpha: Level of the test.
        replicates: Number of splits, 1 or greater.
        total: Units there were before `y` was cut to at most `UNITS`; stated in the scenario.

    Returns:
        The certificate; equal arguments give an equal one.

    Raises:
        InputError: Fewer than four units, or series of different length.
    """
    if not (y.size >= FEWEST and y.shape == d.shape and y.ndim == 1 and replicates >= 1):
        raise InputError(
            f"metric {metric} at {as_of} has {y.size} values, {d.size} denominators and {replicates} "
            f"replicates; a re-randomisation needs {FEWEST} or more units with one value and one denominator "
            "each, and a replicate"
        )
    generator = seeds.stream(seed, f"aa.{metric}", week)
    one, other = splits(y, d, generator=generator, replicates=replicates)
    rejected = int(np.sum(method(one, other, alpha=alpha).p_value < alpha))
    lower, upper = clopper_pearson(rejected, replicates)
    scenario = _scenario(y.size, y.size if total is None else total)
    return Certificate(
        certificate_id=_identity(method, metric, as_of, replicates, alpha, seed),
        method=method.name,
        method_version=method.version,
        scenario=scenario,
        metric=metric,
        as_of=as_of,
        n_control=y.size // 2,
        n_treatment=y.size - y.size // 2,
        replicates=replicates,
        alpha=alpha,
        type_i_error=rejected / replicates,
        lower=lower,
        upper=upper,
        tolerance=TOLERANCE * alpha,
        verdict=verdict(lower, upper, alpha=alpha, tolerance=TOLERANCE * alpha),
        seed=seed,
    )


def splits(y: Array, d: Array, *, generator: np.random.Generator, replicates: int) -> tuple[Moments, Moments]:
    """Moments of both halves of many random splits of the same units.

    Args:
        y: Values, shape (units,).
        d: Denominators, shape (units,).
        generator: Gives one bit per unit and split.
        replicates: Number of splits.

    Returns:
        Moments with y and d of the two halves, each of shape (replicates,).
    """
    centre_y, centre_d = float(np.mean(y)), float(np.mean(d))
    z, w = y - centre_y, d - centre_d
    values = np.column_stack([np.ones_like(z), z, z * z, w, w * w, z * w])
    # Ones and a constant denominator need no work, and most metrics have one.
    used = [0, 1, 2] if not np.any(w) else [0, 1, 2, 3, 4, 5]
    sums = np.zeros((replicates, values.shape[1]))
    sums[:, used] = _half_sums(values[:, used], generator, replicates)
    whole = values.sum(axis=0)
    return _moments(sums, centre_y, centre_d), _moments(whole - sums, centre_y, centre_d)


def _half_sums(values: Array, generator: np.random.Generator, replicates: int) -> Array:
    """Sums of the values' columns over the units whose bit is 1, shape (replicates, columns)."""
    units = values.shape[0]
    width = -(-units // 8)
    chunk = max(1, _CHUNK_BYTES // (8 * units))
    parts = []
    for first in range(0, replicates, chunk):
        rows = min(chunk, replicates - first)
        octets = np.frombuffer(generator.bytes(rows * width), dtype=np.uint8).reshape(rows, width)
        bits = np.unpackbits(octets, axis=1, count=units)
        parts.append(bits.astype(np.float64) @ values)
    return np.concatenate(parts)


def _moments(sums: Array, centre_y: float, centre_d: float) -> Moments:
    """From sums of centred values and products: M2 = Σz² - (Σz)²/n, where Σz is near 0 by the centring."""
    n, z, zz, w, ww, zw = sums.T
    share = np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)
    m2_y = np.maximum(zz - z * z * share, 0.0)
    m2_d = np.maximum(ww - w * w * share, 0.0)
    bound = np.sqrt(m2_y) * np.sqrt(m2_d)  # by which rounding must not pass either: Cauchy-Schwarz
    return Moments(
        n=n,
        mean_y=centre_y + z * share,
        m2_y=m2_y,
        mean_d=centre_d + w * share,
        m2_d=m2_d,
        c_yd=np.clip(zw - z * w * share, -bound, bound),
    )


def clopper_pearson(successes: int, trials: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a probability.

    Args:
        successes: 0 to `trials`.
        trials: 1 or more.
        confidence: Between 0 and 1.

    Returns:
        Its lower and upper end.

    References:
        Clopper and Pearson (1934).

    Example:
        >>> [round(end, 4) for end in clopper_pearson(0, 10)]
        [0.0, 0.3085]
    """
    tail = (1 - confidence) / 2
    lower = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    upper = betaincinv(successes + 1, trials - successes, 1 - tail) if successes < trials else 1.0
    return float(lower), float(upper)


def verdict(lower: float, upper: float, *, alpha: float, tolerance: float) -> str:
    """What an interval of the type I error says of a method.

    Args:
        lower: Lower end of the interval.
        upper: Upper end.
        alpha: The level asked for.
        tolerance: How far the rate may be from it.

    Example:
        >>> verdict(0.06, 0.08, alpha=0.05, tolerance=0.005)
        'liberal'
    """
    if lower > alpha + tolerance:
        return LIBERAL
    return CONSERVATIVE if upper < alpha - tolerance else HOLDS


def _scenario(units: int, total: int) -> str:
    cut = f", chosen by hash from {total:,}" if total > units else ""
    return f"A/A: random halves of {units:,} control units{cut}"


def _identity(method: Method, metric: str, as_of: date, replicates: int, alpha: float, seed: int) -> str:
    """The same for a look measured again after late data: the new certificate takes the place of the old."""
    parts = (method.name, method.version, "aa", metric, as_of.isoformat(), replicates, repr(alpha), seed)
    return "aa-" + hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:16]

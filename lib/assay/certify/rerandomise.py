"""Does a method keep its error rate on these very data? Thousands of A/A tests on the values of real units.

The values of units that all saw the same (the control arms) are split at random into two halves, again and
again. No split has an effect, so the share of splits that the method calls different is its type I error on
data of this shape, with all their zeros and tails, and needs no assumption about a law.

The units of a split are drawn by one random bit each. Values are centred at their mean before sums are taken
over a half, so that the moments keep all digits although they come from sums.

References:
    Fisher (1935), The Design of Experiments, section 21 (the randomisation distribution).
"""

from __future__ import annotations

import hashlib
from datetime import date
from itertools import combinations, combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from assay import seeds
from assay.certify.certificate import RE_RANDOMISED, TOLERANCE, Certificate, clopper_pearson, verdict
from assay.errors import InputError
from assay.stats import Method, Moments

REPLICATES = 2000
UNITS = 50_000
_CHUNK_BYTES = 32 * 2**20
FEWEST = 4
Array = NDArray[np.float64]


def certify(
    method: Method,
    y: Array,
    d: Array,
    x: Array | None = None,
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
        x: A covariate of each unit, if the method reads one.
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
    aligned = y.shape == d.shape and (x is None or x.shape == y.shape)
    if not (y.size >= FEWEST and aligned and y.ndim == 1 and replicates >= 1):
        raise InputError(
            f"metric {metric} at {as_of} has {y.size} values, {d.size} denominators and {replicates} "
            f"replicates; a re-randomisation needs {FEWEST} or more units with one value and one denominator "
            "each, and a replicate"
        )
    generator = seeds.stream(seed, f"aa.{metric}", week)
    one, other = splits(y, d, x, generator=generator, replicates=replicates)
    rejected = int(np.sum(method(one, other, alpha=alpha).p_value < alpha))
    lower, upper = clopper_pearson(rejected, replicates)
    scenario = _scenario(y.size, y.size if total is None else total)
    return Certificate(
        certificate_id=_identity(method, metric, as_of, replicates, alpha, seed),
        kind=RE_RANDOMISED,
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


def splits(
    y: Array, d: Array, x: Array | None = None, *, generator: np.random.Generator, replicates: int
) -> tuple[Moments, Moments]:
    """Moments of both halves of many random splits of the same units.

    Args:
        y: Values, shape (units,).
        d: Denominators, shape (units,).
        x: Covariates, shape (units,), or None.
        generator: Gives one bit per unit and split.
        replicates: Number of splits.

    Returns:
        Moments with y, d and, if given, x of the two halves, each of shape (replicates,).
    """
    series = {"y": y, "d": d} if x is None else {"y": y, "d": d, "x": x}
    centres = {name: float(np.mean(values)) for name, values in series.items()}
    rest = {name: values - centres[name] for name, values in series.items()}
    columns = {"n": np.ones_like(y)} | rest
    columns |= {a + b: rest[a] * rest[b] for a, b in combinations_with_replacement(series, 2)}
    values = np.column_stack(list(columns.values()))
    # A constant (the denominator of most metrics) needs no work: its deviations are 0.
    used = np.flatnonzero(np.any(values != 0, axis=0))
    sums = np.zeros((replicates, values.shape[1]))
    sums[:, used] = _half_sums(values[:, used], generator, replicates)
    halves = (sums, values.sum(axis=0) - sums)
    one, other = (_moments(dict(zip(columns, half.T, strict=True)), centres) for half in halves)
    return one, other


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


def _moments(sums: dict[str, Array], centres: dict[str, float]) -> Moments:
    """From sums of centred values and products: M2 = Σz² - (Σz)²/n, where Σz is near 0 by the centring."""
    n = sums["n"]
    share = np.divide(1.0, n, out=np.zeros_like(n), where=n > 0)
    parts = {f"mean_{a}": centre + sums[a] * share for a, centre in centres.items()}
    for a in centres:
        parts[f"m2_{a}"] = np.maximum(sums[a + a] - sums[a] * sums[a] * share, 0.0)
    for a, b in combinations(centres, 2):
        # Rounding must not pass it either: Cauchy-Schwarz.
        bound = np.sqrt(parts[f"m2_{a}"]) * np.sqrt(parts[f"m2_{b}"])
        parts[f"c_{a}{b}"] = np.clip(sums[a + b] - sums[a] * sums[b] * share, -bound, bound)
    return Moments(n=n, **parts)


def _scenario(units: int, total: int) -> str:
    cut = f", chosen by hash from {total:,}" if total > units else ""
    return f"A/A: random halves of {units:,} control units{cut}"


def _identity(method: Method, metric: str, as_of: date, replicates: int, alpha: float, seed: int) -> str:
    """The same for a look measured again after late data: the new certificate takes the place of the old."""
    parts = (method.name, method.version, "aa", metric, as_of.isoformat(), replicates, repr(alpha), seed)
    return "aa-" + hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()[:16]
